"""The metrics of a service, for Prometheus and NATS discovery."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from bus import clock
from bus.dropped import Dropped, counts

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CLOCK_AHEAD = "Seconds by which this machine's clock is ahead of the NATS server's; 0 where it is right."
OUTCOMES = ("done", "failed", "interrupted", "superseded")


class GaugeReading(NamedTuple):
    """The value of one gauge that a service reads from its machine, or of a counter of its own."""

    name: str
    """Without the prefix `visavis_`; that of a counter ends with `_total`."""
    description: str
    value: float
    labels: Mapping[str, str] = {}


@dataclass(frozen=True)
class Totals:
    """What a worker did since it started."""

    outcomes: dict[str, int]
    """Number of work items, by outcome."""
    redeliveries: int
    retries: int
    dead_letters: int
    seconds: float
    """Spent in handlers and on publishing their outputs."""
    last_error: str


class _ReadingsCollector(Collector):
    """Exposes a service's readings as gauges and counters."""

    def __init__(self, read: Callable[[], Iterable[GaugeReading]]) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for one in self._read():
            name = f"visavis_{one.name}"
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            family = families.setdefault(name, kind(name, one.description, labels=list(one.labels)))
            family.add_metric(list(one.labels.values()), one.value)
        yield from families.values()

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())  # the names are only known after reading


class Metrics:
    """Counters, histograms and gauges of one process, under the names `visavis_…`.

    Args:
        readings: gives further gauges; called each time that the metrics are read.
    """

    def __init__(self, service: str, engine: str = "", readings: Callable[[], Iterable[GaugeReading]] = tuple) -> None:
        self.ready = False
        """Whether the process takes work."""
        self.draining = False
        """Whether it takes none any more, because it is to end."""
        self._registry = registry = CollectorRegistry()
        registry.register(_ReadingsCollector(readings))
        Gauge("visavis_service_info", "Which service this is.", ["service", "engine"], registry=registry).labels(
            service, engine
        ).set(1)
        self._outcomes = Counter("visavis_work", "Work items, by outcome.", ["outcome"], registry=registry)
        for outcome in OUTCOMES:
            self._outcomes.labels(outcome)
        self._redeliveries = Counter(
            "visavis_redeliveries", "Work items that were delivered more than once.", registry=registry
        )
        self._retries = Counter("visavis_retries", "Tries that failed and were repeated.", registry=registry)
        self._dead_letters = Counter(
            "visavis_dead_letters", "Dead letters published by this worker.", registry=registry
        )
        self._deliveries = Counter(
            "visavis_deliveries",
            "Steps of messages that are sent through channels, by channel and outcome.",
            ["channel", "outcome"],
            registry=registry,
        )
        self._engine_seconds = Histogram(
            "visavis_engine_seconds", "Time of a handler without publishing.", registry=registry, buckets=_SECONDS
        )
        self._publish_seconds = Histogram(
            "visavis_bus_seconds", "Time of a handler's publishing.", registry=registry, buckets=_SECONDS
        )
        self._handler_seconds = Histogram(
            "visavis_handler_seconds", "Time of a handler and its publishing.", registry=registry, buckets=_SECONDS
        )
        self._queue_depth = Gauge(
            "visavis_queue_depth", "Work items on the log that no worker has taken.", registry=registry
        )
        self._held = Gauge("visavis_work_held", "Work items that this worker holds.", registry=registry)
        self._dead_letters_waiting = Gauge(
            "visavis_dead_letters_waiting", "Dead letters of this service, of all its workers.", registry=registry
        )
        self._connected = Gauge("visavis_nats_connected", "Whether NATS is connected.", registry=registry)
        self._ready = Gauge("visavis_ready", "Whether it takes work.", registry=registry)
        self._stalled = Gauge(
            "visavis_work_stalled_seconds", "Longest time that an item at work has made no progress.", registry=registry
        )
        Gauge("visavis_clock_ahead_seconds", CLOCK_AHEAD, registry=registry).set_function(clock.ahead)
        self._last_error = ""
        self._progress: dict[object, float] = {}
        """When each item that is being handled made progress last."""

    @contextmanager
    def working(self) -> Iterator[Callable[[], None]]:
        """An item is being handled while the context lasts; gives what is called at each progress of it."""
        item = object()

        def progress() -> None:
            self._progress[item] = time.monotonic()

        progress()
        try:
            yield progress
        finally:
            del self._progress[item]

    @property
    def stalled(self) -> float:
        """Seconds for which an item at work has made no progress, the longest of them; 0 where there is none."""
        return time.monotonic() - min(self._progress.values()) if self._progress else 0.0

    def count_outcome(self, outcome: str) -> None:
        self._outcomes.labels(outcome).inc()

    def count_failure(self, error: str) -> None:
        """Count an item that failed for good."""
        self.count_outcome("failed")
        self._last_error = error

    def count_redelivery(self) -> None:
        self._redeliveries.inc()

    def count_retry(self) -> None:
        self._retries.inc()

    def count_dead_letter(self) -> None:
        self._dead_letters.inc()

    def count_delivery(self, channel: str, outcome: str) -> None:
        """Count what became of a message that was sent through a channel, or of a try to send it."""
        self._deliveries.labels(channel, outcome).inc()

    def observe_try(self, engine_seconds: float, publish_seconds: float) -> None:
        """Record how long one try took: the handler itself, and publishing its outputs."""
        self._engine_seconds.observe(engine_seconds)
        self._publish_seconds.observe(publish_seconds)
        self._handler_seconds.observe(engine_seconds + publish_seconds)

    def set_gauges(
        self, *, queue_depth: int | None, dead_letters: int | None, held: int, connected: bool, ready: bool
    ) -> None:
        """Set the gauges, before the metrics are read. None: unknown, because NATS does not answer."""
        self._queue_depth.set(math.nan if queue_depth is None else queue_depth)
        self._dead_letters_waiting.set(math.nan if dead_letters is None else dead_letters)
        self._held.set(held)
        self._connected.set(connected)
        self._ready.set(ready)
        self._stalled.set(self.stalled)

    def totals(self) -> Totals:
        return Totals(
            outcomes={one: int(self._value("visavis_work_total", outcome=one)) for one in OUTCOMES},
            redeliveries=int(self._value("visavis_redeliveries_total")),
            retries=int(self._value("visavis_retries_total")),
            dead_letters=int(self._value("visavis_dead_letters_total")),
            seconds=self._value("visavis_handler_seconds_sum"),
            last_error=self._last_error,
        )

    def _value(self, name: str, **labels: str) -> float:
        return self._registry.get_sample_value(name, labels) or 0.0

    def text(self) -> bytes:
        """All metrics in Prometheus' text format. Takes as long as the readings do."""
        return generate_latest(self._registry)


class _DroppedCollector(Collector):
    """Exposes what this process has dropped."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        about = "What was dropped, because a queue was full or it could not be read."
        family = CounterMetricFamily("visavis_dropped", about, labels=["what"])
        dropped = counts()
        for what in get_args(Dropped):
            family.add_metric([what], dropped.get(what, 0))
        yield family


_OF_PROCESS = CollectorRegistry()
_OF_PROCESS.register(_DroppedCollector())


def dropped_text() -> bytes:
    """What this process has dropped since it started, in Prometheus' text format."""
    return generate_latest(_OF_PROCESS)
