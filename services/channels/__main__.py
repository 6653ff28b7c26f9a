"""Entry point of the channels service: receives what people send through channels, and sends them answers."""

from __future__ import annotations

import logging
import socket
import sys
from contextlib import AsyncExitStack

from starlette.applications import Starlette

from bus.errors import ConfigurationError
from bus.log.event_log import connect
from bus.process.drain import Drain
from bus.process.health import routes
from bus.process.http_server import bind, serve
from bus.process.lifecycle import run_process, run_until_signalled
from bus.settings import PREFIX, Settings
from services.channels.accounts import build_channels, configured
from services.channels.process import ChannelsProcess
from services.channels.recordings.decoding import RecordingDecoder
from services.channels.sending.patience import PATIENCE, Patience

log = logging.getLogger(__name__)


async def run(settings: Settings, patience: Patience = PATIENCE) -> None:
    """Work until SIGTERM, at which what is begun is finished, or SIGINT.

    Args:
        patience: of the sender.
    Raises:
        ConfigurationError: no channel is configured, or one of them wrongly, or the port is taken.
    """
    channels = build_channels(settings)
    if not channels:
        raise ConfigurationError("no channel is configured: `visavis channels` lists them")
    decoder = RecordingDecoder(settings.note_seconds)
    process = ChannelsProcess(settings, channels, decoder, patience=patience, drain=Drain(settings.drain_seconds))
    async with AsyncExitStack() as stack:
        decoder.start()
        stack.callback(decoder.close)
        listener = _bind(settings)
        if listener is not None:
            app = Starlette(routes=[*routes(process.health), *process.routes()])
            await stack.enter_async_context(serve(app, listener))
        event_log = await stack.enter_async_context(connect(settings, name="channels"))
        await run_until_signalled(process.run(event_log), process.drain)


def _bind(settings: Settings) -> socket.socket | None:
    """The listener for webhooks and health; None where there is to be none, or none is needed and the port is taken."""
    if not settings.channels_port:
        return None
    try:
        return bind(settings.health_host, settings.channels_port, f"{PREFIX}CHANNELS_PORT")
    except ConfigurationError as error:
        if any(option.has_network for option in configured(settings)):
            raise
        log.warning("no health and no metrics", extra={"why": error.detail})
        return None


if __name__ == "__main__":
    sys.exit(run_process(run))
