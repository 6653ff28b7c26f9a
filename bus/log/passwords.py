"""The NATS users of a cluster and their password file, which Docker Compose reads as well; and the embedded server's.

A line is `NATS_<USER>_PASSWORD=<password>`. The users and their permissions are in docker/nats/users.conf.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from bus.errors import ConfigurationError
from bus.private_files import secret_in
from bus.settings import Settings

OPERATOR = "operator"
"""The user of the command line, which may declare streams."""
USERS = ("stt", "dialogue", "tts", "render", "channels", "gateway", OPERATOR)
EMBEDDED = "visavis"
"""The one user of the embedded server."""
NODES = "nodes"
"""The user that the nodes of a cluster log in to each other with."""


def embedded_password(settings: Settings, *, make: bool = False) -> str:
    """The password of the embedded server, a secret of the data folder; "" where there is none.

    Args:
        make: one that is missing.
    Raises:
        ConfigurationError: the file cannot be read or written.
    """
    path = settings.data_folder / "nats.key"
    return secret_in(path, "the password of the embedded NATS server") if make or path.exists() else ""


def password_variable(user: str) -> str:
    """Name of the environment variable with a user's password."""
    return f"NATS_{user.upper()}_PASSWORD"


def new_passwords() -> str:
    """The lines of a file with a new password for each user."""
    return "".join(f"{password_variable(user)}={secrets.token_urlsafe(24)}\n" for user in (*USERS, NODES))


def write_passwords(path: Path) -> None:
    """Write a file with a new password for each user, readable by its owner only.

    Raises:
        ConfigurationError: the file cannot be written, or it exists: running services would be locked out.
    """
    try:
        path.touch(0o600, exist_ok=False)
        path.write_text(new_passwords())
    except OSError as error:
        raise ConfigurationError(f"the NATS passwords cannot be written to {path}: {error.strerror}") from error


def add_missing_passwords(path: Path) -> None:
    """Append a new password for each user that a file of an earlier version has not.

    Raises:
        ConfigurationError: the file cannot be read or written.
    """
    missing = [user for user in (*USERS, NODES) if user not in read_passwords(path)]
    if not missing:
        return
    try:
        text = path.read_text()
        with path.open("a") as file:
            file.write("" if text.endswith("\n") else "\n")
            file.writelines(f"{password_variable(user)}={secrets.token_urlsafe(24)}\n" for user in missing)
    except OSError as error:
        raise ConfigurationError(f"the NATS passwords cannot be written to {path}: {error.strerror}") from error


def read_passwords(path: Path) -> Mapping[str, str]:
    """Passwords by user.

    Raises:
        ConfigurationError: the file cannot be read, or a line has another form.
    """
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise ConfigurationError(f"the NATS passwords in {path} cannot be read: {error.strerror}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        name, equals, password = line.partition("=")
        user = name.removeprefix("NATS_").removesuffix("_PASSWORD").lower()
        if not line or line.startswith("#"):
            continue
        # A quote would end the value early in the configuration of NATS.
        if not equals or name != password_variable(user) or not password or '"' in password:
            raise ConfigurationError(f"{path}, line {number}: expected NATS_<USER>_PASSWORD=<password, without quotes>")
        found[user] = password
    return found
