"""From `reply.sentence` to its speech."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any, cast, get_args

import msgspec
import pytest

from bus import clock
from bus.errors import EngineError
from bus.events import (
    AudioOut,
    CharacterCreated,
    Emotion,
    ReplySentence,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    StepFailed,
    VisemeMark,
)
from bus.ids import derive_id, seed_of
from bus.work.service import Output
from services.tts.engine import Voice
from services.tts.sentence_audio import SynthesisThreads
from services.tts.service import (
    EMOTION_PROSODY,
    MAX_TEXT,
    SentenceSynthesizer,
    failure_facts,
    service,
    voice_of,
    with_emotion,
)
from tests.fakes import FakeReader, FakeSynthesizer, event

ADA = CharacterCreated(
    name="Ada", tagline="", personality="", greeting="", look="ada", voice="female", pitch=1.1, pace=0.9
)


def speech_of(text: str) -> str:
    return derive_id("e", "speech", text)


def sentence(text: str, **fields: Any) -> Any:
    body = ReplySentence(reply="r", index=2, text=text, character="ada", emotion="happy", **fields)
    return event(body, turn="t", name="e")


async def spoken(synthesizer: FakeSynthesizer, text: str, **fields: Any) -> list[Output]:
    reader = FakeReader(characters={"ada": ADA})
    return [output async for output in SentenceSynthesizer(synthesizer, "fake")(sentence(text, **fields), reader)]


async def until(condition: Any) -> bool:
    for _ in range(200):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


class FallenBack(FakeSynthesizer):
    """Speaks with another engine's voice, because its own model loads."""

    def voice_for(self, voice: Voice) -> str:
        return "pico/de-DE"


async def test_the_engine_on_record_is_the_one_that_speaks_and_not_the_one_that_is_awaited() -> None:
    started = next(one for one in await spoken(FallenBack(), "Hallo.") if isinstance(one, SpeechStarted))
    assert (started.engine, started.voice) == ("pico", "pico/de-DE")


async def test_a_sentence_gives_start_audio_and_end() -> None:
    first, *audio, last = await spoken(FakeSynthesizer(), "abcdefg", emotion_before="sad")
    assert first == SpeechStarted(
        speech=speech_of("abcdefg"), reply="r", index=2, character="ada", voice="fake/female", engine="fake",
        emotion="happy", emotion_before="sad",
    )  # fmt: skip
    chunks = [chunk for chunk in audio if isinstance(chunk, AudioOut)]
    assert len(chunks) == len(audio)
    assert [len(chunk.packets) for chunk in chunks] == [10, 20, 5]
    assert [chunk.final for chunk in chunks] == [False, False, True]
    visemes = [VisemeMark(4_800 * place, "aa" if place % 2 else "PP") for place in range(7)]
    assert last == SpeechEnded(
        speech=speech_of("abcdefg"), reply="r", index=2, samples=35 * 960, visemes=tuple(visemes)
    )


async def test_the_same_sentence_gives_the_same_outputs() -> None:
    assert await spoken(FakeSynthesizer(), "again") == await spoken(FakeSynthesizer(), "again")


async def test_the_engine_gets_the_spoken_form_the_characters_voice_and_the_speechs_seed() -> None:
    synthesizer = FakeSynthesizer()
    await spoken(synthesizer, "**Hello** 😀", language="de")
    voice = with_emotion(Voice("female", 1.1, 0.9, "de", "ada"), "happy")
    assert synthesizer.asked == [("Hello", voice, seed_of(speech_of("**Hello** 😀")))]


async def test_an_unknown_character_has_the_default_voice() -> None:
    synthesizer = FakeSynthesizer()
    _ = [output async for output in SentenceSynthesizer(synthesizer, "fake")(sentence("hi"), FakeReader())]
    assert synthesizer.asked[0][1] == with_emotion(Voice(), "happy")


def test_an_emotion_is_heard_in_pitch_and_pace() -> None:
    voice = Voice(pitch=0.9, pace=1.1)
    assert with_emotion(voice, "neutral") == voice
    sad, happy = with_emotion(voice, "sad"), with_emotion(voice, "happy")
    assert sad.pitch < voice.pitch < happy.pitch
    assert sad.pace < voice.pace < happy.pace
    assert set(EMOTION_PROSODY) == set(get_args(Emotion))


@pytest.mark.parametrize("text", ["😀", "```code```", ""])
async def test_a_text_without_words_is_an_empty_speech(text: str) -> None:
    synthesizer = FakeSynthesizer()
    first, *rest = await spoken(synthesizer, text)
    assert isinstance(first, SpeechStarted)
    assert rest == [
        AudioOut(conversation="c", speech=speech_of(text), index=0, sample=0, packets=(), final=True),
        SpeechEnded(speech=speech_of(text), reply="r", index=2, samples=0),
    ]
    assert synthesizer.asked == []


async def test_an_overlong_sentence_is_truncated() -> None:
    synthesizer = FakeSynthesizer(fails_after=0)
    with pytest.raises(EngineError):
        await spoken(synthesizer, "ab" * MAX_TEXT)
    assert len(synthesizer.asked[0][0]) == MAX_TEXT


async def test_an_engine_that_fails_fails_the_sentence_with_its_code() -> None:
    with pytest.raises(EngineError) as caught:
        await spoken(FakeSynthesizer(fails_after=3), "abcdefg")
    assert caught.value.retryable
    assert list(failure_facts(sentence("abcdefg"), caught.value)) == [
        SpeechFailed(
            speech=speech_of("abcdefg"), reply="r", index=2, code="engine_failed", detail="out of tones"
        )
    ]


async def test_the_failure_of_another_event_has_no_output() -> None:
    other = event(StepFailed(service="x", code="y", retryable=False, detail="z"))
    assert list(failure_facts(other, EngineError("no"))) == []


async def test_closing_the_outputs_stops_the_engine() -> None:
    synthesizer = FakeSynthesizer()
    outputs = SentenceSynthesizer(synthesizer, "fake")(sentence("x" * 100), FakeReader())
    async with aclosing(cast("Any", outputs)):
        async for output in outputs:
            if isinstance(output, AudioOut):
                break
    assert await until(lambda: synthesizer.dropped == 1)
    assert synthesizer.made < 20


async def test_cancelling_the_handler_stops_the_engine() -> None:
    synthesizer, waiting = FakeSynthesizer(), asyncio.Event()

    async def work() -> None:
        async for output in SentenceSynthesizer(synthesizer, "fake")(sentence("x" * 100), FakeReader()):
            if isinstance(output, AudioOut):
                waiting.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    assert await until(lambda: synthesizer.dropped == 1)


def test_the_service_takes_sentences() -> None:
    built = service(FakeSynthesizer(), "fake")
    assert (built.name, built.consumes, built.engine) == ("tts", (ReplySentence,), "fake")
    assert built.on_failure is failure_facts


async def test_pace_and_volume_of_the_sentence_are_applied() -> None:
    synthesizer, plain = FakeSynthesizer(), FakeSynthesizer()
    slow = [one for one in await spoken(synthesizer, "abc", pace=0.7, volume=0.5) if isinstance(one, AudioOut)]
    usual = [one for one in await spoken(plain, "abc") if isinstance(one, AudioOut)]
    ((_, voice, _),), ((_, own, _),) = synthesizer.asked, plain.asked
    assert voice.pace == pytest.approx(0.7 * own.pace)
    assert slow[-1].loudness[2] == pytest.approx(0.5 * usual[-1].loudness[2], rel=0.01)


async def test_an_unspoken_sentence_is_an_empty_speech() -> None:
    synthesizer = FakeSynthesizer()
    started, audio, ended = await spoken(synthesizer, "abc", spoken=False)
    assert isinstance(started, SpeechStarted)
    assert isinstance(audio, AudioOut)
    assert isinstance(ended, SpeechEnded)
    assert (audio.packets, audio.final, ended.samples, synthesizer.asked) == ((), True, 0, [])


def test_the_voice_sample_is_the_characters_or_the_one_with_its_id() -> None:
    assert voice_of("ada", ADA, "en").sample == "ada"
    assert voice_of("ada", msgspec.structs.replace(ADA, voice_sample="aunt.wav"), "en").sample == "aunt.wav"
    assert voice_of("ada", None, "en").sample == ""


async def test_a_sentence_is_due_by_when_it_was_written_and_not_by_when_it_is_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    due: list[float] = []
    start = SynthesisThreads.start

    def note(self: SynthesisThreads, chunker: Any, chunks: Any, needed_after: float, owner: Any) -> Any:
        due.append(needed_after)
        return start(self, chunker, chunks, needed_after, owner)

    monkeypatch.setattr(SynthesisThreads, "start", note)
    monkeypatch.setattr(clock, "now", lambda: 20_000_000)
    for age in (0, 5):
        waiting = msgspec.structs.replace(sentence("abc"), at=(20 - age) * 1_000_000)
        _ = [one async for one in SentenceSynthesizer(FakeSynthesizer(), "fake")(waiting, FakeReader())]
    assert due == [4.0, -1.0]  # the third sentence, two seconds each
