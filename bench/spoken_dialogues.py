"""Spoken dialogues from microphone to play-out, judged from the log: `python -m bench.spoken_dialogues [--only NAME]`.

Starts the whole system with the engines that people use, plays each script of `bench.spoken_scripts` through a light
WebRTC peer in a conversation of its own, and prints which scripts pass. The person's words are spoken by one of
Kokoro's men, whom the avatar does not use; coughs are noise.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from bench.barge_in import all_played, has, until
from bench.machine import machine, table
from bench.peer import Peer
from bench.spoken_scripts import SCRIPTS, Script, Step, Turn, turns_of
from bench.turn import ENGINES
from bus.events import (
    SPEECH_RATE,
    Event,
    PlaybackStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceStarted,
)
from bus.log.event_log import EventLog
from bus.settings import read_settings
from services.audio import Samples, resample
from services.tts import __main__ as tts
from services.tts.engine import Synthesizer, Voice
from tests import real_models
from tests.e2e.stack import Stack

_PERSON = Voice(name="am_michael")
_QUIET = 2.0
"""Seconds without a new fact, after which nothing more is expected."""
_PATIENCE = 60.0
_RETAKE = 0.05


class Person:
    """Speaks with a voice of its own."""

    def __init__(self, engine: Synthesizer) -> None:
        self.speech = lru_cache(maxsize=None)(lambda text: _spoken(engine, text))

    def cough(self) -> Samples:
        """Two bursts of noise: [n], 48 kHz."""
        random = np.random.default_rng(7)
        burst = random.normal(0, 6_000, SPEECH_RATE // 8) * np.hanning(SPEECH_RATE // 8)
        pause = np.zeros(SPEECH_RATE // 10)
        return np.concatenate([burst, pause, burst]).clip(-32_768, 32_767).astype(np.int16)


def _spoken(engine: Synthesizer, text: str) -> Samples:
    """A sentence with its pauses: [n], 48 kHz."""
    parts: list[Samples] = []
    for number, part in enumerate(re.split(r"\[([\d.]+)\]", text)):
        if number % 2:
            parts.append(np.zeros(round(float(part) * SPEECH_RATE), np.int16))
        else:
            pieces = list(engine.speak(part.strip(), _PERSON, 1))
            parts += [resample(piece.samples, piece.rate, SPEECH_RATE) for piece in pieces]
    return np.concatenate(parts)


async def play(script: Script, stack: Stack, event_log: EventLog, person: Person) -> list[Turn]:
    """The turns that are on the log after the last reply to the script."""
    peer = Peer(stack.url)
    await peer.connect()
    try:
        await asyncio.sleep(1.5)
        for step in script.steps:
            await _wait(step, event_log, peer.conversation)
            await _act(step, peer, person)
        return turns_of(await _settled(event_log, peer.conversation))
    finally:
        await peer.close()


async def _wait(step: Step, event_log: EventLog, conversation: str) -> None:
    if step.when == "all played":
        await _settled(event_log, conversation)
    elif step.when == "playing":
        await until(event_log, conversation, 0, lambda events: has(events, PlaybackStarted))
    await asyncio.sleep(step.delay)


async def _act(step: Step, peer: Peer, person: Person) -> None:
    match step.action:
        case "say":
            await peer.say(person.speech(step.text))
        case "cough":
            await peer.say(person.cough())
        case "write":
            await peer.write(step.text)
        case "press stop":
            await peer.interrupt()


async def _settled(event_log: EventLog, conversation: str) -> list[Event]:
    """The events, once all replies were played and nothing has been said for a while."""
    loop = asyncio.get_running_loop()
    known, since = -1, loop.time()
    async with asyncio.timeout(_PATIENCE):
        while True:
            events = await _events(event_log, conversation)
            if len(events) != known:
                known, since = len(events), loop.time()
            if loop.time() - since > _QUIET and all_played(events) and not _is_heard(events):
                return events
            await asyncio.sleep(_RETAKE)


def _is_heard(events: list[Event]) -> bool:
    """Whether something that was said has not been transcribed yet: its end may be waited for longer than that."""
    begun = {event.body.utterance for event in events if isinstance(event.body, UtteranceStarted)}
    done = {event.body.utterance for event in events if isinstance(event.body, TranscriptFinal | UtteranceDiscarded)}
    return begun > done


async def _events(event_log: EventLog, conversation: str) -> list[Event]:
    return [event for _, event in await event_log.facts(conversation)]


async def run(scripts: list[Script], stack: Stack, person: Person) -> dict[str, list[str]]:
    """What is wrong with each script, by its name."""
    results: dict[str, list[str]] = {}
    async with stack.event_log() as event_log:
        for script in scripts:
            try:
                turns = await play(script, stack, event_log, person)
                results[script.name] = [wrong for check in script.checks if (wrong := check(turns))]
            except TimeoutError:
                results[script.name] = ["a reply was not played to its end"]
            print(f"{script.name}: {'; '.join(results[script.name]) or 'passed'}", file=sys.stderr, flush=True)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", help="a script's name, several times; else all")
    arguments = parser.parse_args()
    scripts = [script for script in SCRIPTS if not arguments.only or script.name in arguments.only]
    where = machine()
    settings = read_settings({**os.environ, "VISAVIS_MODELS": real_models.SETTINGS.models})
    kokoro = next(option for option in tts.ENGINES if option.name == "kokoro")
    person = Person(kokoro.load(settings))
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), **ENGINES["moonshine, hibari"])
        try:
            stack.start()
            results = asyncio.run(run(scripts, stack, person))
        finally:
            stack.close()
    passed = sum(not wrong for wrong in results.values())
    print(f"Machine: {where}\n\n{passed} of {len(results)} dialogues pass.\n")
    print(
        table(["dialogue", "", "what was wrong"], ([n, "no" if w else "yes", "; ".join(w)] for n, w in results.items()))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
