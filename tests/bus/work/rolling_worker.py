"""`python -m tests.bus.work.rolling_worker NAME`: one worker of a small service, as a process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

from bus.events import Event, MessageReceived, ReplyEnded, ReplySentence, ReplyStarted, SpeechEnded, SpeechStarted
from bus.work.runner import run_service_process
from bus.work.service import Output, Reader, Service

SENTENCES = 3


async def write(event: Event, reader: Reader) -> AsyncIterator[Output]:
    yield ReplyStarted(reply=f"r{event.turn}", character="ada", engine="slow")
    for index in range(SENTENCES):
        await asyncio.sleep(0.1)
        yield ReplySentence(reply=f"r{event.turn}", index=index, text="yes", character="ada")
    yield ReplyEnded(reply=f"r{event.turn}", sentences=SENTENCES)


async def speak(event: Event, reader: Reader) -> AsyncIterator[Output]:
    assert isinstance(event.body, ReplySentence)
    speech, reply, index = f"s{event.id}", event.body.reply, event.body.index
    yield SpeechStarted(speech=speech, reply=reply, index=index, character="ada", voice="v", engine="slow")
    await asyncio.sleep(0.1)
    yield SpeechEnded(speech=speech, reply=reply, index=index, samples=1)


SERVICES = {
    "dialogue": Service(name="dialogue", consumes=(MessageReceived,), handle=write, engine="slow"),
    "tts": Service(name="tts", consumes=(ReplySentence,), handle=speak, engine="slow"),
}

if __name__ == "__main__":
    sys.exit(run_service_process(lambda settings: SERVICES[sys.argv[1]]))
