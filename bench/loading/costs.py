"""What one call and one turn cost each process, from three runs: nobody, silent calls, calls in which people talk."""

from __future__ import annotations

import msgspec

from bench.loading.report import Result
from bench.loading.watch import CLIENTS, Looks
from bench.machine import table


class Cost(msgspec.Struct, frozen=True):
    """Of all processes of one name."""

    base: float
    """Share of a core while nobody calls."""
    call: float
    """Share of a core of one call in silence, above that."""
    turn: float
    """Seconds of a core of one turn, above that."""
    memory: float
    """MiB while nobody calls."""
    memory_call: float
    """MiB more of one call."""


def costs(nobody: Result, silent: Result, talking: Result) -> dict[str, Cost]:
    """The costs of each process by name, the load test's own among them."""
    found: dict[str, Cost] = {}
    base_looks, silent_looks, talk_looks = (_looks(one) for one in (nobody, silent, talking))
    for name, seconds in talk_looks.cpu_seconds.items():
        base = base_looks.cpu_seconds.get(name, 0.0) / base_looks.seconds
        idle = silent_looks.cpu_seconds.get(name, 0.0) / silent_looks.seconds
        talk = seconds - idle * talk_looks.seconds * talking.people / silent.people
        memory = base_looks.memory.get(name, 0) / (1 << 20)
        more = (silent_looks.memory.get(name, 0) / (1 << 20) - memory) / silent.people
        found[name] = Cost(base, max(0.0, idle - base) / silent.people, max(0.0, talk) / talking.turns, memory, more)
    return found


def _looks(one: Result) -> Looks:
    assert one.looks is not None
    return one.looks


def report(nobody: Result, silent: Result, talking: Result) -> str:
    """The costs as Markdown."""
    rows = [
        [name, f"{100 * one.base:.2f}", f"{100 * one.call:.2f}", f"{1000 * one.turn:.0f}", f"{one.memory:.0f}",
         f"{one.memory_call:.1f}"]
        for name, one in sorted(costs(nobody, silent, talking).items(), key=lambda item: (item[0] == CLIENTS, item[0]))
    ]  # fmt: skip
    head = [
        "process", "% of a core, nobody calls", "% of a core a silent call", "ms of a core a turn", "MiB, nobody calls",
        "MiB a call",
    ]  # fmt: skip
    grown = {name: size / max(1, talking.turns) for name, size in _looks(talking).stream_bytes.items() if size > 0}
    counts = _looks(talking).stream_messages
    streams = ", ".join(f"{name} {size / 1000:.1f} ({counts[name] / max(1, talking.turns):.1f} messages)"
                        for name, size in grown.items())  # fmt: skip
    quiet = {name: size for name, size in _looks(silent).stream_bytes.items() if size > 0}
    idle = ", ".join(f"{name} {60 * size / 1000 / silent.seconds / silent.people:.2f}" for name, size in quiet.items())
    loads = " and ".join(f"{_looks(one).load:.1f}" for one in (nobody, silent, talking))
    return "\n".join([
        table(head, rows), "",
        f"{silent.people} calls in silence for {silent.seconds:.0f} s, {talking.people} in which people talked for "
        f"{talking.seconds:.0f} s: {talking.turns} turns, in each of which the person spoke "
        f"{talking.said_seconds:.1f} s and the avatar {talking.spoken_seconds:.1f} s. KB on the log a turn: "
        f"{streams or 'none'}; a minute of a call in silence: {idle or 'none'}. A call received "
        f"{silent.kilobits:.0f} kbit/s in silence and {talking.kilobits:.0f} while people talked. Load of the machine: "
        f"{loads}.",
    ])  # fmt: skip
