"""Opens a conversation of an hour and seeks in it, on logs of several lengths: `python -m bench.replay_opening`."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import count, islice
from pathlib import Path

import msgspec
import numpy as np

from bench.hour import hour
from bench.machine import machine, table
from bench.server import server
from bus import codec, subjects
from bus.events import AudioOut, Event, FrameBatch
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from projections.conversation import Conversation, fold_all
from projections.recording_reader import media_of
from projections.replay.recording import Recording
from projections.replay.view import MediaPresence, replay_view
from services.audio import OpusEncoder
from services.gateway.replaying.media_files import MediaFiles
from services.gateway.replaying.recordings import Recordings
from services.render.encoder import H264Encoder

OTHERS = (10_000, 100_000)
"""Events of other conversations on the log."""
_TIMES = 7
_PENDING = 512
_NAME = "c-hour"
_SPEECH, _SAMPLES, _FRAMES = f"s{_NAME}-200-1", 72_000, 38


async def fill(event_log: EventLog, events: Iterable[Event]) -> None:
    """Append events as fast as the server takes them, with the headers that they have in a real log."""
    js = event_log.nc.jetstream(timeout=30, publish_async_max_pending=_PENDING)
    for one in events:
        headers = {"Nats-Msg-Id": one.id}
        await js.publish_async(subjects.fact(one), codec.encode(one), wait_stall=30, headers=headers)
    await js.publish_async_completed()


async def speak(event_log: EventLog) -> None:
    """Publish the sound and the pictures of one sentence in the middle of the conversation."""
    encoder = OpusEncoder()
    packets = (*encoder.push(np.zeros(_SAMPLES, np.int16)), *encoder.flush())
    sound = AudioOut(conversation=_NAME, speech=_SPEECH, index=0, sample=0, packets=packets, final=True)
    await event_log.publish_media(sound, "sound")
    picture = np.random.default_rng(1).integers(16, 235, (768, 512), np.uint8)
    units = H264Encoder(512, 512, 25, bitrate=1_000_000).encode([picture] * _FRAMES)
    batch = FrameBatch(
        conversation=_NAME, speech=_SPEECH, index=0, frame=0, fps=25, phase=0, units=units, final=True
    )
    await event_log.publish_media(batch, "pictures")


async def milliseconds(work: Callable[[], Awaitable[object]]) -> str:
    """The median time that some work takes, and the shortest, which other programs disturbed least."""
    took: list[float] = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        await work()
        took.append(1000 * (time.perf_counter() - began))
    return f"{statistics.median(took):.1f} ({min(took):.1f})"


async def longest_lag(work: Callable[[], Awaitable[object]]) -> str:
    """The longest time for which the loop did not get round while some work was done, ms: live sound waits for it."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.002)
            longest = max(longest, 1000 * (time.perf_counter() - began) - 2)

    ticking = asyncio.create_task(tick())
    await work()
    ticking.cancel()
    return f"{longest:.0f}"


async def measure(others: int) -> list[str]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        settings = Settings(nats_url=url, data=folder, audio_bytes=64 << 20, frames_bytes=64 << 20)
        async with connect(settings, name="bench") as event_log:
            # The conversation lies among the others, as in a log of many people.
            filler = (one for number in count() for one in hour(f"c{number}", turns=20))
            events = hour(_NAME)
            share = max(1, others // 40)
            for _ in range(40):
                await fill(event_log, islice(filler, share))
                await fill(event_log, islice(events, 500))
            await fill(event_log, events)
            await speak(event_log)
            return [f"{await event_log.last_sequence(streams.CONVERSATIONS):,}", *await opening_and_seeking(event_log)]


async def opening_and_seeking(event_log: EventLog) -> list[str]:
    """The times of one row."""
    folded: list[Conversation] = []

    def encoded(recording: Recording, media: MediaPresence) -> bytes:
        if not folded:  # the gateway has it in its read model
            folded.append(fold_all(Conversation(id=_NAME), recording.events()))
        shown = replay_view(folded[0], recording.timeline(), words=recording.words, characters={}, media=media)
        return msgspec.json.encode(shown)

    async def view(recordings: Recordings) -> bytes:
        media = await media_of(event_log, _NAME)
        async with recordings.opened(_NAME) as recording:
            return await asyncio.to_thread(encoded, recording, media)

    kept = Recordings(event_log)
    size = len(await view(kept))
    async with kept.opened(_NAME) as recording:
        memory, events = recording.bytes, len(recording.timeline().events)
        turn = recording.timeline().turns[-1].id

    async def seek() -> None:
        async with kept.opened(_NAME) as recording:
            recording.rows(recording.of_turn(turn, 200))

    async def detail() -> None:
        async with kept.opened(_NAME) as recording:
            recording.detail(recording.timeline().events[events // 2].id)

    return [
        await milliseconds(lambda: view(Recordings(event_log))),
        await longest_lag(lambda: view(Recordings(event_log))),
        await milliseconds(lambda: view(kept)),
        await milliseconds(seek),
        await milliseconds(detail),
        await milliseconds(lambda: MediaFiles(event_log).character_sound(_NAME, _SPEECH, _SAMPLES, ogg=False)),
        await milliseconds(lambda: MediaFiles(event_log).video(_NAME, _SPEECH, _SAMPLES)),
        f"{memory / (1 << 20):.0f}",
        f"{size / (1 << 20):.1f}",
    ]


async def main(lengths: Iterable[int]) -> None:
    print(machine(), "\n")
    head = (
        "events on the log", "open, ms", "loop waits, ms", "again, ms", "events of a turn, ms", "one event, ms",
        "a sound, ms", "its pictures, ms", "memory, MiB", "answer, MiB",
    )  # fmt: skip
    print(table(head, [await measure(length) for length in lengths]))


if __name__ == "__main__":
    asyncio.run(main([int(one) for one in sys.argv[1:]] or OTHERS))
