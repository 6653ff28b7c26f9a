"""What a service counts, for Prometheus and for whoever operates it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
OUTCOMES = ("done", "failed", "interrupted", "superseded")


class Metrics:
    """Counters of one process, under the names `visavis_…`."""

    def __init__(self, service: str, engine: str = "") -> None:
        self.ready = False
        """Whether it takes work."""
        self._registry = registry = CollectorRegistry()
        Gauge("visavis_service_info", "Which service this is.", ["service", "engine"], registry=registry).labels(
            service, engine
        ).set(1)
        self._handled = Counter("visavis_work", "Pieces of work, by outcome.", ["outcome"], registry=registry)
        for outcome in OUTCOMES:
            self._handled.labels(outcome)
        self._redelivered = Counter("visavis_redeliveries", "Work that came more than once.", registry=registry)
        self._retried = Counter("visavis_retries", "Tries that failed and were repeated.", registry=registry)
        self._buried = Counter("visavis_dead_letters", "Messages put aside.", registry=registry)
        self._engine = Histogram(
            "visavis_engine_seconds", "Time of a handler without publishing.", registry=registry, buckets=_SECONDS
        )
        self._bus = Histogram(
            "visavis_bus_seconds", "Time of a handler's publishing.", registry=registry, buckets=_SECONDS
        )
        self._handler = Histogram(
            "visavis_handler_seconds", "Time of a handler and its publishing.", registry=registry, buckets=_SECONDS
        )
        self._queue = Gauge("visavis_queue_depth", "Work on the log that no worker has taken.", registry=registry)
        self._held = Gauge("visavis_work_held", "Work that this worker holds.", registry=registry)
        self._connected = Gauge("visavis_nats_connected", "Whether NATS is there.", registry=registry)

    def handled(self, outcome: str) -> None:
        self._handled.labels(outcome).inc()

    def redelivered(self) -> None:
        self._redelivered.inc()

    def retried(self) -> None:
        self._retried.inc()

    def buried(self) -> None:
        self._buried.inc()

    def timed(self, engine_seconds: float, bus_seconds: float) -> None:
        """A piece of work took so long: the handler itself, and publishing what it yielded."""
        self._engine.observe(engine_seconds)
        self._bus.observe(bus_seconds)
        self._handler.observe(engine_seconds + bus_seconds)

    def now(self, *, queue: int | None, held: int, connected: bool) -> None:
        """How things stand; asked before they are shown."""
        if queue is not None:
            self._queue.set(queue)
        self._held.set(held)
        self._connected.set(connected)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
