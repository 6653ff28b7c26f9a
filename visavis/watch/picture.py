"""Draws a snapshot for a terminal. Pure: a snapshot and a size make a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal, TypeAlias

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bus.log.space import FULL_SHARES
from bus.log.stream_size import StreamSize
from projections.printable import printable
from visavis.terminal import duration, size
from visavis.watch.snapshot import Failure, Gpu, Latency, Service, Snapshot, TurnInFlight, Worker

Order: TypeAlias = Literal["name", "memory", "cpu", "waiting", "failed"]
ORDERS: tuple[Order, ...] = ("name", "memory", "cpu", "waiting", "failed")
_NARROW = 110
"""Columns of a terminal below which less is shown."""
_FEW = 6
"""Rows of a table that are shown where there is no room for all."""


@dataclass(frozen=True)
class View:
    """How a person wants to see it."""

    order: Order = "name"
    """What services are ordered by."""
    first_turn: int = 0
    """The first turn in flight that is shown."""
    paused: bool = False
    keys: bool = False
    """Whether the line with the keys is shown."""


def picture(shot: Snapshot, view: View, *, width: int, height: int | None = None, zone: tzinfo | None = None) -> Group:
    """The picture of a snapshot.

    Args:
        width: columns of the terminal.
        height: its lines, beyond which tables are cut; None: as long as it is.
        zone: time zone of the times; None: the machine's own.
    """
    narrow = width < _NARROW
    services = _services(shot.services, view, narrow=narrow)
    rest = None if height is None else max(0, height - 16 - services.row_count - len(shot.latencies))
    shown = None if rest is None else max(_FEW, rest // 2)
    parts: list[RenderableType] = [_head(shot, view, zone), services, *_gpus(shot.services)]
    if shot.streams:
        parts.append(_beside(_latencies(shot.latencies), _streams(shot.streams), narrow=narrow))
    if shot.turns:
        parts.append(_turns(shot, view, shown, narrow=narrow))
    if shot.failures:
        parts.append(_failures(shot.failures, shown, zone))
    if view.keys:
        keys = "q quit   p pause   ← → order of services   ↑ ↓ turns"
        parts.append(Text(keys, style="dim"))
    return Group(*parts)


def _head(shot: Snapshot, view: View, zone: tzinfo | None) -> Text:
    line = Text.assemble(("Visavis", "bold"), f"  {_time(shot.at, zone)}  ")
    if shot.nats_away_since is None:
        line.append("NATS up", style="green")
    else:
        line.append(f"NATS is away since {_time(shot.nats_away_since, zone)}", style="bold red")
    if shot.sessions is not None:
        line.append(f"  {shot.sessions} session{'' if shot.sessions == 1 else 's'}")
    line.append(f"  {len(shot.turns)} in flight")
    if shot.dead_letters:
        line.append(f"  {shot.dead_letters} dead letter{'' if shot.dead_letters == 1 else 's'}", style="bold red")
    if view.paused:
        line.append("  paused", style="bold yellow")
    return line


def _table(title: str, columns: Sequence[tuple[str, Literal["left", "right"]]]) -> Table:
    heading = Text(title, style="bold not italic", no_wrap=True)
    table = Table(title=heading, title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.min_width = len(title)
    for name, justify in columns:
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis")
    return table


def _add(table: Table, cells: Iterable[str | Text], style: str = "") -> None:
    # As Text: a cell that is a string would be read as rich's markup.
    table.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in cells), style=style)


def _services(services: Sequence[Service], view: View, *, narrow: bool) -> Table:
    title = "services" if view.order == "name" else f"services by {view.order}"
    columns: list[tuple[str, Literal["left", "right"]]] = [
        ("service", "left"), ("engine", "left"), ("state", "left"), ("wait", "right"), ("held", "right"),
        ("done", "right"), ("fail", "right"), ("retry", "right"), ("again", "right"), ("mean", "right"),
        ("memory", "right"), ("cpu", "right"),
    ]  # fmt: skip
    table = _table(title, columns if narrow else [*columns, ("process", "left"), ("note", "left")])
    for service in sorted(services, key=lambda one: _key(one, view.order)):
        if not service.workers:
            waiting = _count(service.waiting)
            _add(table, [service.name, "", Text("not running", "bold red"), waiting], "" if waiting else "dim")
        for place, worker in enumerate(service.workers):
            cells = _worker_cells(service if not place else None, worker)
            _add(table, cells if narrow else [*cells, f"{worker.pid}@{worker.host}", worker.note])
    return table


def _worker_cells(service: Service | None, worker: Worker) -> list[str | Text]:
    """The cells of a row; what belongs to the service as a whole is in its first row only, where it is given."""
    letters = 0 if service is None else service.dead_letters
    state = Text("ready", "green") if worker.ready else Text("not ready", "bold yellow")
    if letters:
        state.append(f" {letters} dead", "bold red")
    return [
        "" if service is None else service.name,
        worker.engine[:40],
        state,
        _count(None if service is None else service.waiting),
        _count(worker.held),
        _count(worker.done),
        Text(_count(worker.failed), "red"),
        _count(worker.retries),
        _count(worker.redeliveries),
        "" if worker.mean_seconds is None else duration(worker.mean_seconds * 1e6),
        "" if worker.memory is None else size(worker.memory),
        "" if worker.cpu is None else f"{100 * worker.cpu:.0f} %",
    ]


def _key(service: Service, order: Order) -> tuple[float, str]:
    workers = service.workers
    match order:
        case "memory":
            value = float(sum(one.memory or 0 for one in workers))
        case "cpu":
            value = sum(one.cpu or 0.0 for one in workers)
        case "waiting":
            value = float(service.waiting or 0)
        case "failed":
            value = float(sum(one.failed for one in workers))
        case "name":
            value = 0.0
    return -value, service.name


def _gpus(services: Sequence[Service]) -> list[Text]:
    """One line for each GPU; workers on one machine see the same."""
    found: dict[tuple[str, int], Gpu] = {}
    for service in services:
        for worker in service.workers:
            for number, gpu in enumerate(worker.gpus):
                found[worker.host, number] = gpu
    return [_gpu(host, gpu) for (host, _), gpu in sorted(found.items())]


def _gpu(host: str, gpu: Gpu) -> Text:
    busy = "" if gpu.utilisation is None else f"  {100 * gpu.utilisation:.0f} % busy"
    memory = ""
    if gpu.memory_used is not None and gpu.memory_total is not None:
        memory = f"  {size(gpu.memory_used)} of {size(gpu.memory_total)}"
    return Text(printable(f"gpu  {gpu.name}{busy}{memory}  {host}"))


def _latencies(latencies: Sequence[Latency]) -> Table:
    columns: list[tuple[str, Literal["left", "right"]]] = [
        ("step", "left"), ("p50", "right"), ("p95", "right"), ("turns", "right")
    ]  # fmt: skip
    table = _table("latency, last 5 minutes", columns)
    for one in latencies:
        style = "bold" if one.measure == "answer" else ""
        _add(table, [one.measure, duration(1000 * one.p50), duration(1000 * one.p95), str(one.turns)], style)
    return table


def _streams(streams: Sequence[StreamSize]) -> Table:
    columns: list[tuple[str, Literal["left", "right"]]] = [
        ("stream", "left"), ("messages", "right"), ("size", "right"), ("limit", "right"), ("full", "right"),
        ("consumers", "right"),
    ]  # fmt: skip
    table = _table("streams", columns)
    for one in streams:
        share = "" if one.share is None else f"{100 * one.share:.0f} %"
        full = one.refuses and one.share is not None and one.share >= FULL_SHARES[0]
        limit = size(one.limit) if one.limit > 0 else ""
        filled = Text(share, "bold red" if full else "")
        _add(table, [one.name, str(one.messages), size(one.bytes), limit, filled, _count(one.consumers)])
    return table


def _beside(left: Table, right: Table, *, narrow: bool) -> RenderableType:
    if narrow:
        return Group(left, right)
    both = Table.grid(padding=(0, 6))
    both.add_row(left, right)
    return both


def _turns(shot: Snapshot, view: View, shown: int | None, *, narrow: bool) -> Table:
    columns: list[tuple[str, Literal["left", "right"]]] = [
        ("conversation", "left"), ("character", "left"), ("by", "left"), ("at", "left"), ("service", "left"),
        ("for", "right"),
    ]  # fmt: skip
    first = max(0, min(view.first_turn, len(shot.turns) - 1))
    rows = shot.turns[first:] if shown is None else shot.turns[first : first + shown]
    more = len(shot.turns) - len(rows)
    table = _table("turns in flight" + (f", {more} more" if more else ""), columns)
    for turn in rows:
        _add(table, _turn_cells(turn, shot.at, narrow=narrow))
    return table


def _turn_cells(turn: TurnInFlight, now: int, *, narrow: bool) -> list[str | Text]:
    waited = (now - turn.since) / 1000
    slow = waited > 10_000 and turn.step not in ("playback", "speaking")
    index = "" if turn.index is None else f" {turn.index + 1}"
    conversation = turn.conversation[:9] if narrow else turn.conversation
    for_ = Text(duration(1000 * max(0.0, waited)), "bold red" if slow else "")
    return [conversation, turn.character, turn.channel, f"{turn.step}{index}", turn.service, for_]


def _failures(failures: Sequence[Failure], shown: int | None, zone: tzinfo | None) -> Table:
    table = _table("last failures", [("time", "left"), ("conversation", "left"), ("what", "left")])
    for one in failures if shown is None else failures[:shown]:
        what = f"{one.service} {one.what}: {one.detail}"
        _add(table, [_time(one.at, zone), one.conversation[:9], what])
    return table


def _time(at: int, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(at / 1_000_000).astimezone(zone):%H:%M:%S}"


def _count(number: int | None) -> str:
    """Nothing for 0: what is there stands out."""
    return str(number) if number else ""
