"""The gateway's readiness and metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Gauge, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bus import clock
from bus.log import streams
from bus.log.event_log import EventLog
from bus.process.drain import Drain
from bus.process.health import ENDING, or_none
from bus.process.metrics import CLOCK_AHEAD
from services.gateway.feed import Feed
from services.gateway.ice.ports import MediaPorts
from services.gateway.web.space import Space
from services.gateway.web.turn_latencies import TurnLatencies


class _StreamSizes(Collector):
    """Exposes how much each stream holds and may hold, as it was seen last."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log

    def collect(self) -> Iterator[Metric]:
        used = GaugeMetricFamily("visavis_stream_bytes", "Bytes that a stream holds.", labels=["stream"])
        messages = GaugeMetricFamily("visavis_stream_messages", "Messages that it holds.", labels=["stream"])
        about = "The most bytes that it may hold, and what it does when it is full."
        limit = GaugeMetricFamily("visavis_stream_limit_bytes", about, labels=["stream", "when_full"])
        for size in self._event_log.watch.sizes.values():
            used.add_metric([size.name], size.bytes)
            messages.add_metric([size.name], size.messages)
            if size.limit > 0:
                limit.add_metric([size.name, "refuses" if size.refuses else "drops"], size.limit)
        yield from (used, messages, limit)


class GatewayHealth:
    """A `bus.process.health.Monitored`.

    Args:
        latencies: of the turns that the feed has seen.
        sessions: counts the open sessions.
        drain: once it begins, the gateway takes no new ones.
        space: running.
        ports: for their media; None: any.
    """

    def __init__(
        self,
        event_log: EventLog,
        feed: Feed,
        latencies: TurnLatencies,
        sessions: Callable[[], int],
        drain: Drain,
        space: Space,
        ports: MediaPorts | None = None,
    ) -> None:
        self._drain = drain
        self._event_log, self._feed, self._latencies, self._sessions = event_log, feed, latencies, sessions
        self._registry = CollectorRegistry()
        self._registry.register(latencies)
        self._registry.register(_StreamSizes(event_log))
        self._registry.register(space)
        self._gauge("service_info", "The name of the service.", service="gateway", engine="").set(1)
        self._ready = self._gauge("ready", "Whether the gateway takes requests.")
        self._connected = self._gauge("nats_connected", "Whether NATS is connected.")
        self._gauge("clock_ahead_seconds", CLOCK_AHEAD).set_function(clock.ahead)
        self._open = self._gauge("sessions", "WebRTC sessions that are open.")
        self._subscriptions = self._gauge("feed_watchers", "Sessions and pages that watch a conversation.")
        self._position = self._gauge("read_model_position", "Sequence of the newest event in the read model.")
        self._behind = self._gauge("read_model_behind", "Events on the log that are not in the read model.")

        if ports is not None:
            self._gauge("media_ports", "UDP ports of VISAVIS_MEDIA_PORTS.").set(len(ports.ports))
            taken = self._gauge("media_ports_taken", "Those of them that sessions have.")
            taken.set_function(lambda: ports.taken)

    def _gauge(self, name: str, documentation: str, **labels: str) -> Gauge:
        gauge = Gauge(f"visavis_{name}", documentation, tuple(labels), registry=self._registry)
        return gauge.labels(**labels) if labels else gauge

    async def not_ready_reason(self) -> str | None:
        if self._drain.is_begun:
            return ENDING
        if not self._event_log.connected:
            return "NATS is away"
        if self._event_log.watch.problem:
            return self._event_log.watch.problem
        if not self._feed.caught_up.is_set():
            progress = self._feed.build_progress
            return f"building the conversations from the log: {progress}" if progress else "reading the log"
        return None

    async def metrics(self) -> bytes:
        position = self._feed.model.position
        newest = await or_none(self._event_log, lambda: self._event_log.last_sequence(streams.CONVERSATIONS))
        self._position.set(position)
        self._behind.set(math.nan if newest is None else max(0, newest - position))
        self._open.set(self._sessions())
        self._subscriptions.set(self._feed.subscription_count)
        self._connected.set(self._event_log.connected)
        self._ready.set(await self.not_ready_reason() is None)
        return generate_latest(self._registry)
