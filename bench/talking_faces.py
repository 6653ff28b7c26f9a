"""Faces that talk at once, drawn by the render service alone: whether each picture is there when it is due."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.machine import cpu_seconds, descendants, table
from bench.server import server
from bus import clock, codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.events import SPEECH_RATE, AudioOut, FrameBatch, SpeechStarted, Watching
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.process.discovery import discover
from bus.settings import PREFIX, read_settings
from bus.stamping import new_event, new_live_event
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.tts.chunker import SpeechChunker
from services.tts.engine import SpeechPiece
from visavis.up import publish_builtin_characters

SECONDS = 8
"""Of each speech."""
_START = 60.0
_PLAYBACK = 0.3
"""Seconds after its beginning at which a speech is played at the latest."""
_REPEATED = 150
"""Bytes; a picture that is the one before takes less, and one that was drawn more."""


@dataclass
class Drawn:
    """The pictures of one speech as they came."""

    sizes: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    """When each was stored, seconds since 1970."""
    is_key: list[bool] = field(default_factory=list)
    over: bool = False

    def add(self, batch: FrameBatch, stored: float) -> None:
        self.sizes += map(len, batch.units)
        self.at += [stored] * len(batch.units)
        self.is_key += [place == 0 for place in range(len(batch.units))]
        self.over = batch.final

    def late(self, began: float) -> int:
        """How many were not there when they were due, where the voice waits for no picture but the first."""
        start = min(self.at[0], began + _PLAYBACK)
        return sum(at > start + place / 25 for place, at in enumerate(self.at))

    @property
    def drawn(self) -> int:
        """How many are not the one before."""
        return sum(key or size > _REPEATED for key, size in zip(self.is_key, self.sizes, strict=True))


def speech(conversation: str, name: str) -> list[AudioOut]:
    """The sound of a speech: a tone that rises and falls as words do."""
    time = np.arange(SECONDS * SPEECH_RATE) / SPEECH_RATE
    level = 6000 * (0.55 + 0.45 * np.sin(2 * np.pi * 3.1 * time))
    samples = (level * np.sin(2 * np.pi * 180 * time)).astype(np.int16)
    chunker = SpeechChunker(conversation, name)
    return [*chunker.push(SpeechPiece(samples, SPEECH_RATE)), *chunker.finish()]


async def _ready(event_log: EventLog, workers: int) -> None:
    async with asyncio.timeout(_START):
        while len(await discover(event_log)) < workers:  # noqa: ASYNC110 - another process tells it when asked
            await asyncio.sleep(0.3)
        while True:  # until all characters have their idle loops
            info = await event_log.js.stream_info(streams.IDLE, subjects_filter=subjects.ALL_IDLE_FRAMES)
            if len(info.state.subjects or {}) >= len(BUILTIN_CHARACTERS):
                break
            await asyncio.sleep(0.3)
    await asyncio.sleep(3.0)


async def measure_faces(numbers: Sequence[int], workers: int) -> str:
    """Let so many faces talk at once, one number after the other; returns a Markdown table."""
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        base = {f"{PREFIX}NATS_URL": url, f"{PREFIX}DATA": folder, f"{PREFIX}RENDER_PORT": "0"}
        base |= {f"{PREFIX}FRAMES_BYTES": str(256 << 20), f"{PREFIX}AUDIO_BYTES": str(256 << 20)}
        async with connect(read_settings(base), name="bench") as event_log:
            await publish_builtin_characters(event_log)
            started = [
                await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "services.render", env={**os.environ, **base},
                    stderr=asyncio.subprocess.DEVNULL,
                )
                for _ in range(workers)
            ]  # fmt: skip
            try:
                await _ready(event_log, workers)
                pids = [pid for one in started for pid in descendants(one.pid)]
                for number in numbers:
                    rows.append(await _talk(event_log, number, pids))
                    print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
            finally:
                for one in started:
                    one.terminate()
                await asyncio.gather(*(one.wait() for one in started))
    head = [
        "faces", "drawn a second by all", "shown of 25 a second by each", "late, %", "first picture, ms: median",
        "longest", "ms of a core a picture", "cores",
    ]  # fmt: skip
    return table(head, rows)


async def _talk(event_log: EventLog, number: int, pids: Sequence[int]) -> list[str]:
    names = [f"talk{number}-{place}-{clock.now()}" for place in range(number)]
    found = {name: Drawn() for name in names}
    after = await event_log.last_sequence(streams.FRAMES)
    characters = list(BUILTIN_CHARACTERS)
    for name in names:
        for chunk in speech(name, f"s-{name}"):
            await event_log.publish_media(chunk, f"s-{name}-{chunk.index}")

    async def watch() -> None:
        while True:
            for name in names:
                await event_log.publish_live(new_live_event(Watching(session="w"), conversation=name))
            await asyncio.sleep(2)

    async def listen() -> None:
        async for record in event_log.read(streams.FRAMES, "frames.*.*", after=after, follow=True):
            raise_if_cancelled()
            batch = codec.decode_media(record.data)
            if isinstance(batch, FrameBatch) and batch.conversation in found:
                found[batch.conversation].add(batch, record.time / 1e6)
                if all(one.over for one in found.values()):
                    return

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.5)
    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.3)
    spent, began = cpu_seconds(pids), clock.now() / 1e6
    for place, name in enumerate(names):
        body = SpeechStarted(
            speech=f"s-{name}", reply=f"r-{name}", index=0, character=characters[place % len(characters)],
            voice="female", engine="bench", emotion="neutral",
        )  # fmt: skip
        await event_log.append(new_event(body, conversation=name, turn="t1"))
    async with asyncio.timeout(120):
        await listening
    spent = cpu_seconds(pids) - spent
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    everyone = list(found.values())
    took = max(one.at[-1] for one in everyone) - began
    drawn, shown = sum(one.drawn for one in everyone), sum(len(one.sizes) for one in everyone)
    late = sum(one.late(began) for one in everyone)
    first = sorted(one.at[0] - began for one in everyone)
    return [
        str(number), f"{drawn / took:.0f}", f"{25 * drawn / shown:.1f}", f"{100 * late / shown:.1f}",
        f"{1000 * first[len(first) // 2]:.0f}", f"{1000 * first[-1]:.0f}", f"{1000 * spent / drawn:.1f}",
        f"{spent / took:.2f}",
    ]  # fmt: skip
