"""What a service counts, for Prometheus and for whoever operates it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
OUTCOMES = ("done", "failed", "interrupted", "superseded")


class GaugeReading(NamedTuple):
    """What a service measures of the machine that it works on."""

    name: str
    """Without the prefix `visavis_`; a gauge."""
    about: str
    value: float
    labels: Mapping[str, str] = {}


@dataclass(frozen=True)
class Totals:
    """What a worker has done since it started."""

    outcomes: dict[str, int]
    """Pieces of work, by how they ended."""
    redeliveries: int
    retries: int
    dead_letters: int
    seconds: float
    """Spent in handlers and on publishing what they yielded."""
    last_error: str


class _Readings(Collector):
    """What a service measures, as gauges."""

    def __init__(self, read: Callable[[], Iterable[GaugeReading]]) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for one in self._read():
            name = f"visavis_{one.name}"
            family = families.setdefault(name, GaugeMetricFamily(name, one.about, labels=list(one.labels)))
            family.add_metric(list(one.labels.values()), one.value)
        yield from families.values()

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())  # only known when it is read


class Metrics:
    """Counters of one process, under the names `visavis_…`.

    Args:
        readings: what else there is to show; asked each time.
    """

    def __init__(self, service: str, engine: str = "", readings: Callable[[], Iterable[GaugeReading]] = tuple) -> None:
        self.ready = False
        """Whether it takes work."""
        self._registry = registry = CollectorRegistry()
        registry.register(_Readings(readings))
        Gauge("visavis_service_info", "Which service this is.", ["service", "engine"], registry=registry).labels(
            service, engine
        ).set(1)
        self._handled = Counter("visavis_work", "Pieces of work, by outcome.", ["outcome"], registry=registry)
        for outcome in OUTCOMES:
            self._handled.labels(outcome)
        self._redelivered = Counter("visavis_redeliveries", "Work that came more than once.", registry=registry)
        self._retried = Counter("visavis_retries", "Tries that failed and were repeated.", registry=registry)
        self._buried = Counter("visavis_dead_letters", "Messages put aside by this worker.", registry=registry)
        self._engine = Histogram(
            "visavis_engine_seconds", "Time of a handler without publishing.", registry=registry, buckets=_SECONDS
        )
        self._event_log = Histogram(
            "visavis_bus_seconds", "Time of a handler's publishing.", registry=registry, buckets=_SECONDS
        )
        self._handler = Histogram(
            "visavis_handler_seconds", "Time of a handler and its publishing.", registry=registry, buckets=_SECONDS
        )
        self._queue = Gauge("visavis_queue_depth", "Work on the log that no worker has taken.", registry=registry)
        self._held = Gauge("visavis_work_held", "Work that this worker holds.", registry=registry)
        self._dead = Gauge(
            "visavis_dead_letters_waiting", "Dead letters of this service, of all its workers.", registry=registry
        )
        self._connected = Gauge("visavis_nats_connected", "Whether NATS is there.", registry=registry)
        self._ready = Gauge("visavis_ready", "Whether it takes work.", registry=registry)
        self._last_error = ""

    def handled(self, outcome: str) -> None:
        self._handled.labels(outcome).inc()

    def failed(self, error: str) -> None:
        """A piece of work was given up."""
        self.handled("failed")
        self._last_error = error

    def redelivered(self) -> None:
        self._redelivered.inc()

    def retried(self) -> None:
        self._retried.inc()

    def buried(self) -> None:
        self._buried.inc()

    def timed(self, engine_seconds: float, bus_seconds: float) -> None:
        """A try at a piece of work took so long: the handler itself, and publishing what it yielded."""
        self._engine.observe(engine_seconds)
        self._event_log.observe(bus_seconds)
        self._handler.observe(engine_seconds + bus_seconds)

    def now(self, *, queue: int | None, dead: int | None, held: int, connected: bool) -> None:
        """How things stand; asked before they are shown. None: not known, because NATS does not answer."""
        self._queue.set(math.nan if queue is None else queue)
        self._dead.set(math.nan if dead is None else dead)
        self._held.set(held)
        self._connected.set(connected)
        self._ready.set(self.ready and connected)

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
        """In Prometheus' text format. Takes as long as the readings do."""
        return generate_latest(self._registry)
