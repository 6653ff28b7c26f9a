"""Writes what a soak has found, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from bench.machine import machine, table
from tests.soak.growth import Series, trend
from tests.soak.run import MIB, Report


def report_lines(report: Report) -> Iterator[str]:
    """The report: what was done, what was lost, what was measured."""
    audit, plan = report.audit, report.plan
    faults = ", ".join(f"{count} {name}" for name, count in sorted(report.faults.items()))
    yield f"{machine()}"
    yield ""
    yield f"{plan.seconds / 60:.0f} minutes, seed {report.seed}: {report.turns} turns, {report.broken} calls broke; "
    yield f"faults: {faults or 'none'}"
    yield (
        f"{audit.turns} turns audited ({audit.spoken} spoken): {audit.complete} complete, "
        f"{audit.interrupted} interrupted, {audit.merged} merged, {audit.take_overs} work items taken over, "
        f"{audit.dead} dead letters; {len(audit.losses)} losses, {len(audit.duplicates)} duplicates, "
        f"{len(audit.orphans)} orphans, {len(audit.disorder)} out of order"
    )
    yield ""
    yield table(
        ["process", "starts", "memory, MiB", "± an hour", "noise", "files", "sockets", "threads", "% of a core"],
        _processes(report),
    )
    yield ""
    yield table(["what", "first", "median", "most", "last", "± an hour"], _counts(report))
    yield ""
    for call, moved in report.skews.items():
        drift = report.drifts[call]
        yield (
            f"{call}: in {len(moved) / 2:.0f} minutes the pictures moved by {_ms(moved)} against the sound, "
            f"the sound by {_ms(drift)} against the clock"
        )


def _ms(values: list[float]) -> str:
    """The last value, the lowest and the highest."""
    last, low, high = (1000 * one for one in (values[-1], min(values), max(values)))
    return f"{last:+.1f} ms ({low:+.1f} to {high:+.1f})"


def _processes(report: Report) -> Iterator[list[str]]:
    """One line for each process that lived long enough, in the order of their names."""
    for (thing, quantity), memory in sorted(report.series.items()):
        found = trend(memory.points, memory.points[0][0] + report.plan.warm_up)
        if quantity != "memory" or found is None:
            continue
        name = thing.split(" ")[0]
        used = report.series[(thing, "processor")].points
        share = 100 * (used[-1][1] - used[0][1]) / max(used[-1][0] - used[0][0], 1e-9)
        numbers = [_span(report.series[(thing, what)]) for what in ("files", "sockets", "threads")]
        yield [
            name, str(report.starts.get(name, 0)), f"{found.level / MIB:.0f}", f"{found.rise / MIB:+.1f}",
            f"{found.noise / MIB:.1f}", *numbers, f"{share:.1f}",
        ]  # fmt: skip


def _span(series: Series) -> str:
    """First and last value, and the most between them."""
    values = [value for _, value in series.points]
    return f"{values[0]:.0f} → {values[-1]:.0f} (≤ {max(values):.0f})"


def _counts(report: Report) -> Iterator[list[str]]:
    units = {"bytes": MIB, "database": MIB, "journal": MIB, "output": 1024}
    of_processes = ("memory", "processor", "files", "sockets", "threads")
    for (thing, quantity), one in sorted(report.series.items()):
        if quantity in of_processes or not any(value for _, value in one.points):
            continue
        values = [value / units.get(quantity, 1) for _, value in one.points]
        found = trend(one.points, report.plan.warm_up)
        rise = "" if found is None else f"{found.rise / units.get(quantity, 1):+.1f}"
        unit = {MIB: ", MiB", 1024: ", KiB"}.get(units.get(quantity, 1), "")
        middle = sorted(values)[len(values) // 2]
        shown = (values[0], middle, max(values), values[-1])
        yield [f"{thing}: {quantity}{unit}", *(f"{value:.1f}" for value in shown), rise]
