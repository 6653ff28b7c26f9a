"""Every worker of every service is restarted in turn while people talk: `python -m tests.chaos.rolling` does the same
with the real services and gateways."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process

from bus.events import Event, MessageReceived, ReplyEnded, ReplySentence, ReplyStarted, SpeechEnded, SpeechStarted
from bus.log.event_log import EventLog
from bus.settings import Settings
from tests.bus.work.helpers import message_event, read_until
from tests.bus.work.rolling_worker import SENTENCES, SERVICES

CONVERSATIONS = ("c1", "c2", "c3")


async def start(name: str, settings: Settings) -> Process:
    """Start one worker, and wait until it takes work."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("VISAVIS_")},
        "VISAVIS_NATS_URL": settings.nats_url,
        "VISAVIS_AUDIO_BYTES": str(settings.audio_bytes),
        "VISAVIS_FRAMES_BYTES": str(settings.frames_bytes),
        f"VISAVIS_{name.upper()}_PORT": "0",
    }
    command = [sys.executable, "-m", "tests.bus.work.rolling_worker", name]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=PIPE)
    assert process.stderr is not None
    while b"ready" not in await process.stderr.readline():
        assert process.returncode is None
    return process


async def talk(event_log: EventLog, conversation: str, until: asyncio.Event) -> int:
    """Send messages, each before the one before it is answered; returns how many."""
    number = 0
    while not until.is_set():
        number += 1
        await event_log.append(message_event(number, conversation))
        while not until.is_set():
            answered = await event_log.last_fact(conversation, ReplyEnded)
            if number == 1 or (answered is not None and answered.turn in (f"t{number - 1}", f"t{number}")):
                break
            await asyncio.sleep(0.05)
    return number


def shape(events: list[Event]) -> list[tuple[str, int]]:
    """The kinds of a turn's facts in a fixed order, with their places."""
    return sorted((type(event.body).__name__, getattr(event.body, "index", 0)) for event in events)


async def test_every_turn_is_whole_while_each_worker_is_restarted_in_turn(
    event_log: EventLog, settings: Settings
) -> None:
    done = asyncio.Event()
    places = range(SENTENCES)
    kinds = (ReplySentence, SpeechStarted, SpeechEnded)
    whole = sorted(
        [(kind.__name__, 0) for kind in (MessageReceived, ReplyStarted, ReplyEnded)]
        + [(kind.__name__, index) for kind in kinds for index in places]
    )
    names = [*SERVICES] * 2
    workers = await asyncio.gather(*(start(name, settings) for name in names))
    statuses: list[int] = []
    try:
        talking = [asyncio.create_task(talk(event_log, one, done)) for one in CONVERSATIONS]
        for place, name in enumerate(names):
            await asyncio.sleep(0.3)
            workers[place].terminate()
            statuses.append(await workers[place].wait())
            workers[place] = await start(name, settings)
        done.set()
        counts = await asyncio.gather(*talking)
        conversations = [
            await read_until(event_log, SpeechEnded, count * SENTENCES, name)
            for name, count in zip(CONVERSATIONS, counts, strict=True)
        ]
    finally:
        for worker in workers:
            worker.terminate()
        statuses += await asyncio.gather(*(worker.wait() for worker in workers))
    assert statuses == [0] * 8
    for events, count in zip(conversations, counts, strict=True):
        turns = [f"t{number}" for number in range(1, count + 1)]
        assert [event.turn for event in events if isinstance(event.body, ReplyEnded)] == turns
        assert [shape([event for event in events if event.turn == turn]) for turn in turns] == [whole] * count
