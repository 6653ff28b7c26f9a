"""The gateway process: serves the page, the API and WebRTC."""

from __future__ import annotations

import gc
import sys

from bus.log.event_log import connect
from bus.private_files import make_private_folder
from bus.process.access import check_access
from bus.process.drain import Drain
from bus.process.http_server import bind
from bus.process.lifecycle import run_process, run_until_signalled
from bus.settings import PREFIX, Settings
from projections.read_model_builder import open_read_model
from services.gateway.ice.configuration import ice_configuration
from services.gateway.listening.models import ListeningModels
from services.gateway.server import GatewayServer


async def run(settings: Settings) -> None:
    """Serve until SIGTERM, at which the sessions are let go one by one, or SIGINT."""
    drain = Drain(settings.drain_seconds)
    check_access(settings)
    ice_configuration(settings)  # what is wrong in it is told before NATS is waited for
    listener = bind(settings.host, settings.port, f"{PREFIX}PORT")
    make_private_folder(settings.data_folder)
    listening = ListeningModels(settings)
    model = open_read_model(settings.data_folder / "gateway.sqlite")
    try:
        async with connect(settings, name="gateway") as event_log:
            server = GatewayServer(
                event_log,
                settings,
                model,
                listening.voice_activity_detector,
                lambda: listening.turn_end_detector,
                drain=drain,
            )
            # What is loaded by now stays. The collector, for which sound has to wait, need not look at it.
            gc.collect()
            gc.freeze()
            await run_until_signalled(server.run(listener), drain)
    finally:
        listening.close()
        model.close()
        listener.close()


if __name__ == "__main__":
    sys.exit(run_process(run))
