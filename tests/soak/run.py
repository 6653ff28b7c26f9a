"""A soak: people talk for an hour while faults are injected; what was lost, and what has grown, is found afterwards."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import nats

from bus.log.event_log import connect
from tests.chaos import notes_audit, replays
from tests.chaos.audit import Audit, audit_log, findings, read_log, unfinished_work
from tests.chaos.calls import said
from tests.chaos.deployment import CHANNEL_WORKERS, WORKERS, Deployment
from tests.chaos.faults import KILLS, FaultInjector, heal
from tests.chaos.language_model import language_model
from tests.chaos.notes import arrived, doubled
from tests.chaos.notes_audit import Log
from tests.chaos.run import PATIENCE, compare_projection
from tests.chaos.verification import different_decisions
from tests.services.channels.whatsapp_double import GraphDouble
from tests.soak import growth
from tests.soak.growth import Bound, Series
from tests.soak.load import Load
from tests.soak.sampling import Sampler
from tests.soak.watcher import skews

MIB = 1 << 20
BOUNDS = (
    Bound("memory", "MiB", 24 * MIB, 0.1, MIB),
    Bound("journal", "MiB", 8 * MIB, 0, MIB),
    Bound("files", "", 3),
    Bound("sockets", "", 4),
    Bound("threads", "", 2),
    Bound("connections", "", 3),
    Bound("subscriptions", "", 30, 0.1),
    Bound("ephemeral consumers", "", 5),
)
"""What may be added in an hour."""
_WITH_QUEUES = {"stt", "dialogue", "tts", "render"}
_MOST_WAITING = 3
"""Work items that a queue may have at its lowest."""
_MOST_LEFT = 2
"""Consumers without a name that may be there at the end and were not at the beginning."""
_FORGOTTEN = 75.0
"""Seconds after which NATS has deleted the consumers of those who went without a word."""
_MOST_SKEW = 0.04
"""Seconds by which pictures may move against the sound: one frame."""
_MORE_PER_TURN = 1.3
"""Factor by which a turn may take more room on the log at the end than at the beginning."""


@dataclass(frozen=True)
class Plan:
    """How a soak is done.

    Args:
        seconds: for which people talk.
        warm_up: seconds that are not judged.
        every: seconds between two samples.
        faults: seconds between two faults, the shortest and the longest.
        victims: workers that are killed and frozen; all others live on.
        most: faults that are injected; without a limit they go on until all is answered.
        weights: how often they are killed and frozen, the server is killed, and the wire cut.
        pause: seconds between two turns of a person, the shortest and the longest.
        calls: people who call by WebRTC; the first one stays, the others come again and again.
        settings: of the services, beyond those that a soak needs.
    """

    seconds: float
    warm_up: float
    every: float
    faults: tuple[float, float]
    pause: tuple[float, float]
    workers: tuple[str, ...] = (*WORKERS, *CHANNEL_WORKERS, "analytics")
    victims: tuple[str, ...] = ("stt-a", "dialogue-a", "tts-a", "render-a", "channels-a")
    most: int = sys.maxsize
    weights: Mapping[str, float] = field(default_factory=lambda: {**KILLS, "server": 0.4})
    persons: int = 3
    calls: int = 2
    senders: int = 1
    visit: int = 15
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Report:
    """What a soak has found."""

    seed: int
    plan: Plan
    faults: Counter[str] = field(default_factory=Counter)
    audit: Audit = field(default_factory=Audit)
    turns: int = 0
    broken: int = 0
    """Calls whose connection broke, and that were called again."""
    starts: dict[str, int] = field(default_factory=dict)
    series: dict[tuple[str, str], Series] = field(default_factory=dict)
    skews: dict[str, list[float]] = field(default_factory=dict)
    """Of each call that stayed: seconds by which the pictures fell behind the sound, every half minute."""
    drifts: dict[str, list[float]] = field(default_factory=dict)
    """Of each such call: seconds by which the sound fell behind the clock."""
    findings: list[str] = field(default_factory=list)


async def soak(folder: Path, plan: Plan, seed: int) -> Report:
    """Let people talk while faults are injected, then audit the log and judge what was measured meanwhile."""
    report = Report(seed, plan)
    async with AsyncExitStack() as stack:
        endpoint = await stack.enter_async_context(language_model(first_word=0.2))
        double = await stack.enter_async_context(GraphDouble().serve())
        settings = {"audio_bytes": str(4 << 30), "frames_bytes": str(8 << 30), "video_bitrate": "100000"}
        settings |= {**plan.settings, **(double.settings if plan.senders else {})}
        deployment = Deployment(folder, endpoint, plan.workers, settings)
        double.webhook = f"http://127.0.0.1:{deployment.channels_port}/whatsapp"
        async with deployment.running(), connect(deployment.settings, name="persons") as event_log:
            load = Load(deployment.base, event_log, seed, plan.pause, plan.visit)
            sampler = Sampler(folder, folder / "samples.jsonl", report.series)
            async with _sampled(deployment, sampler, load, plan.every):
                await _talk(plan, load, double, FaultInjector(
                    deployment, seed, report.faults, plan.faults, plan.most, plan.victims, plan.weights
                ))  # fmt: skip
                heal(deployment)
                unfinished = await unfinished_work(deployment.url, PATIENCE)
                await asyncio.sleep(min(_FORGOTTEN, plan.seconds))
            report.starts = {name: process.starts for name, process in deployment.processes.items()}
            log = await read_log(deployment.url)
            projection = await compare_projection(deployment)
    report.turns, report.broken = load.turns, len(load.broken)
    report.audit = audit_log(log, _expected(load, log))
    for number, call in enumerate(load.calls):
        if call.sound.offsets and len(call.pictures.offsets) > 1:
            report.skews[f"call {number}"] = skews(call.sound, call.pictures)
            report.drifts[f"call {number}"] = [one - call.sound.offsets[0] for one in call.sound.offsets]
    report.findings = [
        *findings(report.audit),
        *(f"stuck: {turn}" for turn in load.stuck),
        *(f"undone: {queue}" for queue in unfinished),
        *(f"notes: {one}" for one in _wrong_notes(load, double, log)),
        *(f"replay: {one}" for one in replays.findings(log["CONVERSATIONS"])),
        *different_decisions(log),
        *([f"projection: {projection}"] if projection else []),
        *judged(report),
    ]
    return report


def judged(report: Report) -> Iterator[str]:
    """What has grown beyond its bound, one line each."""
    plan, series = report.plan, report.series.values()
    yield from growth.findings(series, BOUNDS, after=plan.warm_up, span=(plan.seconds - plan.warm_up) / 3)
    yield from growth.crowded(series, "queue", _MOST_WAITING)
    yield from growth.left_over(series, "ephemeral consumers", _MOST_LEFT)
    yield from growth.crowded(series, "followers of characters", len(report.starts))
    yield from growth.dearer(series, "turns", ("bytes", "database", "output"), _MORE_PER_TURN)
    for call, moved in report.skews.items():
        if abs(moved[-1]) > _MOST_SKEW:
            yield f"skew: the pictures of {call} moved by {1000 * moved[-1]:.0f} ms against the sound"


@asynccontextmanager
async def _sampled(deployment: Deployment, sampler: Sampler, load: Load, every: float) -> AsyncIterator[None]:
    """Take samples while the context lasts, one more at its end."""
    begin = time.monotonic()

    async def sample() -> None:
        running = {name: process.pid for name, process in deployment.processes.items()}
        pids = {name: pid for name, pid in running.items() if pid is not None}
        await sampler.sample(pids, time.monotonic() - begin, load.turns)

    async def again_and_again() -> None:
        for number in itertools.count():
            await sample()
            await asyncio.sleep(max(0.0, begin + (number + 1) * every - time.monotonic()))

    await _until_ready(deployment)
    sampling = asyncio.create_task(again_and_again())
    try:
        yield
        await sample()
    finally:
        sampling.cancel()
        with suppress(asyncio.CancelledError):
            await sampling


async def _until_ready(deployment: Deployment) -> None:
    """Wait until the queues of all services are there, so that the first sample shows a system at rest."""
    for _ in range(600):
        with suppress(OSError, nats.errors.Error):
            if await _queues(deployment.url) >= {name.split("-")[0] for name in deployment.workers} & _WITH_QUEUES:
                return
        await asyncio.sleep(0.2)
    raise TimeoutError("the services did not come up within two minutes")


async def _queues(url: str) -> set[str]:
    client = await nats.connect(url, allow_reconnect=False)
    try:
        return {str(one.name) for one in await client.jetstream().consumers_info("CONVERSATIONS")}
    finally:
        await client.close()


async def _talk(plan: Plan, load: Load, double: GraphDouble, injector: FaultInjector) -> None:
    """Let everybody talk for as long as the plan says, under faults."""
    end = time.monotonic() + plan.seconds
    injecting = asyncio.create_task(injector.inject())

    def more() -> bool:
        return time.monotonic() < end

    try:
        async with asyncio.TaskGroup() as tasks:
            for number in range(plan.persons):
                tasks.create_task(load.visits(number, more))
            for number in range(plan.calls):
                tasks.create_task(load.call(number, more, stays=number == 0))
            for number in range(plan.senders):
                tasks.create_task(load.notes(number, double, more))
    finally:
        injecting.cancel()
        with suppress(asyncio.CancelledError):
            await injecting


def _expected(load: Load, log: Log) -> dict[str, set[str]]:
    """What was sent in each conversation."""
    expected = {person.conversation: person.sent for person in load.persons}
    return expected | said(log, {call.conversation for call in load.calls})


def _wrong_notes(load: Load, double: GraphDouble, log: Log) -> Iterator[str]:
    sent = [note for sender in load.senders for note in sender.notes]
    yield from notes_audit.findings(log, sent, arrived(double))
    yield from (f"message {one} arrived more than once" for one in doubled(double))
