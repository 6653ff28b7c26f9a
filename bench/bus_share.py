"""The share of the bus in a turn: its hops through a whole system that runs, beside those of bare nats-py.

`python -m bench.bus_share` starts a system on ports of its own and measures nothing else; `bench.turn` has it, too.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TypeAlias

from nats.aio.msg import Msg
from nats.js import JetStreamContext

from bench.bus import BareWorker
from bench.machine import machine, percentiles, table
from bench.peer import now
from bus import clock, codec, subjects
from bus.events import AudioIn, ConversationTitled, Event
from bus.log.event_log import EventLog
from bus.work.runner import Runner
from bus.work.service import Output, Reader, Service
from tests.e2e.stack import Stack

_PROBES = 200
_PAUSE = 0.01
"""Seconds between two probes."""
_HOPS = {"acknowledgement": 3, "fact hop": 2, "media hop": 3}
"""From the last word to the first picture. Facts: transcript → dialogue, sentence → TTS. Media: microphone → STT,
TTS → render, render → gateway. Acknowledged: reply.started, speech.started and frames.started."""

Times: TypeAlias = dict[str, list[float]]
"""Milliseconds by what is in `_HOPS`."""
Publish: TypeAlias = Callable[[Event], Awaitable[object]]


async def measure(event_log: EventLog) -> list[str]:
    """Measures on a running system; returns lines of Markdown."""
    ours = {**await _fact_times(event_log, _runner(event_log)), "media hop": await _media_times(event_log)}
    bare = {**await _fact_times(event_log, _bare(event_log)), "media hop": await _bare_media_times(event_log)}
    rows = []
    for name, times in (("the bus", ours), ("bare nats-py", bare)):
        medians = {hop: percentiles(times[hop], 50)[0] for hop in _HOPS}
        share = sum(count * medians[hop] for hop, count in _HOPS.items())
        rows.append([name, *(f"{medians[hop]:.2f}" for hop in _HOPS), f"{share:.1f}"])
    names = [f"{hop}, {count} in a turn" for hop, count in _HOPS.items()]
    return [table([f"ms, medians of {_PROBES}", *names, "share of a turn"], rows)]


class _Probed:
    """A worker that notes what it gets of the conversation of its name, and how facts are published for it."""

    def __init__(self, name: str, run: Callable[[Callable[[Event], None]], Awaitable[None]], publish: Publish) -> None:
        self.name, self.publish = name, publish
        self._run = run
        self.arrived: asyncio.Queue[float] = asyncio.Queue()

    async def run(self) -> None:
        await self._run(self._note)

    def _note(self, event: Event) -> None:
        if event.conversation == self.name:
            self.arrived.put_nowait(now())


def _runner(event_log: EventLog) -> _Probed:
    async def run(note: Callable[[Event], None]) -> None:
        async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
            note(event)
            return
            yield

        await Runner(event_log, Service(name="bench", consumes=(ConversationTitled,), handle=handle, engine="")).run()

    return _Probed("bench", run, event_log.append)


def _bare(event_log: EventLog) -> _Probed:
    async def run(note: Callable[[Event], None]) -> None:
        async def handle(js: JetStreamContext, event: Event) -> None:
            note(event)

        await BareWorker(event_log.nc, ConversationTitled, handle, batch=1).run()

    async def publish(event: Event) -> None:
        headers = {"Nats-Msg-Id": event.id}
        await event_log.js.publish(subjects.fact(event), codec.encode(event), headers=headers)

    return _Probed("bare", run, publish)


async def _fact_times(event_log: EventLog, worker: _Probed) -> Times:
    """From publishing to the acknowledgement, and to the handler."""
    task = asyncio.ensure_future(worker.run())
    times: Times = {"acknowledgement": [], "fact hop": []}
    try:
        await asyncio.sleep(2)
        for number in range(_PROBES):
            # A fact that no other service works on: what a message sets off would be in the times.
            body = ConversationTitled(title=f"probe {number}")
            event = Event(id=f"bench-{clock.now()}", at=clock.now(), conversation=worker.name, body=body)
            begun = now()
            await worker.publish(event)
            times["acknowledgement"].append(1000 * (now() - begun))
            times["fact hop"].append(1000 * (await worker.arrived.get() - begun))
            await asyncio.sleep(_PAUSE)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await event_log.js.delete_consumer("CONVERSATIONS", worker.name)
    return times


def _chunk(name: str, index: int) -> AudioIn:
    return AudioIn(
        conversation="bench", utterance=name, index=index, sample=0, pcm=bytes(3200), final=index == _PROBES - 1
    )


async def _media_times(event_log: EventLog) -> list[float]:
    """From publishing an audio chunk to the reader that follows it."""
    name, sent, times = f"u{clock.now()}", dict[int, float](), list[float]()

    async def publish() -> None:
        for index in range(_PROBES):
            sent[index] = now()
            await event_log.publish_media(_chunk(name, index), f"{name}-{index}")
            await asyncio.sleep(_PAUSE)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(publish())
        async with aclosing(event_log.follow(AudioIn, subjects.audio_in("bench", name))) as chunks:
            async for chunk in chunks:
                times.append(1000 * (now() - sent[chunk.index]))
    return times


async def _bare_media_times(event_log: EventLog) -> list[float]:
    """The same with an ordered consumer."""
    name, times = f"u{clock.now()}", list[float]()
    arrived: asyncio.Queue[float] = asyncio.Queue()

    async def note(message: Msg) -> None:
        arrived.put_nowait(now())

    subject, js = subjects.audio_in("bench", name), event_log.media_js
    subscription = await js.subscribe(subject, cb=note, ordered_consumer=True)
    for index in range(_PROBES):
        begun = now()
        await js.publish(subject, codec.encode(_chunk(name, index)), headers={"Nats-Msg-Id": f"{name}-{index}"})
        times.append(1000 * (await arrived.get() - begun))
        await asyncio.sleep(_PAUSE)
    await subscription.unsubscribe()
    return times


async def _alone() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder))
        try:
            await asyncio.to_thread(stack.start)
            async with stack.event_log() as event_log:
                await asyncio.sleep(20)  # until the idle loops are drawn
                return await measure(event_log)
        finally:
            await asyncio.to_thread(stack.close)


def main() -> int:
    print(machine(), *asyncio.run(_alone()), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
