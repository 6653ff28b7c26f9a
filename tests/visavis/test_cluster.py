"""The commands `visavis cluster` and `visavis streams`; tests/cluster tests the nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from bus.log.passwords import USERS, read_passwords
from bus.settings import Settings
from services.render.builtin_characters import BUILTIN_CHARACTERS
from visavis.__main__ import main
from visavis.cluster import ports_of_nodes, server_tls, usage_command
from visavis.nats.cluster import Cluster, Ports, ServerTls
from visavis.streams import update_streams


def test_ports_follow_from_the_first_one_by_the_conventions_of_nats() -> None:
    assert ports_of_nodes(4222)[2] == Ports(client=4224, cluster=6224, monitor=8224)
    with pytest.raises(ConfigurationError, match="VISAVIS_NATS_PORT=65000: expected 61533 or less"):
        ports_of_nodes(65000)
    assert ports_of_nodes(61533)[2].monitor == 65535


def test_nodes_use_tls_where_a_certificate_authority_is_set() -> None:
    assert server_tls(Settings()) is None
    whole = Settings(nats_tls_ca="ca.pem", nats_tls_cert="both.pem")
    assert server_tls(whole) == ServerTls(Path("ca.pem"), Path("both.pem"), Path("both.pem"))
    with pytest.raises(ConfigurationError, match="set VISAVIS_NATS_TLS_CERT"):
        server_tls(Settings(nats_tls_ca="ca.pem"))


def test_passwords_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    nodes = Cluster(tmp_path / "cluster", ports_of_nodes(4222))
    nodes.prepare()
    first = nodes.passwords.read_text()
    nodes.prepare()
    assert nodes.passwords.read_text() == first
    assert nodes.passwords.stat().st_mode & 0o077 == 0


def test_the_command_that_is_shown_has_no_password_in_it(tmp_path: Path) -> None:
    nodes = Cluster(tmp_path, ports_of_nodes(4222), ServerTls(Path("/ca.pem"), Path("c"), Path("k")))
    nodes.prepare()
    shown = usage_command(nodes)
    assert f"VISAVIS_NATS_URL={nodes.url} VISAVIS_NATS_PASSWORDS={nodes.passwords}" in shown
    assert shown.endswith("VISAVIS_NATS_REPLICAS=3 VISAVIS_NATS_TLS_CA=/ca.pem make up")
    assert not any(password in shown for password in read_passwords(nodes.passwords).values())


def test_a_file_of_passwords_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "passwords.env"
    assert main(["cluster", "--passwords", str(file)]) == 0
    passwords = read_passwords(file)
    assert set(USERS) < set(passwords)
    assert main(["cluster", "--passwords", str(file)]) == 78
    assert capsys.readouterr().err == f"error: the NATS passwords cannot be written to {file}: File exists\n"
    assert read_passwords(file) == passwords


def test_passwords_are_printed_where_no_file_is_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", "--passwords", "-"]) == 0
    file = tmp_path / "passwords.env"
    file.write_text(capsys.readouterr().out)
    assert set(USERS) < set(read_passwords(file))


async def test_streams_and_characters_are_created_and_listed(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await update_streams(settings) == 0
    shown = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert shown["CHARACTERS"] == ["1", "×", "file", str(len(BUILTIN_CHARACTERS)), "messages"]
    assert shown["LIVE"] == ["1", "×", "memory", "0", "messages"]


async def test_more_replicas_than_servers_are_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="asks for 3 copies, and there are not so many NATS servers"):
        await update_streams(Settings(nats_url=settings.nats_url, nats_replicas=3))
