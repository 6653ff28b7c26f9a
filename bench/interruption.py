"""How soon all services stop: from `reply.interrupted` on the log to the last message stored for that reply.

`python -m bench.interruption [--replies N]` starts the whole system with a slow language model, sends messages,
interrupts each reply while it is generated, spoken and rendered, and reads the times from the log. Work in progress
when the fact arrives, such as a batch of pictures, is still stored.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from bench.machine import machine, percentiles, table
from bus import codec, subjects
from bus.events import AudioOut, Event, FrameBatch, ReplyInterrupted, SpeechStarted
from bus.log import streams
from bus.log.event_log import EventLog, connect
from tests.chaos.deployment import Deployment
from tests.chaos.language_model import language_model
from tests.chaos.persons import Person

_WORKERS = ("stt", "dialogue", "tts", "render", "gateway")


async def measure(folder: Path, replies: int) -> list[dict[str, float]]:
    """For each reply, milliseconds from the interruption to the last fact, sound and picture; negative where that was
    stored before it."""
    chance = random.Random(1)
    async with language_model() as endpoint:
        deployment = Deployment(folder, endpoint, workers=_WORKERS)
        async with deployment.running(), connect(deployment.settings, name="bench") as event_log:
            person = Person(deployment.base, event_log, 1, 1, watches=True)
            await person.open()
            await person.take_turn(spoken=False)
            for _ in range(replies):
                await person.take_turn(spoken=False, interrupts=chance.uniform(0.3, 1.2))
                await asyncio.sleep(1)
            found = await _read(event_log, person.conversation)
            await person.close()
    return found


async def _read(event_log: EventLog, conversation: str) -> list[dict[str, float]]:
    facts: list[tuple[int, Event]] = []
    async for record in event_log.read(streams.CONVERSATIONS, subjects.facts_of(conversation)):
        facts.append((record.time, codec.decode_event(record.data)))
    turn_of = {event.body.speech: event.turn for _, event in facts if isinstance(event.body, SpeechStarted)}
    cut = {event.turn: time for time, event in facts if isinstance(event.body, ReplyInterrupted)}
    last: dict[str | None, dict[str, float]] = {turn: {} for turn in cut}

    def note(turn: str | None, kind: str, time: int) -> None:
        if turn in cut:
            last[turn][kind] = max(last[turn].get(kind, -1e9), (time - cut[turn]) / 1000)

    for time, event in facts:
        # A session publishes what it has played after the interruption, on purpose.
        if not isinstance(event.body, ReplyInterrupted) and not type(event.body).__name__.startswith("Playback"):
            note(event.turn, "facts", time)
    for stream, subject in (
        (streams.AUDIO, subjects.audio_out_of(conversation)),
        (streams.FRAMES, subjects.frames_of(conversation)),
    ):
        async for record in event_log.read(stream, subject):
            message = codec.decode_media(record.data)
            if isinstance(message, AudioOut | FrameBatch):
                kind = "sound" if isinstance(message, AudioOut) else "pictures"
                note(turn_of.get(message.speech), kind, record.time)
    return list(last.values())


def report(found: list[dict[str, float]]) -> list[str]:
    rows = []
    for kind in ("facts", "sound", "pictures"):
        values = [one[kind] for one in found if kind in one]
        after = [max(0.0, value) for value in values]
        if values:
            median, high = percentiles(after, 50, 95)
            late = sum(value > 0 for value in values)
            rows.append([kind, f"{median:.0f}", f"{high:.0f}", f"{max(after):.0f}", f"{late} of {len(values)}"])
    return [table(["ms after the interruption until the last of", "p50", "p95", "max", "any came after it"], rows)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=30)
    arguments = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder), arguments.replies))
    print(f"{where}\n")
    print("\n".join(report(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
