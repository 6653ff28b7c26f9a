"""Made-up event logs for the benchmarks, and how a server is filled with one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator
from itertools import islice

from bus import codec, subjects
from bus.events import (
    ConversationOpened,
    Event,
    Fact,
    FramesEnded,
    FramesStarted,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
    ToolCalled,
    ToolReturned,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
    VisemeMark,
)
from bus.log import streams
from bus.log.event_log import EventLog

TURNS = 20
"""In each conversation of `written`."""
OPEN_AT_ONCE = 50
"""Conversations of `spoken` that go on at the same time."""
LONG_TURNS = 400
"""In every tenth conversation of `spoken`; the others have `SHORT_TURNS`."""
SHORT_TURNS = 12
_WORDS = (
    "the", "house", "number", "river", "people", "counting", "a", "long", "time", "ago", "and", "it", "was", "never",
    "quite", "as", "simple", "morning", "light", "garden", "question", "answer", "because", "of", "weather", "train",
    "station", "music", "nobody", "would", "have", "said", "so", "today", "perhaps", "tomorrow", "again",
)  # fmt: skip
_BLOCK = 1000
"""Messages published for one acknowledgement."""
_BLOCKS_AHEAD = 4
"""Blocks that are not acknowledged yet: the server drops what it cannot keep up with beyond 10,000 messages."""


def written() -> Iterator[Event]:
    """Endless facts of one conversation after another: text messages, each with a reply of two spoken sentences."""
    number = 0
    while True:
        name, at = f"c{number}", number * 1_000_000
        bodies: list[tuple[str | None, Fact]] = [(None, ConversationOpened(person=f"p{number % 50}", character="ada"))]
        for turn in range(TURNS):
            bodies += [(f"t{number}-{turn}", body) for body in _written_turn(f"{number}-{turn}")]
        for place, (turn_id, body) in enumerate(bodies):
            yield Event(id=f"e{number}-{place}", at=at + place, conversation=name, turn=turn_id, body=body)
        number += 1


def _written_turn(name: str) -> Iterator[Fact]:
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


def spoken(*, open_at_once: int = OPEN_AT_ONCE) -> Iterator[Event]:
    """Endless facts as a busy system has them: conversations side by side, with voice, face and tools, some very long.

    Ids are as long as real ones, speeches have their visemes, and playback tells its progress once a second.
    """
    chance = random.Random(14)
    talks = [_talk(number, chance) for number in range(open_at_once)]
    number = open_at_once
    at = 0
    while True:
        place = chance.randrange(open_at_once)
        for conversation, turn, body in islice(talks[place], chance.randint(1, 4)):
            at += 1000
            yield fact_at(at, conversation, turn, body)
            break
        else:
            talks[place] = _talk(number, chance)
            number += 1


def _talk(number: int, chance: random.Random) -> Iterator[tuple[str, str | None, Fact]]:
    name = f"c{_id(number)}"
    yield name, None, ConversationOpened(person=f"p{number % 50}", character="ada")
    for turn in range(LONG_TURNS if number % 10 == 0 else SHORT_TURNS):
        turn_id = f"t{_id(number, turn)}"
        for body in spoken_turn(turn_id, chance):
            yield name, turn_id, body


def fact_at(at: int, conversation: str, turn: str | None, body: Fact) -> Event:
    """A fact with ids as long as real ones."""
    cause = _id(at - 1000) if turn else None
    return Event(id=_id(at), at=at, conversation=conversation, turn=turn, cause=cause, body=body)


def spoken_turn(turn: str, chance: random.Random) -> Iterator[Fact]:
    """The facts of a spoken turn, with an answer of one to four sentences."""
    utterance, session, reply = f"u{turn}", "s" + turn[1:9], _id(turn)
    yield UtteranceStarted(utterance=utterance, session=session)
    yield UtteranceEnded(utterance=utterance, samples=48_000, speech_ended=40_000, reason="silence")
    yield TranscriptFinal(utterance=utterance, text=_text(chance, 9), language="en", confidence=0.9)
    yield ReplyStarted(reply=reply, character="ada", engine="bench")
    if chance.random() < 0.1:
        yield ToolCalled(reply=reply, call="call00001", name="clock", arguments="{}")
        yield ToolReturned(reply=reply, call="call00001", result="It is late.")
    count = chance.randint(1, 4)
    for index in range(count):
        yield ReplySentence(reply=reply, index=index, text=_text(chance, 14), character="ada", emotion="happy")
        speech = _id(reply, index)
        yield SpeechStarted(speech=speech, reply=reply, index=index, character="ada", voice="female", engine="bench")
        yield FramesStarted(speech=speech, character="ada", engine="bench", width=512, height=512, fps=25, phase=3)
    yield ReplyEnded(reply=reply, sentences=count)
    for index in range(count):
        speech, seconds = _id(reply, index), chance.randint(2, 6)
        samples = seconds * 48_000
        marks = tuple(VisemeMark(sample=at, viseme="aa") for at in range(0, samples, 9600))
        yield SpeechEnded(speech=speech, reply=reply, index=index, samples=samples, visemes=marks)
        yield PlaybackStarted(session=session, speech=speech, reply=reply, index=index, video=True)
        for second in range(1, seconds):
            yield PlaybackProgress(session=session, speech=speech, reply=reply, index=index, samples=second * 48_000)
        yield FramesEnded(speech=speech, frames=seconds * 25)
        yield PlaybackFinished(
            session=session, speech=speech, reply=reply, index=index, samples=samples, complete=True,
            frames=seconds * 25,
        )  # fmt: skip


def _id(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words)).capitalize() + "."


LOGS = {"written, one after the other": written, "spoken, side by side": spoken}


async def fill(event_log: EventLog, events: Iterable[Event], *, old: bool = False) -> int:
    """Append facts to the log as fast as the server takes them, in order; returns the sequence of the last one.

    Args:
        old: as if it were minutes ago: the server remembers the ids of the last two minutes, in memory.
    Raises:
        RuntimeError: the server has dropped some.
    """
    nc = event_log.nc
    before = await event_log.last_sequence(streams.CONVERSATIONS)
    inbox = nc.new_inbox()
    acknowledged = await nc.subscribe(inbox)
    waiting, count = 0, 0
    name = "Visavis-Name" if old else "Nats-Msg-Id"  # as real facts have, and as long
    source = ((subjects.fact(one), codec.encode(one), {name: one.id}) for one in events)
    block = list(islice(source, _BLOCK))
    while block:
        for place, (subject, data, headers) in enumerate(block, 1):
            await nc.publish(subject, data, inbox if place == len(block) else "", headers)
        count += len(block)
        waiting += 1
        block = list(islice(source, _BLOCK))
        while waiting and (waiting >= _BLOCKS_AHEAD or not block):
            await acknowledged.next_msg(timeout=60)
            waiting -= 1
    await acknowledged.unsubscribe()
    last = await event_log.last_sequence(streams.CONVERSATIONS)
    if last != before + count:
        raise RuntimeError(f"{before + count - last} of {count} messages are missing")
    return last
