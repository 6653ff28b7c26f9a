"""One voice that the microphones of two sessions hear is one question; two voices are two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import cast

import pytest

from bus.events import (
    AudioIn,
    Event,
    Fact,
    Media,
    MediaT,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
)
from services.stt.service import UtteranceTranscriber
from tests.fakes import FakeReader, FakeTranscriber, event

_S = 1_000_000


def start(name: str, session: str | None) -> UtteranceStarted:
    return UtteranceStarted(utterance=name, session=session)


def end(name: str) -> UtteranceEnded:
    return UtteranceEnded(utterance=name, samples=16_000, speech_ended=9_000, reason="silence")


def words(name: str) -> TranscriptFinal:
    return TranscriptFinal(utterance=name, text="what time is it", language="en", confidence=0.9)


def none(name: str) -> UtteranceDiscarded:
    return UtteranceDiscarded(utterance=name, reason="no_words")


def recorded(log: Iterable[tuple[float, Fact]]) -> list[tuple[int, Event]]:
    """Facts with their sequence, of seconds and bodies."""
    return [(n, event(body, at=int(at * _S), turn="t", name=f"e{n}")) for n, (at, body) in enumerate(log, 1)]


TWICE = UtteranceDiscarded(utterance="b", reason="heard_twice", same_as="a")

BOTH_HEAR = ((0.0, start("a", "tab")), (0.2, start("b", "phone")), (2.0, end("a")), (2.2, words("a")))


@pytest.mark.parametrize(
    ("log", "is_twice"),
    [
        ((*BOTH_HEAR, (2.6, end("b"))), True),
        (BOTH_HEAR, True),  # b ends only now
        (((0.0, start("a", "tab")), (0.2, start("b", "tab")), (2.0, end("a")), (2.2, words("a"))), False),
        (((0.0, start("a", None)), (0.2, start("b", "phone")), (2.0, end("a")), (2.2, words("a"))), False),
        (((0.0, start("a", "tab")), (0.9, end("a")), (1.0, start("b", "phone")), (1.1, words("a"))), False),
        # what began first was a cough
        ((*BOTH_HEAR[:3], (2.2, none("a")), (2.6, end("b"))), False),
        # a murmur ends as somebody else begins to talk
        (
            (
                (0.0, start("a", "tab")), (0.8, start("b", "phone")), (1.0, end("a")), (1.1, words("a")),
                (4.8, end("b")),
            ),
            False,
        ),
        # where one microphone heard a pause as the end, the other one heard a pause
        (
            (
                (0.0, start("a", "tab")), (0.2, start("b", "phone")), (1.0, end("a")), (1.2, words("a")),
                (1.4, start("c", "tab")), (3.0, end("c")), (3.1, end("b")),
            ),
            True,
        ),
    ],
)  # fmt: skip
async def test_of_a_voice_that_two_microphones_hear_the_first_is_answered(
    log: tuple[tuple[float, Fact], ...], is_twice: bool
) -> None:
    facts = recorded(log)
    chunk = AudioIn(conversation="c", utterance="b", index=0, sample=0, pcm=b"\1\0" * 38_400, final=True)  # 2.4 s
    started = next(one for _, one in facts if isinstance(one.body, UtteranceStarted) and one.body.utterance == "b")
    transcriber, reader = FakeTranscriber(), FakeReader(facts, media={"audio.c.in.b": [chunk]})
    outputs = [one async for one in UtteranceTranscriber(transcriber, "fake")(started, reader)]
    if is_twice:
        assert outputs == [TWICE]  # and no partial transcript, which would interrupt the answer
    else:
        assert isinstance(outputs[-1], TranscriptFinal)
        assert len(outputs) > 1


async def test_what_was_discarded_holds_no_floor_and_the_rest_of_the_first_voice_is_answered() -> None:
    log: tuple[tuple[float, Fact], ...] = (
        *BOTH_HEAR[:2], (1.0, end("a")), (1.2, words("a")), (1.4, start("b2", "tab")), (3.1, end("b")),
        (3.2, TWICE),
    )  # fmt: skip
    facts = recorded(log)
    chunk = AudioIn(conversation="c", utterance="b2", index=0, sample=0, pcm=b"\1\0" * 16_000, final=True)
    reader = FakeReader(facts, media={"audio.c.in.b2": [chunk]})
    outputs = [one async for one in UtteranceTranscriber(FakeTranscriber(), "fake")(facts[4][1], reader)]
    assert isinstance(outputs[-1], TranscriptFinal)


@pytest.mark.parametrize(
    ("sound", "later", "is_twice"),
    [
        (2.0, 0.2, True),  # it still hears the voice
        (2.0, 2.8, False),  # its gateway was killed, and its page has called again
        (2.0, 600.0, False),
        (0.2, 0.2, False),
        (None, 2.8, False),  # a power cut took its sound
    ],
)
async def test_a_microphone_whose_end_was_never_told_hears_as_far_as_its_sound_goes(
    sound: float | None, later: float, is_twice: bool
) -> None:
    log = ((0.0, start("a", "tab")), (later, start("b", "phone")))
    facts = recorded(log)
    media = {"audio.c.in.b": [AudioIn(conversation="c", utterance="b", index=0, sample=0, pcm=b"\1\0" * 38_400)]}
    if sound is not None:
        pcm = b"\1\0" * int(16_000 * sound / 2)
        media["audio.c.in.a"] = [
            AudioIn(conversation="c", utterance="a", index=index, sample=index * len(pcm) // 2, pcm=pcm)
            for index in range(2)
        ]
    reader = FakeReader(facts, media=media)
    outputs = [one async for one in UtteranceTranscriber(FakeTranscriber(), "fake")(facts[1][1], reader)]
    assert (outputs == [TWICE]) is is_twice
    assert isinstance(outputs[-1], UtteranceDiscarded if is_twice else TranscriptFinal)


async def test_an_end_that_is_told_late_by_the_next_gateway_covers_nothing_that_came_after_the_sound() -> None:
    ended = UtteranceEnded(utterance="a", samples=16_000, speech_ended=16_000, reason="session_closed")
    log: tuple[tuple[float, Fact], ...] = (
        (0.0, start("a", "tab")), (5.0, start("b", "again")), (8.0, ended), (8.5, words("a")), (9.0, end("b")),
    )  # fmt: skip
    facts = recorded(log)
    chunk = AudioIn(conversation="c", utterance="b", index=0, sample=0, pcm=b"\1\0" * 38_400, final=True)
    reader = FakeReader(facts, media={"audio.c.in.b": [chunk]})
    outputs = [one async for one in UtteranceTranscriber(FakeTranscriber(), "fake")(facts[1][1], reader)]
    assert isinstance(outputs[-1], TranscriptFinal)


async def test_words_of_a_voice_that_is_still_heard_by_the_first_microphone_interrupt_nothing() -> None:
    facts = recorded(((0.0, start("a", "tab")), (0.2, start("b", "phone"))))
    parts = [
        AudioIn(conversation="c", utterance=name, index=index, sample=9_600 * index, pcm=b"\1\0" * 9_600)
        for name in "ab" for index in range(5)
    ]  # fmt: skip

    class GoingOn(FakeReader):
        """The sound of both microphones comes as time goes on."""

        async def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncIterator[MediaT]:
            sound: Sequence[Media] = parts[5:]
            for first, second in zip(parts[:5], sound, strict=True):
                self._media["audio.c.in.a"] = [first]
                yield cast("MediaT", second)

    outputs = [one async for one in UtteranceTranscriber(FakeTranscriber(), "fake")(facts[1][1], GoingOn(facts))]
    assert outputs == [TWICE]


async def test_an_utterance_whose_sound_stopped_hides_no_other_one() -> None:
    log = ((0.0, start("dead", "gone")), (60.0, start("a", "tab")), (60.2, start("b", "phone")))
    facts = recorded(log)
    media = {
        f"audio.c.in.{name}": [AudioIn(conversation="c", utterance=name, index=0, sample=0, pcm=b"\1\0" * 38_400)]
        for name in ("dead", "a", "b")
    }
    reader = FakeReader(facts, media=media)
    outputs = [one async for one in UtteranceTranscriber(FakeTranscriber(), "fake")(facts[2][1], reader)]
    assert outputs == [TWICE]
