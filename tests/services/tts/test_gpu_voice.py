"""Sentences while the graphics card is full or lost: none is lost, none is doubled, and none has two voices.

The card is a double that raises torch's own errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from msgspec import structs

from bus import subjects
from bus.events import OPUS_FRAME, AudioOut, CharacterCreated, ReplySentence, SpeechEnded, SpeechStarted
from bus.ids import derive_id
from services.gpu_faults import PAUSES, GpuUse
from services.models.deferred import Deferred
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.engines.gpu_engine import GpuEngine
from services.tts.service import SentenceSynthesizer
from tests.fakes import FakeReader, FakeSynthesizer, event
from tests.services.test_gpu_faults import Clock

ADA = CharacterCreated(name="Ada", tagline="", personality="", greeting="", look="ada", voice="female")
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
LOST = torch.AcceleratorError("CUDA error: device-side assert triggered\nCompile with `TORCH_USE_CUDA_DSA`")
TEXT = "abcdefghij"
SPEECH = derive_id("e", "speech", TEXT)
LETTER = 4_800
"""Samples of a letter in a fake voice."""


class Card(FakeSynthesizer):
    """Fails so many times in each sentence, after so many letters."""

    def __init__(self, error: Exception, letters: int, times: int = 1) -> None:
        super().__init__(rate=24_000)
        self.error, self.letters, self.times = error, letters, times

    def voice_for(self, voice: Voice) -> str:
        return "xtts/ada"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        for place, piece in enumerate(super().speak(text, voice, seed)):
            if place == self.letters and self.times > 0:
                self.times -= 1
                raise self.error
            yield piece


class Spoken:
    """The outputs for one sentence."""

    def __init__(self, outputs: list[Any]) -> None:
        self.started, *chunks, self.ended = outputs
        assert isinstance(self.started, SpeechStarted)
        assert isinstance(self.ended, SpeechEnded)
        self.chunks: list[AudioOut] = chunks
        assert [chunk.index for chunk in chunks] == list(range(chunks[0].index, chunks[0].index + len(chunks)))
        assert [chunk.final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
        self.packets = [packet for chunk in chunks for packet in chunk.packets]


class System:
    """The service with a voice on the card and one on the processor."""

    def __init__(self, card: Card) -> None:
        self.clock = Clock()
        self.use = GpuUse(clock=self.clock)
        self.card, self.processor = card, FakeSynthesizer()
        engine = GpuEngine(Deferred.ready(card, "m"), self.processor, "fake", self.use, again_after=0.0)
        self.engine: Synthesizer = engine

    async def say(self, text: str = TEXT, reader: FakeReader | None = None, *, name: str = "e") -> Spoken:
        body = ReplySentence(reply="r", index=0, text=text, character="ada")
        reader = reader or FakeReader(characters={"ada": ADA})
        handler = SentenceSynthesizer(self.engine, "xtts")
        return Spoken([output async for output in handler(event(body, turn="t", name=name), reader)])

    @property
    def asked(self) -> tuple[int, int]:
        """Sentences that the card and the processor were asked for."""
        return len(self.card.asked), len(self.processor.asked)


async def undisturbed() -> tuple[Spoken, Spoken]:
    """The sentence by the card, and by the processor."""
    by_card, by_processor = System(Card(FULL, 0, times=0)), System(Card(LOST, 0, times=9))
    return await by_card.say(), await by_processor.say()


@pytest.mark.parametrize(("error", "cause"), [(FULL, "full"), (LOST, "lost")])
async def test_a_sentence_that_has_not_begun_is_spoken_by_the_processor(error: Exception, cause: str) -> None:
    system = System(Card(error, 0, times=1))
    _, by_processor = await undisturbed()
    first = await system.say()
    assert (first.packets, first.ended) == (by_processor.packets, by_processor.ended)
    assert (system.asked, system.use.cause, system.engine.serving) == ((1, 1), cause, "fake")  # type: ignore[attr-defined]
    second = await system.say()
    assert (second.started.engine, second.started.voice) == ("fake", "fake/female")
    assert (system.asked, second.packets) == ((1, 2), by_processor.packets)
    system.clock.now += PAUSES[0]
    await system.say()
    assert system.asked == ((2, 2) if cause == "full" else (1, 3))
    assert (system.use.cause, system.engine.serving) == ((None, "") if cause == "full" else ("lost", "fake"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("letters", [1, 2, 5, 9])
async def test_a_sentence_that_has_begun_goes_on_in_the_same_voice_where_the_card_was_full(letters: int) -> None:
    system = System(Card(FULL, letters, times=1))
    by_card, _ = await undisturbed()
    spoken = await system.say()
    assert (spoken.packets, spoken.ended) == (by_card.packets, by_card.ended)
    assert (system.asked, system.use.cause) == ((2, 0), None)


@pytest.mark.parametrize(("error", "times"), [(LOST, 1), (FULL, 2)])
@pytest.mark.parametrize("letters", [3, 5, 9])
async def test_a_sentence_that_cannot_go_on_in_its_voice_ends_there(error: Exception, times: int, letters: int) -> None:
    """Its text stays on the page; the next sentence is spoken by the processor."""
    system = System(Card(error, letters, times))
    by_card, by_processor = await undisturbed()
    spoken = await system.say()
    packets = spoken.ended.samples // OPUS_FRAME
    assert packets == len(spoken.packets) == letters * LETTER // OPUS_FRAME
    assert spoken.packets[: packets - 1] == by_card.packets[: packets - 1]  # the last one is where it breaks off
    assert system.asked == (times, 0)
    assert (await system.say()).packets == by_processor.packets


async def test_what_was_made_but_not_sent_is_no_beginning() -> None:
    system = System(Card(LOST, 1))
    _, by_processor = await undisturbed()
    spoken = await system.say()
    assert (system.asked, spoken.packets) == ((1, 1), by_processor.packets)


def log_of(spoken: Spoken, chunks: int) -> FakeReader:
    """The log after a worker that died having sent so many chunks."""
    subject = subjects.audio_out("c", SPEECH)
    started = event(spoken.started, turn="t", name="started")
    return FakeReader([(1, started)], characters={"ada": ADA}, media={subject: spoken.chunks[:chunks]})


async def test_a_sentence_that_was_begun_in_another_voice_ends_where_it_is() -> None:
    """The worker that had begun it died, and the one that takes it over has no card."""
    by_card, _ = await undisturbed()
    system = System(Card(LOST, 0, times=9))
    await system.say()
    taken_over = await system.say(reader=log_of(by_card, 2))
    sent = [packet for chunk in by_card.chunks[:2] for packet in chunk.packets]
    assert [(chunk.index, chunk.packets, chunk.sample) for chunk in taken_over.chunks] == [
        (2, (), len(sent) * OPUS_FRAME)
    ]
    assert taken_over.ended.samples == len(sent) * OPUS_FRAME
    assert taken_over.ended.visemes == tuple(mark for chunk in by_card.chunks[:2] for mark in chunk.visemes)
    assert not taken_over.ended.complete


class Other(FakeSynthesizer):
    """Another engine under the same name of a voice: louder, and longer or shorter."""

    def __init__(self, louder: float, letters: float) -> None:
        super().__init__(rate=24_000)
        self.louder, self.letters = louder, letters

    def voice_for(self, voice: Voice) -> str:
        return "xtts/ada"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        for piece in super().speak((text * 2)[: round(len(text) * self.letters)], voice, seed):
            yield replace(piece, samples=(piece.samples * self.louder).astype(piece.samples.dtype))


@pytest.mark.parametrize("sent", [1, 2])
@pytest.mark.parametrize(("louder", "letters"), [(1, 1), (1.0001, 1), (1, 2), (0.5, 1), (0.5, 0.2), (0.5, 2), (1, 0.1)])
async def test_whoever_goes_on_adds_nothing_but_the_same_sound(sent: int, louder: float, letters: float) -> None:
    by_card, _ = await undisturbed()
    handler = SentenceSynthesizer(Other(louder, letters), "xtts")
    body = ReplySentence(reply="r", index=0, text=TEXT, character="ada")
    outputs = handler(event(body, turn="t", name="e"), log_of(by_card, sent))
    started, *more, ended = [output async for output in outputs]
    assert isinstance(started, SpeechStarted)
    assert isinstance(ended, SpeechEnded)
    added = [one for one in more if isinstance(one, AudioOut)]
    chunks = [*by_card.chunks[:sent], *added]
    assert [one.index for one in chunks] == list(range(len(chunks)))
    assert [one.final for one in chunks] == [False] * (len(chunks) - 1) + [True]
    packets = sum(len(one.packets) for one in chunks)
    assert ended.samples == packets * OPUS_FRAME
    goes_on = louder in (1, 1.0001) and letters >= 1
    assert ended.complete == goes_on
    if goes_on:
        assert packets == len(by_card.packets) * letters
    else:
        assert [one.packets for one in added] == [()]


async def test_a_sentence_that_was_begun_in_the_same_voice_goes_on() -> None:
    by_card, _ = await undisturbed()
    taken_over = await System(Card(FULL, 0, times=0)).say(reader=log_of(by_card, 1))
    assert (taken_over.chunks, taken_over.ended) == (by_card.chunks[1:], by_card.ended)


async def test_who_spoke_a_sentence_of_which_the_first_worker_sent_nothing_is_on_record() -> None:
    by_card, by_processor = await undisturbed()
    spoken = await System(Card(LOST, 0, times=9)).say(reader=log_of(by_card, 0))
    assert spoken.packets == by_processor.packets
    assert spoken.ended == structs.replace(by_processor.ended, voice="fake/female")


async def test_a_sentence_that_is_complete_on_the_log_gets_no_more_audio() -> None:
    by_card, _ = await undisturbed()
    reader = log_of(by_card, len(by_card.chunks))
    body = ReplySentence(reply="r", index=0, text=TEXT, character="ada")
    handler = SentenceSynthesizer(System(Card(LOST, 0, times=9)).engine, "xtts")
    outputs = [output async for output in handler(event(body, turn="t", name="e"), reader)]
    assert [type(one) for one in outputs] == [SpeechStarted, SpeechEnded]
    assert outputs[-1] == by_card.ended


async def test_until_it_is_loaded_the_card_is_not_asked() -> None:
    system = System(Card(LOST, 0, times=0))
    waiting: Deferred[Any] = Deferred(None, FakeSynthesizer(), "m", fallback_name="fake")
    system.engine = GpuEngine(waiting, system.processor, "fake", system.use)
    await system.say()
    assert (system.asked, system.use.cause, system.engine.serving) == ((0, 1), None, "fake")
