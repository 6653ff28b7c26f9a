"""A seeded run: people talk, things die, and a stranger reads the log afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bus.log.event_log import connect
from tests.chaos.model import model
from tests.chaos.persons import Person
from tests.chaos.reader import Verdict, complaints, judge, left_undone, read_log
from tests.chaos.world import REMOTE, WORKERS, World

PATIENCE = 120.0
"""Seconds after the last turn, all being well again, in which what is left must be done. Pictures are: a turn is over
with its last sound, and a worker that draws may have to start, and wait for a lease, first."""
_FREEZE = (5.5, 8.0)
"""Seconds, longer than a lease."""


@dataclass
class Report:
    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)
    stuck: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    """Queues with work in them at the end."""
    projection: str = ""
    """What the comparison of the read model with the log said, where they differ."""

    @property
    def complaints(self) -> list[str]:
        wrong = [*complaints(self.verdict), *(f"stuck: {turn}" for turn in self.stuck)]
        wrong += [f"undone: {queue}" for queue in self.undone]
        return [*wrong, f"projection: {self.projection}"] if self.projection else wrong

    def __str__(self) -> str:
        verdict = self.verdict
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        return (
            f"seed {self.seed}: {sum(self.faults.values())} faults injected ({faults})\n"
            f"{verdict.turns} turns ({verdict.spoken} spoken), {verdict.complete} told to their end, "
            f"{verdict.interrupted} interrupted, {verdict.take_overs} pieces of work taken over, "
            f"{verdict.dead} dead letters\n"
            f"duplicates {len(verdict.duplicates)}, losses {len(verdict.losses)}, orphans {len(verdict.orphans)}, "
            f"out of order {len(verdict.disorder)}, stuck {len(self.stuck)}"
        )


class Trouble:
    """Breaks something every few seconds, by a plan that the seed makes."""

    def __init__(self, world: World, report: Report, every: tuple[float, float]) -> None:
        self._world = world
        self._report = report
        self._every = every
        self._chance = random.Random(report.seed)

    async def make(self) -> None:
        """For ever; what is frozen or cut when it ends stays so."""
        kinds = {"kill": self._kill, "freeze": self._freeze, "server": self._restart_server, "cut": self._cut}
        async with asyncio.TaskGroup() as tasks:
            while True:
                await asyncio.sleep(self._chance.uniform(*self._every))
                (kind,) = self._chance.choices(list(kinds), weights=(6, 2, 1, 1))
                # What it does is decided here, so that the plan does not depend on how long things take.
                tasks.create_task(kinds[kind](self._chance.choice(WORKERS), self._chance.random()))

    async def _kill(self, worker: str, chance: float) -> None:
        self._count(f"kill -9 {worker.split('-')[0]}")
        self._world.processes[worker].signal(signal.SIGKILL)

    async def _freeze(self, worker: str, chance: float) -> None:
        self._count("freeze beyond the lease")
        self._world.processes[worker].signal(signal.SIGSTOP)
        await asyncio.sleep(_FREEZE[0] + chance * (_FREEZE[1] - _FREEZE[0]))
        self._world.processes[worker].signal(signal.SIGCONT)

    async def _restart_server(self, worker: str, chance: float) -> None:
        self._count("kill -9 nats-server")
        server = self._world.processes["nats"]
        server.allowed.clear()
        server.signal(signal.SIGKILL)
        await asyncio.sleep(2 * chance)
        server.allowed.set()

    async def _cut(self, worker: str, chance: float) -> None:
        self._count(f"network cut of {REMOTE}")
        self._world.wire.cut()
        await asyncio.sleep(1 + 6 * chance)
        self._world.wire.mend()

    def _count(self, name: str) -> None:
        self._report.faults[name] += 1


def calm(world: World) -> None:
    """Undo what lasts."""
    world.wire.mend()
    for process in world.processes.values():
        process.allowed.set()
        process.signal(signal.SIGCONT)


async def run(
    folder: Path, *, seed: int, turns: int, conversations: int, every: tuple[float, float] = (1.0, 3.0)
) -> Report:
    """Let people take so many turns in all, in trouble, and judge the log."""
    report = Report(seed)
    left = turns

    def more() -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    async with model() as endpoint:
        world = World(folder, endpoint)
        async with world.running(), connect(world.settings, name="persons") as event_log:
            persons = [
                Person(world.base, event_log, seed, number, watches=number == 0) for number in range(conversations)
            ]
            trouble = asyncio.create_task(Trouble(world, report, every).make())
            async with asyncio.TaskGroup() as tasks:
                for person in persons:
                    tasks.create_task(person.live(more))
            trouble.cancel()
            with suppress(asyncio.CancelledError):
                await trouble
            calm(world)
            report.undone = await left_undone(world.url, PATIENCE)
            log = await read_log(world.url)
            report.projection = await _compare(world)
        report.verdict = judge(log, {person.conversation: person.sent for person in persons})
        report.stuck = [turn for person in persons for turn in person.stuck]
    return report


async def _compare(world: World) -> str:
    """Fold the log anew and hold the gateway's read model against it; empty where they agree."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "projections",
        "rebuild",
        "--check",
        env={**os.environ, **world.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return "" if process.returncode == 0 else said.decode(errors="replace")[-2000:]
