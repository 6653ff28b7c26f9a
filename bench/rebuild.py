"""Rebuilding the read model from the log: events per second, and memory of a process of its own."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.machine import table
from bench.server import server
from bus import codec, subjects
from bus.events import (
    ConversationOpened,
    Event,
    Fact,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
)
from bus.log import streams
from bus.log.event_log import connect
from bus.settings import Settings
from projections.__main__ import rebuild
from projections.read_model import ReadModel

TURNS = 20
"""In each conversation."""
_PENDING = 512
"""Publications that are not acknowledged yet."""


def conversations() -> Iterator[Event]:
    """Endless facts of one conversation after another: text messages, each with a reply of two spoken sentences."""
    number = 0
    while True:
        name, at = f"c{number}", number * 1_000_000
        bodies: list[tuple[str | None, Fact]] = [(None, ConversationOpened(person=f"p{number % 50}", character="ada"))]
        for turn in range(TURNS):
            bodies += [(f"t{number}-{turn}", body) for body in _turn(f"{number}-{turn}")]
        for place, (turn_id, body) in enumerate(bodies):
            yield Event(id=f"e{number}-{place}", at=at + place, conversation=name, turn=turn_id, body=body)
        number += 1


def _turn(name: str) -> Iterator[Fact]:
    reply = f"r{name}"
    yield MessageReceived(message=f"m{name}", text=f"What can you tell me about number {name}?")
    yield ReplyStarted(reply=reply, character="ada", engine="bench")
    texts = ("It is a number like any other.", "People have counted with it for a long time, and go on doing so.")
    for index, text in enumerate(texts):
        yield ReplySentence(reply=reply, index=index, text=text, character="ada")
    yield ReplyEnded(reply=reply, sentences=2)
    for index in range(2):
        speech = f"s{name}-{index}"
        yield SpeechStarted(speech=speech, reply=reply, index=index, character="ada", voice="v", engine="bench")
        yield SpeechEnded(speech=speech, reply=reply, index=index, samples=96_000)
        yield PlaybackStarted(session="w", speech=speech, reply=reply, index=index, video=True)
        yield PlaybackFinished(session="w", speech=speech, reply=reply, index=index, samples=96_000, complete=True)


async def measure_rebuild(count: int) -> str:
    """Fill a log with `count` events and rebuild the read model from it; returns a Markdown table."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        settings = Settings(nats_url=url, data=folder, audio_bytes=64 << 20, frames_bytes=64 << 20)
        async with connect(settings, name="bench") as event_log:
            events = islice(conversations(), count)
            js = event_log.nc.jetstream(timeout=30, publish_async_max_pending=_PENDING)
            while some := list(islice(events, 10_000)):
                for one in some:
                    await js.publish_async(subjects.fact(one), codec.encode(one), wait_stall=30)
                await js.publish_async_completed()
            state = (await event_log.js.stream_info(streams.CONVERSATIONS)).state
        command = [sys.executable, "-m", "bench.rebuild", url, folder]
        child = await asyncio.to_thread(subprocess.run, command, check=True, stdout=subprocess.PIPE)
    found = json.loads(child.stdout)
    row = [
        f"{state.messages:,}",
        f"{found['conversations']:,}",
        f"{state.messages / found['seconds']:,.0f}",
        f"{found['before']:.0f}",
        f"{found['peak']:.0f}",
        f"{found['file']:.0f}",
    ]
    head = ("events", "conversations", "events a second", "memory before, MiB", "at the most, MiB", "file, MiB")
    return table(head, [row])


async def rebuild_once(url: str, folder: Path) -> dict[str, float]:
    """Rebuild in this process; returns seconds, MiB of memory and file, and the number of conversations."""
    settings = Settings(nats_url=url, data=str(folder), audio_bytes=64 << 20, frames_bytes=64 << 20)
    path = folder / "model.sqlite"
    async with connect(settings, name="bench", update_streams=False) as event_log:
        model = ReadModel(path)
        before, began = _peak(), time.perf_counter()
        await rebuild(event_log, model)
        took = time.perf_counter() - began
    conversations = len(model.all_conversations())
    peak = _peak()
    model.close()
    size = path.stat().st_size / (1 << 20)
    return {"seconds": took, "before": before, "peak": peak, "file": size, "conversations": conversations}


def _peak() -> float:
    """Peak memory of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(rebuild_once(sys.argv[1], Path(sys.argv[2])))))
