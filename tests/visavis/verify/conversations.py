"""Conversations for tests, made by the microphone and the floor of a session without a network."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, cast

from msgspec.structs import replace

from bus.events import (
    OPUS_FRAME,
    AudioOut,
    Body,
    ConversationOpened,
    Event,
    FrameBatch,
    MessageReceived,
    PlaybackFinished,
    ReplyEnded,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SessionOpened,
    SpeechStarted,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.ids import derive_id, reply_id
from projections.conversation import Conversation, fold_all, heard_messages, text_heard
from projections.history_digest import history_digest
from services.gateway.listening.endpointing import WINDOW, Endpointer
from services.gateway.listening.microphone import Microphone
from services.gateway.listening.onset import SURE
from services.gateway.listening.sentence_end import end_probability
from services.gateway.playing.floor import Floor
from services.gateway.playing.idle_loops import IdleLoop
from services.gateway.playing.playback_events import PlaybackEvents
from services.gateway.playing.playout import PlayoutEvent

Fact = tuple[int, Event]
SESSION = "s1"


class _Detector:
    """The level of the first sample is the probability, in thousandths."""

    window = WINDOW
    onset = SURE

    def probability(self, window: bytes) -> float:
        return int.from_bytes(window[:2], "little", signed=True) / 1000


class _TurnEnd:
    """Judges at once."""

    def judge(self, pcm: bytes) -> Future[float]:
        future: Future[float] = Future()
        future.set_result(0.123456 + 0.7 * (len(pcm) // 2 % 3) / 3)
        return future


class _Log:
    """Keeps what is appended."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def append(self, event: Event) -> int:
        self.events.append(event)
        return len(self.events)

    async def publish_media(self, *_: object, **__: object) -> None:
        pass

    async def publish_live(self, *_: object) -> None:
        pass


_SAID = ("what", "what is", "what is the time", "what is the time in rome", "let me think", "yes", "of the")


async def heard(seed: int = 1, phrases: int = 4, said: Sequence[str] = _SAID) -> list[Event]:
    """What a microphone puts on the log of some phrases with pauses, by chance."""
    chance, event_log = random.Random(seed), _Log()
    endpointer = Endpointer(500, language="en", window=WINDOW, end_probability=end_probability("en"), onset=SURE)
    microphone = Microphone(
        cast("Any", event_log), "c1", "en", _Detector(), endpointer, cast("Any", _TurnEnd()), muted_after=60
    )
    running = asyncio.create_task(microphone.run(SESSION))
    await asyncio.sleep(0)
    for _ in range(phrases):
        for _ in range(chance.randint(1, 3)):
            for probable, windows in ((0.05, chance.randint(3, 12)), (0.95, chance.randint(8, 30))):
                for number in range(windows):
                    level = round(1000 * min(max(chance.gauss(probable, 0.1), 0.0), 1.0))
                    microphone.push_pcm(level.to_bytes(2, "little", signed=True) * WINDOW)
                    if number % 5 == 4:
                        microphone.set_partial(chance.choice(said))
                    await asyncio.sleep(0)
            microphone.set_partial(chance.choice(said))
        for _ in range(chance.choice([20, 60, 90])):
            microphone.push_pcm(bytes(2 * WINDOW))
            await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return event_log.events


class Call:
    """A session that plays replies to one conversation; its facts in order."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.floor = Floor()
        self._events = PlaybackEvents("c1", SESSION)
        self._coming: deque[AudioOut] = deque()
        self.floor.set_idle_loop(IdleLoop("ada", "1", (b"i",), (0,)))
        self.add(ConversationOpened(person="p1", character="ada"))
        self.add(SessionOpened(session=SESSION))

    def add(self, body: Body, turn: str | None = None, cause: str | None = None) -> Event:
        """Append a fact."""
        seq = len(self.facts) + 1
        event = Event(
            id=derive_id("c1", seq), at=seq * 50_000, conversation="c1", turn=turn, cause=cause, body=cast("Any", body)
        )
        self.append(event)
        return event

    def append(self, event: Event) -> None:
        """Append an event that somebody else made."""
        seq = len(self.facts) + 1
        self.facts.append((seq, replace(event, at=seq * 50_000)))

    def ask(self, text: str, turn: str, sentences: Sequence[str]) -> str:
        """A written message and its answer; returns the reply."""
        words = self.add(MessageReceived(message=f"m-{turn}", text=text), turn=turn)
        return self.answer(words, sentences)

    def answer(self, words: Event, sentences: Sequence[str]) -> str:
        """The answer to words; returns the reply."""
        reply = reply_id(words.id)
        known = fold_all(Conversation(id="c1"), self.facts)
        history = history_digest(heard_messages(known, before_turn=words.turn))
        started = ReplyStarted(reply=reply, character="ada", engine="e", language="en", history=history)
        self.add(started, turn=words.turn, cause=words.id)
        for index, text in enumerate(sentences):
            sentence = ReplySentence(reply=reply, index=index, text=text, character="ada")
            self.add(sentence, turn=words.turn, cause=words.id)
        self.add(ReplyEnded(reply=reply, sentences=len(sentences)), turn=words.turn, cause=words.id)
        return reply

    def speak(self, reply: str, index: int, packets: int, frames: int, *, turn: str) -> str:
        """A speech whose pictures arrive at once, and its sound by and by; returns its id."""
        speech = f"{reply[:8]}-{index}"
        body = SpeechStarted(speech=speech, reply=reply, index=index, character="ada", voice="v", engine="e")
        self.floor.add_speech(self._events.add_speech(self.add(body, turn=turn)))
        for number, first in enumerate(range(0, packets, 10)):
            count = min(10, packets - first)
            self._coming.append(
                AudioOut(
                    conversation="c1", speech=speech, index=number, sample=first * OPUS_FRAME, packets=(b"x",) * count,
                    final=first + count == packets,
                )
            )  # fmt: skip
        for number, first in enumerate(range(0, frames, 5)):
            units = (b"f",) * min(5, frames - first)
            self.floor.add_frames(
                FrameBatch(conversation="c1", speech=speech, index=number, frame=first, fps=25, phase=0, units=units)
            )
        return speech

    def run(self, ticks: int) -> None:
        """Play for so many ticks of 20 ms."""
        for _ in range(ticks):
            if self._coming:
                self.floor.add_audio(self._coming.popleft())
            for one in self.floor.tick().events:
                self._report(one)

    def interrupt(self, reply: str, turn: str) -> None:
        """What the gateway does where words interrupt."""
        finished = self.floor.interrupt(reply)
        if finished is not None:
            self._report(finished)
        text = text_heard(fold_all(Conversation(id="c1"), self.facts), reply, listened=True)
        self.add(ReplyInterrupted(reply=reply, heard=text, by="speech"), turn=turn)
        self.floor.resume()

    def _report(self, event: PlayoutEvent) -> None:
        self.append(self._events.event(event, self.floor.take_trace()))


async def spoken_call() -> list[Fact]:
    """A call in which a voice is paused by "okay", goes on, and is then interrupted."""
    call, turn = Call(), "t1"
    phrases = [*await heard(seed=3, phrases=1, said=["okay"]), *await heard(seed=3, phrases=5)]
    reply = call.ask("tell me a story", "t1", ["Once there was a ship.", "It sailed far.", "It never came back."])
    for index in range(3):
        call.speak(reply, index, 120, 0 if index == 2 else 55, turn="t1")
    call.run(40)
    starts = [one for one in phrases if isinstance(one.body, UtteranceStarted)]
    ends = [one for one in phrases if isinstance(one.body, UtteranceEnded)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        assert isinstance(end.body, UtteranceEnded)
        assert end.body.trace is not None
        call.append(start)
        call.floor.start_utterance(end.body.utterance, start.turn)
        verdict, text = "wait", ""
        for partial in end.body.trace.partials:
            text = text[: partial.kept] + partial.text
            if call.floor.judge_partial(end.body.utterance, text) == "interrupt" and verdict == "wait":
                verdict = "interrupt"
                call.interrupt(reply, turn)
            call.run(3)
        call.append(end)
        text = "what is the time in rome"
        final = TranscriptFinal(
            utterance=end.body.utterance, text=text if number else "okay", language="en", confidence=0.9
        )
        words = call.add(final, turn=start.turn, cause=end.id)
        if call.floor.judge_final(end.body.utterance, final.text) != "wait":
            call.floor.resume()
        if number:
            turn = str(start.turn)
            reply = call.answer(words, [f"You said {text}.", "And more of it."])
            for index in range(2):
                call.speak(reply, index, 60, 25 * index, turn=turn)
        call.run(50)
    call.run(300)
    assert any(isinstance(one.body, PlaybackFinished) and one.body.complete for _, one in call.facts)
    return call.facts
