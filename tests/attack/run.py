"""Runs the attacks one after the other on a whole system, while a witness talks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.attack.attacks import Attack, Outcome, survives
from tests.attack.witness import Talk, Witness
from tests.e2e.stack import Stack
from tests.soak.sampling import process_values

_FILES_MORE = 100
"""Files, sockets and threads that may be open after an attack and were not before."""
_MEMORY_MORE = 400 << 20
_LOG_MOST = 2 << 20
"""Bytes of log lines that an attack may cause."""


@dataclass
class Result:
    """One attack and what it did."""

    name: str
    outcome: Outcome
    talk: Talk
    """Of the witness meanwhile."""
    before: Mapping[str, float]
    after: Mapping[str, float]
    log_bytes: int
    survived: bool


@dataclass
class Report:
    """All attacks on one system."""

    quiet: Talk
    results: list[Result] = field(default_factory=list)
    output: str = ""
    """What the system has printed."""

    @property
    def findings(self) -> list[str]:
        """What the system did not keep of its promises."""
        found = [f"before any attack: {one}" for one in self.quiet.failures]
        for one in self.results:
            found += [f"{one.name}: the witness saw that {what}" for what in one.talk.failures]
            if not one.survived:
                found.append(f"{one.name}: the gateway is not ready afterwards")
            if one.outcome.broken:
                found.append(f"{one.name}: answered {dict(one.outcome.answers)}")
            found += [f"{one.name}: {what}" for what in one.outcome.wrong[:20]]
            if one.log_bytes > _LOG_MOST:
                found.append(f"{one.name}: {one.log_bytes} bytes of log lines")
            for quantity in ("files", "sockets", "threads"):
                more = one.after.get(quantity, 0) - one.before.get(quantity, 0)
                if more > _FILES_MORE:
                    found.append(f"{one.name}: {more:.0f} more {quantity} than before")
            if one.after.get("memory", 0) - one.before.get("memory", 0) > _MEMORY_MORE:
                found.append(f"{one.name}: {one.before['memory']:.0f} bytes of memory became {one.after['memory']:.0f}")
        if "Traceback" in self.output:
            found.append("a traceback in the output: " + self.output.partition("Traceback")[2][:1500])
        return found


async def attack(
    folder: Path, attacks: Sequence[Attack], *, seconds: float, quiet: float, files: int, show: Callable[[str], None]
) -> Report:
    """Start a system, attack it, and stop it.

    Args:
        seconds: of each attack.
        quiet: seconds before the first one.
        files: that each process of the system may open.
        show: takes a line about what goes on.
    """
    stack = Stack(folder, VISAVIS_FACES_PER_PERSON="10", VISAVIS_NOTES_FOLDER="off", VISAVIS_ACCESS="open")
    stack.command = ["bash", "-c", f'ulimit -n {files} && exec "$@"', "-", *stack.command]
    await asyncio.to_thread(stack.start)
    url = f"http://127.0.0.1:{stack.port}"
    witness = Witness(url)
    talking = asyncio.create_task(witness.run())
    try:
        await asyncio.sleep(quiet)
        report = Report(witness.take())
        show(f"quiet: first word after {report.quiet.median:.2f} s (median of {len(report.quiet.waits)})")
        for one in attacks:
            before, size = process_values(stack.pid("gateway")), stack.log.stat().st_size
            outcome = await one(url, seconds)
            await asyncio.sleep(8)  # what waits for its time to run out
            talk, after = witness.take(), process_values(stack.pid("gateway"))
            grown = stack.log.stat().st_size - size
            result = Result(one.__name__, outcome, talk, before, after, grown, await survives(url))
            report.results.append(result)
            show(row(result, report.quiet))
            if talking.done():
                await talking
        return report
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        await asyncio.to_thread(stack.close)
        if "report" in locals():
            report.output = stack.output()


HEADER = (
    "| attack | answers | first words to quiet ones: median (longest) | memory MB | files | threads | log kB |"
    "\n|---|---|---|---|---|---|---|"
)


def row(result: Result, quiet: Talk) -> str:
    """A row of the report, in Markdown."""
    answers = ", ".join(f"{count}x {status}" for status, count in sorted(result.outcome.answers.items()))
    talk = result.talk
    ratio = f"{talk.median / quiet.median:.1f} ({talk.longest / quiet.median:.1f}), {len(talk.waits)} answers"
    changes = [
        f"{result.before.get(name, 0) / unit:.0f} to {result.after.get(name, 0) / unit:.0f}"
        for name, unit in (("memory", 1 << 20), ("files", 1), ("threads", 1))
    ]
    return f"| {result.name} | {answers} | {ratio} | {' | '.join(changes)} | {result.log_bytes / 1000:.0f} |"
