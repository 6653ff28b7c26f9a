"""Small fakes of the interfaces that services use: the reader of the log and the engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import cast

import numpy as np

from bus.channel_events import DeliveryQueued
from bus.errors import EngineError, NotFound, StreamStalled
from bus.events import (
    Body,
    CharacterCreated,
    CharacterEvent,
    Event,
    Fact,
    LiveBody,
    LiveEvent,
    Media,
    MediaT,
    VisemeMark,
    Word,
)
from bus.work.service import DeliveryOutput
from services.command_phrases import Phrase
from services.stt.engine import Transcript
from services.tts.engine import SpeechPiece, Voice


class FakeReader:
    """A `bus.work.service.Reader` over given messages; `asked` has the number of facts in each answer of `facts`."""

    def __init__(
        self,
        events: Sequence[tuple[int, Event]] = (),
        *,
        characters: Mapping[str, CharacterCreated] | None = None,
        media: Mapping[str, Sequence[Media]] | None = None,
        live: Mapping[str, LiveEvent] | None = None,
        deliveries: Sequence[DeliveryOutput] = (),
    ) -> None:
        self.events = list(events)
        self.asked: list[int] = []
        self.assets: dict[str, bytes] = {}
        self._characters = dict(characters or {})
        self._media = dict(media or {})
        self._live = dict(live or {})
        self._deliveries = {(one.channel, one.delivery): one.body for one in deliveries}

    async def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncIterator[MediaT]:
        for message in self._media.get(subject, ()):
            yield cast("MediaT", message)

    async def facts(self, conversation: str, *, after: int = 0) -> list[tuple[int, Event]]:
        found = [(seq, event) for seq, event in self.events if event.conversation == conversation and seq > after]
        self.asked.append(len(found))
        return found

    async def follow_facts(self, event: Event) -> AsyncIterator[tuple[int, Event]]:
        """Those that are there; then waits for ever, as the log does."""
        after = next(seq for seq, one in self.events if one.id == event.id)
        for seq, one in self.events:
            if one.conversation == event.conversation and seq > after:
                yield seq, one
        await asyncio.Event().wait()

    async def last_fact(self, conversation: str, kind: type[Body]) -> Event | None:
        of_kind = (one for _, one in self.events if one.conversation == conversation and isinstance(one.body, kind))
        return max(of_kind, key=lambda one: one.at, default=None)

    async def queued_delivery(self, channel: str, delivery: str) -> DeliveryQueued | None:
        return self._deliveries.get((channel, delivery))

    async def last_live(self, subject: str) -> LiveEvent | None:
        return self._live.get(subject)

    async def live_age(self, subject: str) -> float | None:
        return 0.0 if subject in self._live else None

    async def live(self, kind: type[LiveBody]) -> AsyncIterator[LiveEvent]:
        for one in self._live.values():
            if isinstance(one.body, kind):
                yield one

    async def last_media(self, kind: type[MediaT], subject: str) -> MediaT | None:
        messages = self._media.get(subject, ())
        return cast("MediaT", messages[-1]) if messages else None

    async def counts(self, stream: str, subject: str) -> Mapping[str, int]:
        return {subject: len(messages) for subject, messages in self._media.items()}

    async def character_facts(self, *, fresh: bool = True) -> list[CharacterEvent]:
        facts = enumerate(self._characters.items(), start=1)
        return [CharacterEvent(id=f"k{at}", at=at, character=name, body=created) for at, (name, created) in facts]

    async def asset(self, name: str) -> bytes:
        if name not in self.assets:
            raise NotFound(f"there is no asset {name}")
        return self.assets[name]


def event(body: Fact, *, at: int = 1, turn: str | None = None, conversation: str = "c", name: str = "") -> Event:
    """A fact as it is on the log; its id follows from `at` where no name is given."""
    return Event(id=name or f"e-{at}", at=at, conversation=conversation, turn=turn, body=body)


class StallingReader(FakeReader):
    """A reader whose media streams stall after the given messages."""

    async def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncIterator[MediaT]:
        async for message in super().follow(kind, subject):
            yield message
        raise StreamStalled(f"nothing came on {subject}")


class FakeTranscriber:
    """Recognises one word in every block of sound that is not silent; counts open transcriptions."""

    threads = 1

    def __init__(self, *, uses_prompt: bool = False, languages: Sequence[str] = ("en",)) -> None:
        self.uses_prompt = uses_prompt
        self._languages = languages
        self.prompts: list[str] = []
        self.phrases: list[tuple[Phrase, ...]] = []
        self.likely: list[str] = []
        self.opened = self.closed = 0
        self.blocks: list[bytes] = []

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> FakeTranscription:
        self.prompts.append(prompt)
        self.phrases.append(phrases)
        self.likely.append(likely)
        if language not in self._languages:
            raise EngineError(f"expected {', '.join(self._languages)}, got {language}", code="language_unsupported")
        self.opened += 1
        return FakeTranscription(self)


class FakeTranscription:
    def __init__(self, owner: FakeTranscriber) -> None:
        self._owner, self._words = owner, 0
        self._closed = False

    def push(self, pcm: bytes) -> str | None:
        self._owner.blocks.append(pcm)
        self._words += any(pcm)
        return "word " * self._words if any(pcm) else None

    def finish(self) -> Transcript:
        words = tuple(Word(text="word", start=float(n), end=n + 1.0) for n in range(self._words))
        return Transcript(" ".join(word.text for word in words), 0.5, words)

    def close(self) -> None:
        self._owner.closed += not self._closed
        self._closed = True


class FakeSynthesizer:
    """Synthesises a tone of 100 ms and a viseme for every letter; records its requests."""

    def __init__(self, *, fails_after: int | None = None, rate: int = 48_000) -> None:
        self._fails_after, self._rate = fails_after, rate
        self.asked: list[tuple[str, Voice, int]] = []
        self.made = self.dropped = 0

    def voice_for(self, voice: Voice) -> str:
        return f"fake/{voice.name}"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        self.asked.append((text, voice, seed))
        length = self._rate // 10
        tone = (np.sin(np.arange(length) / 10) * 8_000).astype(np.int16)
        try:
            for place, _ in enumerate(text):
                if place == self._fails_after:
                    raise EngineError("out of tones", retryable=True)
                self.made += 1
                shape = VisemeMark(place * length, "aa" if place % 2 else "PP")
                yield SpeechPiece(tone, self._rate, (shape,))
        finally:
            self.dropped += self.made < len(text)
