"""From `utterance.started` to the transcript, with the audio read from a fake log."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from msgspec import json, structs

from bus.errors import ConfigurationError, EngineError, InvalidInput, StreamStalled
from bus.events import (
    MICROPHONE_RATE,
    AudioIn,
    CharacterCreated,
    ConversationOpened,
    Event,
    Media,
    MediaT,
    MessageReceived,
    SessionClosed,
    SessionOpened,
    StepFailed,
    TranscriptFinal,
    TranscriptPartial,
    UtteranceDiscarded,
    UtteranceStarted,
    Word,
)
from bus.process.engines import EngineOption, choose_engine
from bus.settings import Settings
from bus.work.service import Output
from projections.conversation import Message
from services.command_phrases import Phrase
from services.engine_speed import EngineSpeeds, Speed, this_processor, version_of
from services.models.catalogue import MOONSHINE, SILERO
from services.stt.__main__ import ENGINES, build
from services.stt.context import build_prompt
from services.stt.engine import Transcriber
from services.stt.named_engine import NamedEngine
from services.stt.service import UtteranceTranscriber, failure_facts, service
from services.stt.speed import workload
from tests import real_models, voices
from tests.conftest import free_port
from tests.fakes import FakeReader, FakeTranscriber, FakeTranscription, StallingReader, event

BLOCK = 2_048
SUBJECT = "audio.c.in.u"
STARTED = event(UtteranceStarted(utterance="u", session="s"), turn="t")


def chunks(*parts: bytes, final: bool = True) -> list[AudioIn]:
    """Audio chunks of utterance u; the last one is final."""
    found: list[AudioIn] = []
    sample = 0
    for index, pcm in enumerate(parts):
        last = final and index == len(parts) - 1
        found.append(AudioIn(conversation="c", utterance="u", index=index, sample=sample, pcm=pcm, final=last))
        sample += len(pcm) // 2
    return found


async def transcribe(transcriber: FakeTranscriber, reader: FakeReader) -> list[Output]:
    return [output async for output in UtteranceTranscriber(transcriber, "fake")(STARTED, reader)]


async def all_closed(transcriber: FakeTranscriber) -> bool:
    """Whether every transcription is closed, after some time for the engine's thread."""
    for _ in range(200):
        if transcriber.closed == transcriber.opened:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_partial_transcripts_come_first_and_one_final_transcript_last() -> None:
    transcriber = FakeTranscriber()
    audio = chunks(b"\1\0" * 1024, bytes(4096), b"\1\0" * 8)
    outputs = await transcribe(transcriber, FakeReader(media={SUBJECT: audio}))
    words = (Word(text="word", start=0.0, end=1.0), Word(text="word", start=1.0, end=2.0))
    assert outputs == [
        TranscriptPartial(utterance="u", text="word "),
        TranscriptPartial(utterance="u", text="word word "),
        TranscriptFinal(utterance="u", text="word word", language="en", confidence=0.5, words=words, engine="fake"),
    ]
    assert await all_closed(transcriber)


async def test_the_engine_gets_blocks_of_at_most_64_ms() -> None:
    transcriber = FakeTranscriber()
    pcm = bytes(range(1, 251)) * 40
    await transcribe(transcriber, FakeReader(media={SUBJECT: chunks(pcm)}))
    assert max(map(len, transcriber.blocks)) == BLOCK
    assert b"".join(transcriber.blocks) == pcm


async def test_an_utterance_without_a_word_is_discarded() -> None:
    outputs = await transcribe(FakeTranscriber(), FakeReader(media={SUBJECT: chunks(bytes(4096))}))
    assert outputs == [UtteranceDiscarded(utterance="u", reason="no_words")]


async def test_an_utterance_whose_audio_stalls_is_lost_and_its_transcription_closed() -> None:
    transcriber = FakeTranscriber()
    outputs = await transcribe(transcriber, StallingReader(media={SUBJECT: chunks(b"\1\0" * 100, final=False)}))
    assert outputs[-1] == UtteranceDiscarded(utterance="u", reason="lost")
    assert not [output for output in outputs if isinstance(output, TranscriptFinal)]
    assert await all_closed(transcriber)


class _HeldUp(FakeReader):
    """A reader whose media come in parts: what NATS could not store for a while comes after one or more stalls."""

    def __init__(self, *parts: list[AudioIn], facts: Sequence[tuple[int, Event]] = ()) -> None:
        super().__init__(facts)
        self.parts = list(parts)

    async def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncIterator[MediaT]:
        messages: Sequence[Media] = self.parts.pop(0)
        for message in messages:
            yield cast("MediaT", message)
        if not messages[-1].final:
            raise StreamStalled(f"nothing came on {subject}")


async def test_a_phrase_that_could_not_be_stored_for_a_while_is_understood_where_its_session_is_still_there() -> None:
    audio = chunks(b"\1\0" * 1024, b"\1\0" * 1024, bytes(4096))
    opened = event(SessionOpened(session="s"))

    async def ends_with(*parts: list[AudioIn], later: Sequence[Event] = ()) -> tuple[Output, FakeTranscriber, _HeldUp]:
        transcriber = FakeTranscriber()
        reader = _HeldUp(*parts, facts=list(enumerate((opened, *later), 1)))
        return (await transcribe(transcriber, reader))[-1], transcriber, reader

    lost = UtteranceDiscarded(utterance="u", reason="lost")
    last, transcriber, _ = await ends_with(audio[:1], audio[:2], audio)
    assert isinstance(last, TranscriptFinal)
    assert last.text == "word word"
    assert b"".join(transcriber.blocks) == b"".join(chunk.pcm for chunk in audio)  # each sample once
    last, transcriber, reader = await ends_with(audio[:1], audio[:1], audio[:1], audio)
    assert (last, len(reader.parts)) == (lost, 1)  # not for ever
    for gone in (event(SessionClosed(session="s", reason="lost"), at=2), event(SessionOpened(session="again"), at=2)):
        last, transcriber, reader = await ends_with(audio[:1], audio, later=(gone,))
        assert (last, len(reader.parts)) == (lost, 1)


async def test_a_duplicate_chunk_is_skipped() -> None:
    transcriber = FakeTranscriber()
    first, second = chunks(b"\1\0" * 100, b"\2\0" * 100)
    await transcribe(transcriber, FakeReader(media={SUBJECT: [first, first, second]}))
    assert b"".join(transcriber.blocks) == first.pcm + second.pcm


async def test_a_gap_in_the_audio_is_refused() -> None:
    first, _, third = chunks(b"\1\0" * 100, b"\2\0" * 100, b"\3\0" * 100)
    with pytest.raises(InvalidInput, match="sample 100"):
        await transcribe(FakeTranscriber(), FakeReader(media={SUBJECT: [first, third]}))


async def test_half_a_sample_is_refused_and_the_transcription_closed() -> None:
    transcriber = FakeTranscriber()
    with pytest.raises(InvalidInput, match="99 bytes"):
        await transcribe(transcriber, FakeReader(media={SUBJECT: chunks(bytes(99))}))
    assert await all_closed(transcriber)


async def test_an_unsupported_language_is_an_error_with_a_code() -> None:
    started = event(UtteranceStarted(utterance="u", session="s", language="tlh"))
    with pytest.raises(EngineError) as caught:
        _ = [output async for output in UtteranceTranscriber(FakeTranscriber(), "fake")(started, FakeReader())]
    assert caught.value.code == "language_unsupported"
    discarded = UtteranceDiscarded(utterance="u", reason="lost", detail=caught.value.detail)
    assert list(failure_facts(started, caught.value)) == [discarded]
    assert "tlh" in discarded.detail


def test_a_failure_that_the_person_can_do_nothing_about_has_no_detail() -> None:
    started = event(UtteranceStarted(utterance="u", session="s"))
    assert list(failure_facts(started, EngineError("it broke"))) == [UtteranceDiscarded(utterance="u", reason="lost")]


async def test_the_failure_of_another_event_has_no_output() -> None:
    other = event(StepFailed(service="x", code="y", retryable=False, detail="z"))
    assert list(failure_facts(other, EngineError("no"))) == []


class _Endless(FakeReader):
    """One chunk, and then none for ever."""

    def __init__(self) -> None:
        super().__init__(media={SUBJECT: chunks(b"\1\0" * 100, final=False)})
        self.waiting = asyncio.Event()

    async def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncIterator[MediaT]:
        async for message in super().follow(kind, subject):
            yield message
        self.waiting.set()
        await asyncio.Event().wait()


async def test_a_cancelled_handler_closes_its_transcription() -> None:
    transcriber, reader = FakeTranscriber(), _Endless()
    task = asyncio.create_task(transcribe(transcriber, reader))
    await reader.waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transcriber.opened == 1
    assert await all_closed(transcriber)


async def test_utterances_are_transcribed_concurrently() -> None:
    handler = UtteranceTranscriber(FakeTranscriber(), "fake")
    reader = FakeReader(media={SUBJECT: chunks(b"\1\0" * 4096), "audio.c.in.v": chunks(b"\1\0" * 2048)})

    async def final(utterance: str) -> TranscriptFinal:
        started = event(UtteranceStarted(utterance=utterance, session="s"))
        outputs = [output async for output in handler(started, reader)]
        assert isinstance(outputs[-1], TranscriptFinal)
        return outputs[-1]

    first, second = await asyncio.gather(final("u"), final("v"))
    assert (len(first.words), len(second.words)) == (4, 2)


def test_the_service_takes_utterance_started() -> None:
    built = service(FakeTranscriber(), "fake")
    assert (built.name, built.consumes, built.engine) == ("stt", (UtteranceStarted,), "fake")


async def test_the_prompt_has_character_names_and_recent_messages() -> None:
    transcriber = FakeTranscriber(uses_prompt=True)
    before = event(MessageReceived(message="m", text="Tell me about Rome."), turn="t0")
    character = CharacterCreated(
        name="Ada", tagline="t", personality="p", greeting="g", look="ada", voice="female"
    )
    audio = {SUBJECT: chunks(b"\1\0" * 100)}
    await transcribe(transcriber, FakeReader([(1, before)], characters={"ada": character}, media=audio))
    assert transcriber.prompts == ["Visavis, Ada. Tell me about Rome."]
    await transcribe(FakeTranscriber(), FakeReader(media=audio))


def test_the_prompt_of_a_long_conversation_has_the_newest_messages() -> None:
    talk = [Message("user", f"{number} {'word ' * 30}") for number in range(6)]
    prompt = build_prompt(["Ada", "Milo"], talk)
    assert prompt.startswith("Visavis, Ada, Milo. 5 word")
    assert len(prompt) < 270
    assert build_prompt([], []) == ""


async def test_the_transcript_has_the_detected_language_or_the_given_one() -> None:
    for given, published in (("und", "de"), ("en-GB", "en-GB")):
        started = event(UtteranceStarted(utterance="u", session="s", language=given))
        reader = FakeReader(media={SUBJECT: chunks(b"\1\0" * 100)})
        outputs = [output async for output in UtteranceTranscriber(_German(), "fake")(started, reader)]
        assert isinstance(outputs[-1], TranscriptFinal)
        assert outputs[-1].language == published


async def test_a_recording_is_given_to_the_recogniser_in_large_pieces() -> None:
    transcriber = FakeTranscriber(languages=("und",))
    transcriber.threads = 8
    audio = chunks(*[b"\1\0" * 8_000] * 125)
    started = event(UtteranceStarted(utterance="u", language="und"))
    reader = FakeReader(media={SUBJECT: [*audio[:3], *audio[1:]]})
    outputs = [output async for output in UtteranceTranscriber(transcriber, "fake")(started, reader)]
    assert [len(block) for block in transcriber.blocks] == [2 * 16_000 * 30] * 2 + [2 * 16_000 * 2.5]
    assert isinstance(outputs[-1], TranscriptFinal)


async def test_the_recogniser_is_told_the_language_that_the_person_last_used() -> None:
    transcriber = FakeTranscriber(uses_prompt=True, languages=("und",))
    facts = [(1, event(ConversationOpened(person="p", character="ada", language="de"), at=1))]
    reader = FakeReader(facts, media={SUBJECT: chunks(b"\1\0" * 100)})
    started = event(UtteranceStarted(utterance="u", language="und"), at=2)
    async for _ in UtteranceTranscriber(transcriber, "fake")(started, reader):
        pass
    assert transcriber.likely == ["de"]


class _German(FakeTranscriber):
    """Detects German in everything."""

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> FakeTranscription:
        transcription = super().open("en")
        found = transcription.finish
        transcription.finish = lambda: replace(found(), language="de")  # type: ignore[method-assign]
        return transcription


@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
def test_without_its_model_whisper_is_skipped_with_the_reason() -> None:
    settings = structs.replace(real_models.SETTINGS, stt_model="nobody/nothing")
    assert build(settings).engine == "moonshine"
    why = choose_engine(ENGINES, "auto", settings, setting="VISAVIS_STT_ENGINE").reason
    assert why.startswith("not whisper: its model nobody/nothing is not on this machine, and VISAVIS_MODEL_DOWNLOADS")
    with pytest.raises(ConfigurationError, match="nobody/nothing"):
        build(structs.replace(settings, stt_engine="whisper"))


@real_models.needs(SILERO)
async def test_whisper_is_fetched_while_another_engine_serves_english(tmp_path: Path) -> None:
    """The service starts without waiting for a network; the hub is out of reach, so Whisper is still to come."""
    shutil.copytree(real_models.folder(SILERO), tmp_path / SILERO.name)
    settings = Settings(models=str(tmp_path), model_hub=f"http://127.0.0.1:{free_port()}", stt_model="small")
    built = build(structs.replace(settings, stt_engine="whisper", stt_device="cpu"))
    assert (built.engine, built.serving()) == ("whisper", "pocketsphinx")
    reader = FakeReader(media={SUBJECT: chunks(b"\1\0" * 4096)})
    spoken = event(UtteranceStarted(utterance="u", session="s", language="en"))
    (outcome,) = [output async for output in built.handle(spoken, reader)]
    assert isinstance(outcome, UtteranceDiscarded)  # heard, and without a word in it
    german = event(UtteranceStarted(utterance="u", session="s", language="de"))
    with pytest.raises(EngineError, match=r"hears English only.*; Whisper small is still being fetched"):
        [output async for output in built.handle(german, reader)]


@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
async def test_beside_moonshine_another_language_waits_for_whisper(tmp_path: Path) -> None:
    for model in (SILERO, MOONSHINE):
        (tmp_path / model.name).symlink_to(real_models.folder(model))
    # Its size "small" is in no package, so that nothing is downloaded.
    settings = Settings(models=str(tmp_path), model_hub=f"http://127.0.0.1:{free_port()}", stt_model="small")
    built = build(structs.replace(settings, stt_engine="moonshine", stt_device="cpu"))
    assert built.serving() == ""
    german = event(UtteranceStarted(utterance="u", session="s", language="de"))
    with pytest.raises(EngineError, match=r"English only, not 'de'; Whisper small is still being fetched") as caught:
        [output async for output in built.handle(german, FakeReader())]
    assert caught.value.code == "language_unsupported"


@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
async def test_beside_moonshine_another_language_goes_to_whisper(counting_folder: Path) -> None:
    settings = structs.replace(real_models.SETTINGS, stt_model=str(counting_folder), stt_device="cpu")
    built = build(structs.replace(settings, stt_engine="moonshine"))
    german = event(UtteranceStarted(utterance="u", session="s", language="de"))
    reader = FakeReader(media={SUBJECT: chunks(bytes(8192))})
    outputs = [output async for output in built.handle(german, reader)]
    assert outputs == [UtteranceDiscarded(utterance="u", reason="no_words")]


@real_models.needs(SILERO)
def test_whisper_is_chosen_if_its_model_is_present(counting_folder: Path) -> None:
    assert build(structs.replace(real_models.SETTINGS, stt_model=str(counting_folder))).engine == "whisper"


def test_moonshine_is_preferred_for_english_on_a_processor() -> None:
    def reason(settings: Settings) -> str:
        return choose_engine(ENGINES, "auto", settings, setting="VISAVIS_STT_ENGINE").reason

    assert reason(Settings(stt_device="cpu")).startswith("not whisper: on a processor Moonshine")
    assert reason(Settings(stt_device="cpu", language="en-GB")).startswith("not whisper: on a processor Moonshine")
    assert "on a processor Moonshine" not in reason(Settings(stt_device="cpu", language="de"))


def _broken(settings: Settings) -> FakeTranscriber:
    raise EngineError("the weights are damaged")


def test_an_engine_that_does_not_load_is_skipped_with_auto_and_an_error_otherwise() -> None:
    broken = EngineOption[Transcriber]("broken", lambda settings: None, _broken)
    spare = EngineOption[Transcriber]("spare", lambda settings: None, lambda settings: FakeTranscriber())
    assert build(Settings(), (broken, spare)).engine == "spare"
    for engines, wanted in (((broken,), "auto"), ((broken, spare), "broken")):
        with pytest.raises(ConfigurationError, match="the weights are damaged"):
            build(Settings(stt_engine=wanted), engines)


def test_auto_skips_an_engine_that_could_run_but_should_not() -> None:
    slow = EngineOption("slow", lambda settings: None, lambda settings: 1, lambda settings: "the card is faster")
    fast = EngineOption("fast", lambda settings: None, lambda settings: 2)
    choice = choose_engine((slow, fast), "auto", Settings(), setting="X")
    assert (choice.option.name, choice.reason) == ("fast", "not slow: the card is faster; the best that can run here")
    assert choose_engine((slow, fast), "slow", Settings(), setting="X").option is slow


@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
def test_moonshine_is_timed_once_and_a_slow_one_is_taken_by_name_only(tmp_path: Path) -> None:
    settings = structs.replace(real_models.SETTINGS, data=str(tmp_path), stt_device="cpu")
    assert build(settings).engine == "moonshine"
    speeds = EngineSpeeds.of(settings)
    assert [one for one in speeds.all() if not one.keeps_up] == []
    slow = Speed("stt", "moonshine", version_of(MOONSHINE), this_processor(), 1.7, "2026-01-01")
    speeds.folder.mkdir(exist_ok=True)
    speeds.path("moonshine").write_bytes(json.encode(slow))
    built = build(settings)
    assert (built.engine, built.note()) == ("pocketsphinx", slow.sentence)
    assert build(structs.replace(settings, stt_engine="moonshine")).engine == "moonshine"
    speeds.path("moonshine").write_bytes(json.encode(structs.replace(slow, model="an older Moonshine")))
    assert build(settings).engine == "moonshine"


def test_recognisers_are_timed_with_a_spoken_sentence() -> None:
    engine = FakeTranscriber()
    assert 2.5 < workload(engine)() < 3.5
    assert (engine.opened, engine.closed) == (1, 1)
    assert sum(map(len, engine.blocks)) > 2 * 2.5 * MICROPHONE_RATE
    assert any(any(block) for block in engine.blocks)


async def test_while_another_engine_serves_the_transcript_names_it() -> None:
    for transcriber, name in ((NamedEngine(FakeTranscriber(), "spare"), "spare"), (FakeTranscriber(), "awaited")):
        reader = FakeReader(media={SUBJECT: chunks(b"\1\0" * 100)})
        outputs = [output async for output in UtteranceTranscriber(transcriber, "awaited")(STARTED, reader)]
        assert isinstance(outputs[-1], TranscriptFinal)
        assert outputs[-1].engine == name


@real_models.needs(SILERO)
async def test_until_moonshine_is_here_transcripts_name_pocketsphinx(tmp_path: Path) -> None:
    shutil.copytree(real_models.folder(SILERO), tmp_path / SILERO.name)
    settings = structs.replace(real_models.SETTINGS, models=str(tmp_path), stt_device="cpu", model_downloads="off")
    option = next(option for option in ENGINES if option.name == "moonshine")
    transcription = option.load(settings).open("en")
    transcription.push(voices.spoken("hello_rms"))
    assert transcription.finish().engine == "pocketsphinx"
    transcription.close()
