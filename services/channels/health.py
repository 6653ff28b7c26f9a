"""Readiness and metrics of a process that has several workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.samples import Sample

from bus.process.health import Monitored


class CombinedHealth:
    """A `bus.process.health.Monitored` over those of the workers, by name.

    Args:
        required: the workers that have to take work for the process to be ready; the others may wait for a lease.
        problem: why else the process is not ready; None where it is.
    """

    def __init__(
        self, workers: dict[str, Monitored], required: tuple[str, ...], problem: Callable[[], str | None]
    ) -> None:
        self._workers = workers
        self._required = required
        self._problem = problem

    async def not_ready_reason(self) -> str | None:
        for name in self._required:
            reason = await self._workers[name].not_ready_reason()
            if reason:
                return f"{name}: {reason}"
        return self._problem()

    async def metrics(self) -> bytes:
        """The metrics of all workers, each with its name as the label `service`."""
        registry = CollectorRegistry()
        registry.register(_Labelled({name: (await one.metrics()).decode() for name, one in self._workers.items()}))
        return generate_latest(registry)


class _Labelled(Collector):
    """Metrics in Prometheus' text format, by the name that becomes their label."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for name, text in self._texts.items():
            for found in text_string_to_metric_families(text):
                family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                family.samples.extend(_labelled(sample, name) for sample in found.samples)
        yield from families.values()


def _labelled(sample: Sample, name: str) -> Sample:
    return sample._replace(labels={"service": name, **sample.labels})
