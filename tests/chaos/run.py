"""A seeded run: persons talk while faults are injected; the log is audited afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bus.log.event_log import connect
from tests.chaos import notes_audit, replays
from tests.chaos.audit import Audit, audit_log, findings, read_log, unfinished_work
from tests.chaos.deployment import CHANNEL_WORKERS, REMOTE, WORKERS, Deployment
from tests.chaos.language_model import language_model
from tests.chaos.notes import NoteSender, arrived, doubled
from tests.chaos.persons import Person
from tests.chaos.verification import different_decisions
from tests.services.channels.whatsapp_double import GraphDouble

PATIENCE = 120.0
"""Seconds after the last fault in which all queues must become empty. Video may be unfinished then, because a turn is
over with its last sound, and a render worker may have to start and wait for a lease first."""
_SENDERS = 2
"""Persons who send voice notes."""
_FREEZE = (5.5, 8.0)
"""Seconds, longer than a lease."""


@dataclass
class Report:
    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    audit: Audit = field(default_factory=Audit)
    stuck: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    """Queues with work in them at the end."""
    notes: int = 0
    """Voice notes that were sent."""
    wrong_notes: list[str] = field(default_factory=list)
    """What is wrong with them and with the answers to them."""
    decisions: list[str] = field(default_factory=list)
    """Those that come out differently when they are made again from the log."""
    replays: list[str] = field(default_factory=list)
    """What is wrong with the timelines of the conversations."""
    projection: str = ""
    """The differences between the read model and the log; empty if there are none."""

    @property
    def findings(self) -> list[str]:
        wrong = [*findings(self.audit), *(f"stuck: {turn}" for turn in self.stuck)]
        wrong += [f"undone: {queue}" for queue in self.unfinished]
        wrong += [f"notes: {note}" for note in self.wrong_notes]
        wrong += [*(f"replay: {one}" for one in self.replays), *self.decisions]
        return [*wrong, f"projection: {self.projection}"] if self.projection else wrong

    def __str__(self) -> str:
        audit = self.audit
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        return (
            f"seed {self.seed}: {sum(self.faults.values())} faults injected ({faults})\n"
            f"{audit.turns} turns ({audit.spoken} spoken), {audit.complete} complete, "
            f"{audit.interrupted} interrupted, {audit.take_overs} work items taken over, "
            f"{audit.dead} dead letters\n"
            f"{self.notes} voice notes by a channel, {len(self.wrong_notes)} findings\n"
            f"duplicates {len(audit.duplicates)}, losses {len(audit.losses)}, orphans {len(audit.orphans)}, "
            f"out of order {len(audit.disorder)}, stuck {len(self.stuck)}"
        )


class FaultInjector:
    """Injects faults every few seconds, chosen by the seed.

    Args:
        faults: counts them.
        every: seconds between two of them.
        most: that are injected.
        victims: the workers that are killed and frozen; without a name, all of them.
        weights: how often they are killed and frozen, the server is killed, and the wire cut.
    """

    def __init__(
        self,
        deployment: Deployment,
        seed: int,
        faults: Counter[str],
        every: tuple[float, float],
        most: int = sys.maxsize,
        victims: Sequence[str] = (),
        weights: Sequence[float] = (6, 2, 1, 1),
    ) -> None:
        self._world = deployment
        self._faults = faults
        self._every = every
        self._most = most
        self._victims = victims or deployment.workers
        self._weights = weights
        self._random = random.Random(seed)

    async def inject(self) -> None:
        """Inject faults until cancelled; a process that is frozen then, or a wire that is cut, stays so."""
        kinds = {"kill": self._kill, "freeze": self._freeze, "server": self._restart_server, "cut": self._cut}
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._most):
                await asyncio.sleep(self._random.uniform(*self._every))
                (kind,) = self._random.choices(list(kinds), weights=self._weights)
                # All random choices are made here, so that the faults do not depend on how long things take.
                tasks.create_task(kinds[kind](self._random.choice(self._victims), self._random.random()))

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
        self._faults[name] += 1


def heal(deployment: Deployment) -> None:
    """Undo the lasting faults."""
    deployment.wire.mend()
    for process in deployment.processes.values():
        process.allowed.set()
        process.signal(signal.SIGCONT)


def _counter(total: int) -> Callable[[], bool]:
    """Tells so many times that there are more."""
    left = total

    def more() -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    return more


async def run(
    folder: Path,
    *,
    seed: int,
    turns: int,
    conversations: int,
    notes: int = 0,
    every: tuple[float, float] = (1.0, 3.0),
    faults: int = sys.maxsize,
) -> Report:
    """Let persons take so many turns in all while faults are injected, and audit the log.

    Args:
        notes: voice notes that other persons send by a channel meanwhile.
        every: seconds between two faults.
        faults: the most that are injected; without a limit they go on until all is answered, which they delay.
    """
    report = Report(seed)
    async with AsyncExitStack() as stack:
        endpoint = await stack.enter_async_context(language_model())
        double = await stack.enter_async_context(GraphDouble().serve())
        workers = (*WORKERS, *CHANNEL_WORKERS) if notes else WORKERS
        deployment = Deployment(folder, endpoint, workers, double.settings if notes else {})
        double.webhook = f"http://127.0.0.1:{deployment.channels_port}/whatsapp"
        async with deployment.running(), connect(deployment.settings, name="persons") as event_log:
            persons = [
                Person(deployment.base, event_log, seed, number, watches=number == 0) for number in range(conversations)
            ]
            senders = [NoteSender(deployment.base, double, seed, number) for number in range(_SENDERS if notes else 0)]
            injecting = asyncio.create_task(FaultInjector(deployment, seed, report.faults, every, faults).inject())
            more_turns, more_notes = _counter(turns), _counter(notes)
            async with asyncio.TaskGroup() as tasks:
                for person in persons:
                    tasks.create_task(person.talk(more_turns))
                for sender in senders:
                    tasks.create_task(sender.talk(more_notes))
            injecting.cancel()
            with suppress(asyncio.CancelledError):
                await injecting
            heal(deployment)
            report.unfinished = await unfinished_work(deployment.url, PATIENCE)
            log = await read_log(deployment.url)
            report.projection = await compare_projection(deployment)
        report.replays = replays.findings(log["CONVERSATIONS"])
        report.audit = audit_log(log, {person.conversation: person.sent for person in persons})
        report.decisions = different_decisions(log)
        report.stuck = [turn for person in persons for turn in person.stuck]
        report.stuck += [f"note {note}" for sender in senders for note in sender.unanswered]
        sent = [note for sender in senders for note in sender.notes]
        report.notes = len(sent)
        report.wrong_notes = [
            *notes_audit.findings(log, sent, arrived(double)),
            *(f"message {one} arrived more than once" for one in doubled(double)),
        ]
    return report


async def compare_projection(deployment: Deployment) -> str:
    """Compare the gateway's read model with a new fold of the log; returns the differences, empty if there are none."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "projections",
        "rebuild",
        "--check",
        env={**os.environ, **deployment.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return "" if process.returncode == 0 else output.decode(errors="replace")[-2000:]
