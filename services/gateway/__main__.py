"""The gateway process: page, API and WebRTC."""

from __future__ import annotations

import sys

from bus.log import connect
from bus.process import run_process, until_stopped
from bus.settings import PREFIX, Settings
from bus.web import bind
from projections.store import ReadModel
from services.gateway.server import GatewayServer
from services.gateway.turn_end import turn_end_of
from services.gateway.voice_activity import detector


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    listener = bind(settings.host, settings.port, f"{PREFIX}PORT")
    turn_end = turn_end_of(settings)
    model = ReadModel(settings.data_folder / "gateway.sqlite")
    try:
        async with connect(settings, name="gateway") as bus:
            await until_stopped(GatewayServer(bus, settings, model, detector(), turn_end).run(listener))
    finally:
        if turn_end is not None:
            turn_end.close()
        model.close()
        listener.close()


if __name__ == "__main__":
    sys.exit(run_process(run))
