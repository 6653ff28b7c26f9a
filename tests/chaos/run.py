"""A seeded run: persons talk while faults are injected; the log is audited afterwards."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bus.log.event_log import connect
from tests.chaos import disks, notes_audit, playback_audit, replays
from tests.chaos.audit import Audit, audit_log, findings, read_log, unfinished_work, whole
from tests.chaos.calls import Caller, said
from tests.chaos.deployment import CHANNEL_WORKERS, OWN_SETTINGS, WORKERS, Deployment
from tests.chaos.faults import KILLS, PUT_BACK, FaultInjector
from tests.chaos.language_model import language_model
from tests.chaos.notes import NoteSender, arrived, doubled
from tests.chaos.notes_audit import Log
from tests.chaos.persons import Person
from tests.chaos.verification import different_decisions
from tests.services.channels.whatsapp_double import GraphDouble

PATIENCE = 120.0
"""Seconds after the last fault in which all queues must become empty. Video may be unfinished then, because a turn is
over with its last sound, and a render worker may have to start and wait for a lease first."""
_SENDERS = 2
"""Persons who send voice notes."""
_CLOCKS = {"stt-b": 20, "dialogue-b": -15, "render-b": -40, "gateway-b": 8}
"""Seconds by which the clocks of workers are off."""


@dataclass
class Report:
    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    audit: Audit = field(default_factory=Audit)
    stuck: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    """Queues with work in them at the end."""
    questions: int = 0
    """That were spoken in calls."""
    broken: int = 0
    """Calls whose connection broke, and that were called again."""
    calls: list[str] = field(default_factory=list)
    """What is wrong with the calls."""
    repeated: int = 0
    """Messages that were sent twice."""
    left_out: str = ""
    """What could not be done on this machine."""
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
    def went_back(self) -> bool:
        """Whether the log was put back under running services."""
        return self.faults[PUT_BACK] > 0

    @property
    def findings(self) -> list[str]:
        wrong = [*findings(self.audit), *(f"stuck: {turn}" for turn in self.stuck)]
        wrong += [f"undone: {queue}" for queue in self.unfinished]
        wrong += [f"calls: {one}" for one in self.calls]
        wrong += [f"notes: {note}" for note in self.wrong_notes]
        if not self.went_back:  # decisions and times that were made of what the log has not got any more
            wrong += [*(f"replay: {one}" for one in self.replays), *self.decisions]
        return [*wrong, f"projection: {self.projection}"] if self.projection else wrong

    def __str__(self) -> str:
        audit = self.audit
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        return (
            f"seed {self.seed}: {sum(self.faults.values())} faults injected ({faults})\n"
            f"{audit.turns} turns ({audit.spoken} spoken), {audit.complete} complete, "
            f"{audit.interrupted} interrupted, {audit.merged} merged, {audit.take_overs} work items taken over, "
            f"{audit.dead} dead letters\n"
            f"{self.repeated} messages sent twice, {audit.pictured} sentences with pictures\n"
            f"{self.questions} questions in calls, {self.broken} calls broke, {len(self.calls)} findings\n"
            f"{self.notes} voice notes by a channel, {len(self.wrong_notes)} findings\n"
            f"duplicates {len(audit.duplicates)}, losses {len(audit.losses)}, orphans {len(audit.orphans)}, "
            f"out of order {len(audit.disorder)}, without pictures {len(audit.unseen)}, stuck {len(self.stuck)}"
            + (f"\n{audit.rootless} facts and media of what the log had forgotten" if self.went_back else "")
            + (f"\n{self.left_out}" if self.left_out else "")
        )


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
    workers: Sequence[str] = WORKERS,
    kinds: Mapping[str, float] = KILLS,
    calls: int = 0,
) -> Report:
    """Let persons take so many turns in all while faults are injected, and audit the log.

    Args:
        notes: voice notes that other persons send by a channel meanwhile.
        every: seconds between two faults.
        faults: the most that are injected; without a limit they go on until all is answered, which they delay.
        workers: the processes; with two gateways, people use both.
        kinds: of faults, and how often each happens.
        calls: people who call by WebRTC and ask for as long as the others take turns.
    """
    report = Report(seed)
    async with AsyncExitStack() as stack:
        endpoint = await stack.enter_async_context(language_model())
        double = await stack.enter_async_context(GraphDouble().serve())
        workers = (*workers, *CHANNEL_WORKERS) if notes else workers
        deployment = Deployment(
            folder, endpoint, workers, double.settings if notes else {}, skews=_CLOCKS, own=OWN_SETTINGS
        )
        double.webhook = f"http://127.0.0.1:{deployment.channels_port}/whatsapp"
        if "full" in kinds and not stack.enter_context(disks.small(deployment.store)):
            kinds = {kind: weight for kind, weight in kinds.items() if kind != "full"}
            report.left_out = "no disk was filled: only root may mount a small one"
        await stack.enter_async_context(deployment.running())
        event_log = await stack.enter_async_context(connect(deployment.settings, name="persons"))
        gateways = deployment.gateways if "gateway-b" in workers else deployment.gateways[:1]
        persons = [
            Person(gateways, event_log, seed, number, watches=True, undone=deployment.undone, repeats=True)
            for number in range(conversations)
        ]
        callers = [Caller(gateways, event_log, seed, number, deployment.undone) for number in range(calls)]
        senders = [NoteSender(deployment.base, double, seed, number) for number in range(_SENDERS if notes else 0)]
        # What is there before the first fault is in every copy of the log.
        await asyncio.gather(*(person.open() for person in persons), *(caller.open() for caller in callers))
        injector = FaultInjector(deployment, seed, report.faults, every, faults, weights=kinds)
        injecting = asyncio.create_task(injector.inject())
        more_turns, more_notes = _counter(turns), _counter(notes)
        done = asyncio.Event()
        asking = [asyncio.create_task(caller.talk(lambda: not done.is_set())) for caller in callers]
        async with asyncio.TaskGroup() as tasks:
            for person in persons:
                tasks.create_task(person.talk(more_turns))
            for sender in senders:
                tasks.create_task(sender.talk(more_notes))
        done.set()
        await asyncio.gather(*asking)
        await injector.end(injecting)
        report.unfinished = await unfinished_work(deployment.url, PATIENCE)
        await asyncio.gather(*(person.close() for person in persons), *(caller.close() for caller in callers))
        log = await read_log(deployment.url)
        (folder / "log.msgpack").write_bytes(msgspec.msgpack.encode(log))
        report.projection = await compare_projection(deployment)
    report.replays = replays.findings(log["CONVERSATIONS"])
    expected = {person.conversation: person.expected(whole(log)) for person in persons}
    there = whole(log)
    watched = list(expected)
    for conversation, heard in said(log, [caller.conversation for caller in callers]).items():
        expected[conversation] = heard & there if deployment.undone else heard
    report.audit = audit_log(log, expected, watched=watched, went_back=report.went_back)
    report.calls = list(calls_audit(callers, injector, log, went_back=report.went_back))
    report.questions = sum(caller.asked for caller in callers)
    report.broken = sum(len(caller.broken) for caller in callers)
    report.decisions = different_decisions(log)
    report.stuck = [turn for person in persons for turn in person.stuck]
    report.stuck += [f"note {note}" for sender in senders for note in sender.unanswered]
    report.repeated = sum(person.repeated for person in persons)
    sent = [note for sender in senders for note in sender.notes]
    report.notes = len(sent)
    report.wrong_notes = [
        *notes_audit.findings(log, sent, arrived(double)),
        *(f"message {one} arrived more than once" for one in doubled(double)),
    ]
    return report


def calls_audit(callers: Sequence[Caller], injector: FaultInjector, log: Log, *, went_back: bool) -> Iterator[str]:
    """What is wrong with the calls and with what they have played, one line each."""
    yield from playback_audit.findings(log, went_back=went_back)
    for caller in callers:
        yield from caller.stuck
        for begun, end in caller.unnoticed:
            if not injector.has_deafened(begun, end):
                yield f"{caller.conversation}: a question was not noticed"


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
