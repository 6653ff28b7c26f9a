"""The process that writes the analytics: `python -m projections.analytics`. `visavis up` starts it after all others."""

from __future__ import annotations

import asyncio
import os
import sys

from bus.log.event_log import connect
from bus.process.lifecycle import run_process, run_until_signalled
from bus.settings import Settings
from projections.analytics.follower import Follower
from projections.analytics.places import analytics_folder
from projections.analytics.store import Store, lock

NICENESS = 10
"""Whatever else wants the processor comes first."""


async def serve(settings: Settings) -> None:
    """Write the analytics until cancelled."""
    os.nice(NICENESS)
    folder = analytics_folder(settings)
    with lock(folder):
        async with connect(settings, name="analytics", update_streams=False) as event_log:
            follower = Follower(event_log, Store(folder))
            try:
                await follower.run()
            except asyncio.CancelledError:
                follower.flush()
                raise


async def run(settings: Settings) -> None:
    await run_until_signalled(serve(settings))


if __name__ == "__main__":
    sys.exit(run_process(run))
