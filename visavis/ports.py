"""The ports that `visavis up` needs on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from bus.process.http_server import bind
from bus.settings import PREFIX, Settings
from services.channels.accounts import configured
from services.dialogue.local_model import files as local_model

SERVICES_WITH_HEALTH_PORT = ("stt", "dialogue", "tts", "render", "channels")
"""Services with a port for health and metrics; the gateway serves both on its one port."""


@dataclass(frozen=True)
class RequiredPort:
    """A port that Visavis will listen on."""

    host: str
    port: int
    setting: str
    """The variable that sets it."""
    use: str


def required_ports(settings: Settings) -> Iterator[RequiredPort]:
    """The ports that these settings lead to."""
    yield RequiredPort(settings.host, settings.port, f"{PREFIX}PORT", "the page and the API")
    if not settings.nats_url:
        yield RequiredPort("127.0.0.1", settings.nats_port, f"{PREFIX}NATS_PORT", "NATS")
    if local_model.is_used(settings):
        yield RequiredPort(local_model.HOST, settings.llm_port, f"{PREFIX}LLM_PORT", "the language model")
    for service in SERVICES_WITH_HEALTH_PORT:
        port = settings.health_port(service)
        # Where the folder for notes alone is on, as by default, a taken port costs no more than the service's health.
        if port and (service != "channels" or any(channel.has_network for channel in configured(settings))):
            yield RequiredPort(settings.health_host, port, f"{PREFIX}{service.upper()}_PORT", f"health of {service}")


def check_ports(settings: Settings) -> None:
    """Check that all required ports are free, before any service fails for one that is not.

    Raises:
        ConfigurationError: another program listens on one of them, or two of them are the same.
    """
    with ExitStack() as bound:
        for one in required_ports(settings):
            bound.enter_context(bind(one.host, one.port, one.setting))
