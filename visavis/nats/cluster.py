"""A NATS cluster of local processes, with the configuration files that the containers use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bus.errors import ConfigurationError
from bus.log.passwords import NODES, add_missing_passwords, password_variable, read_passwords, write_passwords
from visavis.nats.server import find_server

NODE_COUNT = 3
_CONFIGURATION = Path(__file__).parents[2] / "docker" / "nats"


@dataclass(frozen=True)
class Ports:
    """The ports of one node, on loopback."""

    client: int
    cluster: int
    monitor: int


@dataclass(frozen=True)
class ServerTls:
    """PEM files of the nodes, which then accept TLS only."""

    ca: Path
    certificate: Path
    key: Path
    verify: bool = False
    """Whether clients need a certificate, too."""


@dataclass(frozen=True)
class Cluster:
    """The nodes on this machine, and their password file.

    Args:
        folder: holds the password file and a folder for each node.
    """

    folder: Path
    ports: tuple[Ports, ...]
    tls: ServerTls | None = None

    @property
    def passwords(self) -> Path:
        return self.folder / "passwords.env"

    @property
    def url(self) -> str:
        """The URLs of all nodes, in the form of VISAVIS_NATS_URL."""
        return ",".join(f"nats://127.0.0.1:{ports.client}" for ports in self.ports)

    def prepare(self) -> None:
        """Create the folder and, if it is missing, the password file; add the users that are new in this version to it.

        Raises:
            ConfigurationError: the folder or the file cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"the data folder {self.folder} cannot be written: {error.strerror}") from error
        if self.passwords.exists():
            add_missing_passwords(self.passwords)
        else:
            write_passwords(self.passwords)

    def command(self) -> list[str]:
        """The command line of a node, the same for all; `environment` makes the difference.

        Raises:
            ConfigurationError: there is no nats-server binary, or no configuration beside the code.
        """
        configuration = _CONFIGURATION / ("node-tls.conf" if self.tls else "node.conf")
        if not configuration.is_file():
            raise ConfigurationError(f"{configuration} is not there; run it from a checkout of Visavis")
        return [str(find_server()), "-c", str(configuration)]

    def environment(self, number: int) -> Mapping[str, str]:
        """The variables that the configuration files of one node need.

        Raises:
            ConfigurationError: the password file cannot be read.
        """
        passwords = read_passwords(self.passwords)
        ports = self.ports[number]
        routes = [f'"nats://{NODES}:{passwords[NODES]}@127.0.0.1:{one.cluster}"' for one in self.ports]
        values = {
            "NATS_NAME": f"nats{number + 1}",
            "NATS_LISTEN": f"127.0.0.1:{ports.client}",
            "NATS_MONITOR": f"127.0.0.1:{ports.monitor}",
            "NATS_CLUSTER_LISTEN": f"127.0.0.1:{ports.cluster}",
            "NATS_STORE": str(self.folder / f"nats{number + 1}"),
            **{password_variable(user): password for user, password in passwords.items()},
        }
        if self.tls:
            values |= {
                "NATS_TLS_CA": str(self.tls.ca.absolute()),
                "NATS_TLS_CERT": str(self.tls.certificate.absolute()),
                "NATS_TLS_KEY": str(self.tls.key.absolute()),
            }
        # nats-server parses the values as configuration: strings need quotes, lists and booleans must have none.
        quoted = {name: f'"{value}"' for name, value in values.items()}
        verify = str(self.tls is not None and self.tls.verify).lower()
        return quoted | {"NATS_ROUTES": f"[{', '.join(routes)}]", "NATS_TLS_VERIFY": verify}
