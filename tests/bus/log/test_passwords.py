"""The password file, and the login of each process."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from bus.log.connection import login, tls_context
from bus.log.passwords import NODES, USERS, add_missing_passwords, read_passwords, write_passwords
from bus.settings import Settings


def test_a_new_file_has_a_different_password_for_each_user(tmp_path: Path) -> None:
    file = tmp_path / "passwords.env"
    write_passwords(file)
    passwords = read_passwords(file)
    assert set(passwords) == {*USERS, NODES}
    assert len(set(passwords.values())) == len(passwords)
    file.write_text(f"# kept private\n\n{file.read_text()}")
    assert read_passwords(file) == passwords


def test_a_file_of_an_earlier_version_gets_the_new_users_and_keeps_its_passwords(tmp_path: Path) -> None:
    file = tmp_path / "passwords.env"
    file.write_text("NATS_STT_PASSWORD=ear")
    add_missing_passwords(file)
    passwords = read_passwords(file)
    assert passwords["stt"] == "ear"
    assert set(passwords) == {*USERS, NODES}
    add_missing_passwords(file)
    assert read_passwords(file) == passwords


@pytest.mark.parametrize("line", ["stt=x", "NATS_STT_PASSWORD", "NATS_STT_PASSWORD=", 'NATS_STT_PASSWORD="x"'])
def test_an_invalid_line_is_named_by_number_and_not_shown(tmp_path: Path, line: str) -> None:
    file = tmp_path / "passwords.env"
    file.write_text(f"NATS_TTS_PASSWORD=y\n{line}\n")
    with pytest.raises(ConfigurationError, match="line 2: expected NATS_<USER>_PASSWORD") as refused:
        read_passwords(file)
    assert line not in refused.value.detail


def test_a_service_logs_in_with_its_own_password_and_a_command_with_the_operators(tmp_path: Path) -> None:
    file = tmp_path / "passwords.env"
    file.write_text("NATS_STT_PASSWORD=ear\nNATS_OPERATOR_PASSWORD=hand\n")
    settings = Settings(nats_passwords=str(file))
    assert login(settings, "stt") == ("stt", "ear")
    assert login(settings, "tail") == ("operator", "hand")
    file.write_text("NATS_STT_PASSWORD=ear\n")
    with pytest.raises(ConfigurationError, match="no password for tail and none for operator"):
        login(settings, "tail")
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        login(Settings(nats_passwords=str(tmp_path / "none")), "stt")


def test_a_user_in_the_settings_takes_precedence_over_the_file(tmp_path: Path) -> None:
    both = Settings(nats_user="me", nats_password="mine", nats_passwords=str(tmp_path / "none"))
    assert login(both, "stt") == ("me", "mine")
    assert login(Settings(), "stt") == ("", "")


def test_unreadable_certificates_are_a_configuration_error(tmp_path: Path) -> None:
    assert tls_context(Settings()) is None
    assert tls_context(Settings(nats_url="tls://nats.example.org")) is not None
    with pytest.raises(ConfigurationError, match=r"VISAVIS_NATS_TLS_CA.* cannot be read: No such file"):
        tls_context(Settings(nats_tls_ca=str(tmp_path / "none.pem")))
