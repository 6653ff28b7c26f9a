"""The gateway process: serves the page, the API and WebRTC."""

from __future__ import annotations

import sys

from bus.log.event_log import connect
from bus.process.http_server import bind
from bus.process.lifecycle import run_process, run_until_signalled
from bus.settings import PREFIX, Settings
from projections.read_model import ReadModel
from services.gateway.listening.turn_end import load_turn_end_detector
from services.gateway.listening.voice_activity import best_detector
from services.gateway.server import GatewayServer


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    listener = bind(settings.host, settings.port, f"{PREFIX}PORT")
    turn_end_detector = load_turn_end_detector(settings)
    model = ReadModel(settings.data_folder / "gateway.sqlite")
    try:
        async with connect(settings, name="gateway") as event_log:
            server = GatewayServer(event_log, settings, model, best_detector(), turn_end_detector)
            await run_until_signalled(server.run(listener))
    finally:
        if turn_end_detector is not None:
            turn_end_detector.close()
        model.close()
        listener.close()


if __name__ == "__main__":
    sys.exit(run_process(run))
