"""`visavis cluster`: three NATS nodes on this machine, as compose.nats.yml runs them, kept running until Ctrl-C."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from bus.errors import ConfigurationError
from bus.log.event_log import connect
from bus.process.http_server import bind
from bus.process.lifecycle import run_until_signalled
from bus.settings import PREFIX, Settings
from visavis.nats.cluster import NODE_COUNT, Cluster, Ports, ServerTls
from visavis.supervisor import Child, Supervisor, line_printer
from visavis.up import lock_data_folder

_CLUSTER_OFFSET, _MONITOR_OFFSET = 2000, 4000


def ports_of_nodes(first: int) -> tuple[Ports, ...]:
    """The ports of all nodes, by the conventions of NATS: 4222 for clients, 6222 for nodes, 8222 for monitoring.

    Raises:
        ConfigurationError: a port would be above 65535.
    """
    if first + _MONITOR_OFFSET + NODE_COUNT > 65536:
        most = 65536 - _MONITOR_OFFSET - NODE_COUNT
        raise ConfigurationError(f"{PREFIX}NATS_PORT={first}: expected {most} or less, for a cluster")
    clients = range(first, first + NODE_COUNT)
    return tuple(Ports(port, port + _CLUSTER_OFFSET, port + _MONITOR_OFFSET) for port in clients)


def server_tls(settings: Settings) -> ServerTls | None:
    """The certificates of the nodes: on this machine they are those in the clients' settings."""
    if not settings.nats_tls_ca:
        return None
    if not settings.nats_tls_cert:
        raise ConfigurationError(f"the nodes need a certificate of their own: set {PREFIX}NATS_TLS_CERT and _KEY")
    certificate = Path(settings.nats_tls_cert)
    return ServerTls(Path(settings.nats_tls_ca), certificate, Path(settings.nats_tls_key or certificate))


async def cluster(settings: Settings) -> None:
    """Start three nodes, create the streams, print how to use the cluster, and keep it running.

    Raises:
        ConfigurationError: a setting or the machine has to be changed first.
        BusError: the nodes did not start in time.
    """
    print_line = line_printer(sys.stdout)
    nodes = Cluster(settings.data_folder / "cluster", ports_of_nodes(settings.nats_port), server_tls(settings))
    with lock_data_folder(nodes.folder):
        for ports in nodes.ports:
            for port in (ports.client, ports.cluster, ports.monitor):
                bind("127.0.0.1", port, f"{PREFIX}NATS_PORT").close()
        nodes.prepare()
        supervisor = Supervisor(print_line)
        try:
            for number in range(NODE_COUNT):
                child = Child(f"nats{number + 1}", nodes.command(), nodes.environment(number))
                child.is_shown = lambda line: "[INF]" not in line
                supervisor.start(child)
            await _create_streams(nodes, settings)
            print_line("cluster", "three nodes are up; kill one and it is started again. In another terminal:")
            print_line("cluster", usage_command(nodes))
            await supervisor.gave_up.wait()
        finally:
            print_line("cluster", "stopping")
            await supervisor.stop()


def usage_command(nodes: Cluster) -> str:
    """The command that runs Visavis on this cluster."""
    variables = {"NATS_URL": nodes.url, "NATS_PASSWORDS": str(nodes.passwords), "NATS_REPLICAS": str(NODE_COUNT)}
    if nodes.tls:
        variables["NATS_TLS_CA"] = str(nodes.tls.ca.absolute())
    return " ".join([*(f"{PREFIX}{name}={value}" for name, value in variables.items()), "make up"])


async def _create_streams(nodes: Cluster, settings: Settings) -> None:
    as_operator = msgspec.structs.replace(
        settings,
        nats_url=nodes.url,
        nats_passwords=str(nodes.passwords),
        nats_user="",
        nats_password="",
        nats_replicas=NODE_COUNT,
    )
    async with connect(as_operator, name="cluster"):
        pass


async def run(settings: Settings) -> None:
    await run_until_signalled(cluster(settings))
