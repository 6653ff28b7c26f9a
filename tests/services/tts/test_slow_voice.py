"""A voice that is slower than the person: sentences of interrupted replies hold up nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress

from bus.events import CharacterCreated, CharacterEvent, Event, ReplyInterrupted, ReplySentence, SpeechEnded, StepFailed
from bus.log.event_log import EventLog
from bus.work.runner import Runner
from services.tts.engine import SpeechPiece, Voice
from services.tts.service import service
from tests.fakes import FakeSynthesizer

STALE = 3
"""Replies that are interrupted while their voice is being made; more would not fit into the threads of the service."""


class StuckVoice(FakeSynthesizer):
    """Takes for ever for every sentence but "newest"."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.free = threading.Event()

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        if not text.startswith("newest"):
            self.begun += 1
            self.free.wait()
        yield from super().speak(text, voice, seed)


def sentence(turn: str, text: str) -> Event:
    body = ReplySentence(reply=f"r{turn}", index=0, text=text, character="ada")
    return Event(id=f"s{turn}", at=1, conversation="c1", turn=turn, body=body)


async def test_the_newest_reply_is_voiced_while_interrupted_ones_are_stuck(event_log: EventLog) -> None:
    ada = CharacterCreated(name="Ada", tagline="", personality="", greeting="", look="ada", voice="female")
    await event_log.append_character(CharacterEvent(id="x", at=1, character="ada", body=ada))
    voice = StuckVoice()
    worker = asyncio.create_task(Runner(event_log, service(voice, "fake")).run())
    try:
        async with asyncio.timeout(30):
            for number in range(STALE):
                await event_log.append(sentence(f"t{number}", "stale"))
                while voice.begun <= number:
                    await asyncio.sleep(0.01)
                cut = ReplyInterrupted(reply=f"rt{number}", heard="", by="message")
                await event_log.append(Event(id=f"x{number}", at=2, conversation="c1", turn=f"t{number}", body=cut))
            await event_log.append(sentence("newest", "newest"))
            while not [one for _, one in await event_log.facts("c1") if isinstance(one.body, SpeechEnded)]:
                await asyncio.sleep(0.01)
        facts = [one for _, one in await event_log.facts("c1")]
    finally:
        voice.free.set()
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
    assert [one.turn for one in facts if isinstance(one.body, SpeechEnded)] == ["newest"]
    assert not [one for one in facts if isinstance(one.body, StepFailed)]
