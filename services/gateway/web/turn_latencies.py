"""The latencies of turns as a histogram for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram, Metric
from prometheus_client.registry import Collector

from bus import clock, codec
from bus.errors import UndecodableEvent
from bus.log.records import Record
from projections.replay.measures import MEASURES, measures
from projections.replay.recent_turns import RecentTurns

_QUIET = 60_000_000
"""Microseconds without a fact after which a turn is counted."""
_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)


class TurnLatencies(Collector):
    """Counts each turn once, a minute after its last fact; those that were on the log before this process are not
    counted. Every gateway sees all turns.

    Args:
        quiet: microseconds without a fact after which a turn is counted.
    """

    def __init__(self, *, quiet: int = _QUIET) -> None:
        self._turns = RecentTurns(quiet)
        self._began = clock.now()
        about = "Latencies of turns, by measure; answer: from the end of the person's words to the first sound."
        self._seconds = Histogram(
            "visavis_turn_seconds", about, ["measure"], registry=CollectorRegistry(), buckets=_BUCKETS
        )
        for measure in MEASURES:
            self._seconds.labels(measure)

    def see(self, record: Record) -> None:
        """Take a record of the log into account."""
        if record.time < self._began or record.is_copy:
            return
        try:
            self._turns.add(record.sequence, record.time, codec.decode_event(record.data))
        except UndecodableEvent:
            return  # counted and logged by the read model
        self._count(record.time)

    def collect(self) -> Iterator[Metric]:
        self._count(clock.now())
        yield from self._seconds.collect()

    def _count(self, now: int) -> None:
        for turn in self._turns.pop_quiet(now):
            if turn.is_whole:
                for measure, microseconds in measures(turn.timeline()).items():
                    self._seconds.labels(measure).observe(microseconds / 1_000_000)
