"""`visavis cluster` and `visavis streams`; tests/cluster has what the nodes do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from bus.log.passwords import USERS, read_passwords
from bus.settings import Settings
from services.render.builtin_characters import BUILTIN_CHARACTERS
from visavis.__main__ import main
from visavis.cluster import ports_from, tls_from, usage
from visavis.nats.cluster import Cluster, Ports, ServerTls
from visavis.streams import declare


def test_ports_follow_the_first_one_as_nats_counts_them() -> None:
    assert ports_from(4222)[2] == Ports(client=4224, cluster=6224, monitor=8224)
    with pytest.raises(ConfigurationError, match="VISAVIS_NATS_PORT=65000: expected 61533 or less"):
        ports_from(65000)
    assert ports_from(61533)[2].monitor == 65535


def test_nodes_speak_tls_where_an_authority_is_set() -> None:
    assert tls_from(Settings()) is None
    whole = Settings(nats_tls_ca="ca.pem", nats_tls_cert="both.pem")
    assert tls_from(whole) == ServerTls(Path("ca.pem"), Path("both.pem"), Path("both.pem"))
    with pytest.raises(ConfigurationError, match="set VISAVIS_NATS_TLS_CERT"):
        tls_from(Settings(nats_tls_ca="ca.pem"))


def test_passwords_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    nodes = Cluster(tmp_path / "cluster", ports_from(4222))
    nodes.prepare()
    first = nodes.passwords.read_text()
    nodes.prepare()
    assert nodes.passwords.read_text() == first
    assert nodes.passwords.stat().st_mode & 0o077 == 0


def test_the_command_that_is_shown_has_no_password_in_it(tmp_path: Path) -> None:
    nodes = Cluster(tmp_path, ports_from(4222), ServerTls(Path("/ca.pem"), Path("c"), Path("k")))
    nodes.prepare()
    shown = usage(nodes)
    assert f"VISAVIS_NATS_URL={nodes.url} VISAVIS_NATS_PASSWORDS={nodes.passwords}" in shown
    assert shown.endswith("VISAVIS_NATS_REPLICAS=3 VISAVIS_NATS_TLS_CA=/ca.pem make up")
    assert not any(password in shown for password in read_passwords(nodes.passwords).values())


def test_a_file_of_passwords_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "passwords.env"
    assert main(["cluster", "--passwords", str(file)]) == 0
    passwords = read_passwords(file)
    assert set(USERS) < set(passwords)
    assert main(["cluster", "--passwords", str(file)]) == 1
    assert capsys.readouterr().err == f"error: the NATS passwords cannot be written to {file}: File exists\n"
    assert read_passwords(file) == passwords


async def test_streams_are_declared_with_the_characters_and_shown(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await declare(settings) == 0
    shown = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert shown["CHARACTERS"] == ["1", "×", "file", str(len(BUILTIN_CHARACTERS)), "messages"]
    assert shown["LIVE"] == ["1", "×", "memory", "0", "messages"]


async def test_more_copies_than_servers_are_refused_and_named(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="asks for 3 copies, and there are not so many NATS servers"):
        await declare(Settings(nats_url=settings.nats_url, nats_replicas=3))
