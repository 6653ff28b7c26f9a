"""The ports that `visavis up` needs on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from bus.process.http_server import bind
from bus.settings import PREFIX, Settings

SERVICES_WITH_HEALTH_PORT = ("stt", "dialogue", "tts", "render")
"""Services with a port of their own for health and metrics; the gateway has them on its one port."""


@dataclass(frozen=True)
class Wanted:
    """A port that something will listen on."""

    host: str
    port: int
    setting: str
    """The variable that says which."""
    use: str


def wanted(settings: Settings) -> Iterator[Wanted]:
    yield Wanted(settings.host, settings.port, f"{PREFIX}PORT", "the page and the API")
    if not settings.nats_url:
        yield Wanted("127.0.0.1", settings.nats_port, f"{PREFIX}NATS_PORT", "NATS")
    for service in SERVICES_WITH_HEALTH_PORT:
        port = settings.health_port(service)
        if port:
            yield Wanted(settings.health_host, port, f"{PREFIX}{service.upper()}_PORT", f"health of {service}")


def check_ports(settings: Settings) -> None:
    """Find out now, not from a service's last words.

    Raises:
        ConfigurationError: somebody listens on one of them already, or two of ours are the same.
    """
    with ExitStack() as held:
        for one in wanted(settings):
            held.enter_context(bind(one.host, one.port, one.setting))
