"""Watches the disk of the data folder and the streams, and warns before they are full."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bus.errors import BusError
from bus.log import streams
from bus.log.event_log import EventLog
from bus.log.space import DISK, SpaceWatch, Store, level_of, refusing
from bus.settings import Settings

log = logging.getLogger(__name__)

_LOG = "log"
"""Name of the store that `VISAVIS_LOG_BYTES` limits."""
_INTERVAL = 10.0
"""Seconds between two looks."""


class Space(Collector):
    """The space that is left, for the metrics, the state in the API and the log.

    Args:
        event_log: whose watch looks at the streams.
    """

    def __init__(self, event_log: EventLog, settings: Settings) -> None:
        self._event_log, self._folder = event_log, settings.data_folder
        self._log_bytes, self._least_free = settings.log_bytes, settings.disk_warning_bytes
        self._watch = SpaceWatch(least_free=settings.disk_warning_bytes, warn_for=settings.disk_warning_hours * 3600)

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_INTERVAL)

    async def look(self) -> None:
        """Look now, and log what is new."""
        stores = [
            *await asyncio.to_thread(disk, self._folder),
            *self._log(),
            *refusing(self._event_log.watch.sizes.values()),
        ]
        for warning in self._watch.see(time.monotonic(), stores):
            log.warning("space gets scarce", extra={"what": warning})

    def check_room(self) -> None:
        """Make sure that there is room for something new.

        Raises:
            BusError: the log has reached its limit, or the disk is nearly full.
        """
        self._event_log.watch.check_room()
        if DISK in self._watch.stores and level_of(self._watch.stores[DISK], self._least_free) == 2:
            raise BusError("this server's disk is nearly full; it takes nothing new for now", code="log_full")

    def _log(self) -> list[Store]:
        """The log as a store that takes nothing new at its limit."""
        size = self._event_log.watch.sizes.get(streams.CONVERSATIONS)
        return [Store(_LOG, size.bytes, self._log_bytes)] if size is not None else []

    @property
    def warnings(self) -> list[str]:
        """What gets scarce, in one line each."""
        return self._watch.warnings

    def note(self) -> str:
        """The same in one line."""
        return "; ".join(self.warnings)

    def collect(self) -> Iterator[Metric]:
        free = GaugeMetricFamily("visavis_space_free_bytes", "Bytes until a store is full.", labels=["store"])
        left = GaugeMetricFamily("visavis_space_seconds_left", "The same at the present rate.", labels=["store"])
        scarce = GaugeMetricFamily("visavis_space_scarce", "0: enough, 1: scarce, 2: nearly none.", labels=["store"])
        for name, store in self._watch.stores.items():
            free.add_metric([name], store.free)
            scarce.add_metric([name], self._watch.level(name))
            seconds = self._watch.seconds_left(name)
            if seconds is not None:
                left.add_metric([name], seconds)
        yield from (free, left, scarce)


def disk(folder: Path) -> list[Store]:
    """The disk of a folder; none where it cannot be asked."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return []
    return [Store(DISK, usage.total - usage.free, usage.total)]
