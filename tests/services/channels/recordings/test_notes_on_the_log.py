"""Recordings on a real log: fetched, decoded, and transcribed by the STT service with its real engines."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from bus.events import (
    AudioIn,
    ConversationOpened,
    Event,
    Origin,
    StepFailed,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
    VoiceNoteReceived,
)
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.audio import Samples, resample
from services.channels.recordings.decoding import RecordingDecoder
from services.channels.recordings.notes import service
from services.helper_process import HelperProcess
from services.models.catalogue import MOONSHINE, SILERO
from services.stt.__main__ import build
from services.stt.whisper import weights
from services.tts.engines import pico
from services.tts.engines.pico_process import Request, Response
from tests import people, real_models
from tests.services.channels.recordings.recordings import Format, encode, speech
from tests.services.channels.recordings.test_notes import FakeChannel
from tests.services.test_speech_on_the_log import running

OPUS = Format("ogg", "libopus", 48_000, bitrate=24_000)
GERMAN = "Ich habe gestern den ganzen Tag im Garten gearbeitet und bin heute sehr müde."
needs_whisper = pytest.mark.skipif(
    weights.find_local("base", weights.CTRANSLATE2, real_models.SETTINGS) is None, reason="Whisper base is not here"
)


@pytest.fixture
def decoder() -> Iterator[RecordingDecoder]:
    made = RecordingDecoder(60)
    yield made
    made.close()


def german(text: str = GERMAN) -> Samples:
    """A synthetic voice."""
    process = HelperProcess("SVOX Pico", pico.COMMAND, Response, pico.TIMEOUT, pico.ENVIRONMENT)
    spoken = process.request(Request(text=text, voice=pico.VOICES["de"], speed=1.0, pitch=1.0))
    process.close()
    return resample(np.frombuffer(spoken.pcm, np.int16), pico.RATE, 16_000)


def received(conversation: str, media: str) -> Event:
    origin = Origin(channel="telegram", account="bot", chat="1", sender="1", message="7")
    body = VoiceNoteReceived(utterance=f"u{conversation}", origin=origin, media=media)
    return Event(id=f"e{conversation}", at=1, conversation=conversation, turn=f"t{conversation}", body=body)


async def outcome(event_log: EventLog, conversation: str) -> list[Event]:
    """The facts of a conversation once its recording is transcribed or discarded."""
    for _ in range(1200):
        facts = [fact for _, fact in await event_log.facts(conversation)]
        if any(isinstance(fact.body, TranscriptFinal | UtteranceDiscarded) for fact in facts):
            return facts
        await asyncio.sleep(0.05)
    raise AssertionError([type(fact.body).__name__ for fact in facts])


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@needs_whisper
@people.needs_people
@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
async def test_what_people_say_is_transcribed_in_the_language_that_they_speak(
    event_log: EventLog, settings: Settings, decoder: RecordingDecoder
) -> None:
    channel = FakeChannel({"english": encode(speech(), OPUS), "german": encode(german(), OPUS)})
    stt = build(replace(settings, stt_engine="moonshine", stt_device="cpu"))
    async with running(event_log, service([channel], decoder)), running(event_log, stt):  # type: ignore[list-item]
        await event_log.append(received("english", "english"))
        await event_log.append(received("german", "german"))
        found = {name: await outcome(event_log, name) for name in ("english", "german")}
    for name, expected, language, engine, most_wrong in (
        ("english", "He was not an ill-disposed young man.", "en", "moonshine", 1),
        ("german", GERMAN, "de", "whisper", 0),
    ):
        kinds = [type(fact.body) for fact in found[name]]
        assert kinds[:2] == [VoiceNoteReceived, UtteranceStarted]
        assert set(kinds[2:]) == {UtteranceEnded, TranscriptFinal}
        assert {fact.turn for fact in found[name]} == {f"t{name}"}
        (transcript,) = (fact.body for fact in found[name] if isinstance(fact.body, TranscriptFinal))
        heard = words(transcript.text)
        assert (len(heard), transcript.language) == (len(words(expected)), language)
        assert sum(one != other for one, other in zip(heard, words(expected), strict=True)) <= most_wrong
        assert transcript.engine.startswith(engine)


@needs_whisper
@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
async def test_a_short_note_that_could_be_anything_is_heard_in_the_language_of_the_conversation(
    event_log: EventLog, settings: Settings, decoder: RecordingDecoder
) -> None:
    channel = FakeChannel({"note": encode(german("Nein danke."), OPUS)})  # alone, Whisper takes it for Japanese
    stt = build(replace(settings, stt_engine="moonshine", stt_device="cpu"))
    opened = ConversationOpened(person="p", character="luna", language="de")
    async with running(event_log, service([channel], decoder)), running(event_log, stt):  # type: ignore[list-item]
        await event_log.append(Event(id="opened", at=1, conversation="c", body=opened))
        await event_log.append(received("c", "note"))
        facts = await outcome(event_log, "c")
    (transcript,) = (fact.body for fact in facts if isinstance(fact.body, TranscriptFinal))
    assert (words(transcript.text), transcript.language) == (["nein", "danke"], "de")


@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
async def test_where_no_language_can_be_detected_a_recording_is_heard_as_english(
    event_log: EventLog, settings: Settings, decoder: RecordingDecoder
) -> None:
    channel = FakeChannel({"note": encode(speech(), OPUS)})
    stt = build(replace(settings, stt_engine="moonshine", stt_model="nobody/nothing", stt_device="cpu"))
    async with running(event_log, service([channel], decoder)), running(event_log, stt):  # type: ignore[list-item]
        await event_log.append(received("c", "note"))
        facts = await outcome(event_log, "c")
    (transcript,) = (fact.body for fact in facts if isinstance(fact.body, TranscriptFinal))
    assert (transcript.engine, transcript.language) == ("moonshine", "en")


async def test_a_recording_that_is_not_to_be_had_is_lost_and_the_next_is_heard(
    event_log: EventLog, decoder: RecordingDecoder
) -> None:
    channel = FakeChannel({"note": encode(speech(), OPUS)})
    async with running(event_log, service([channel], decoder)):  # type: ignore[list-item]
        await event_log.append(received("c", "gone"))
        facts = await outcome(event_log, "c")
        assert [type(fact.body) for fact in facts] == [VoiceNoteReceived, StepFailed, UtteranceDiscarded]
        await event_log.append(received("c2", "note"))
        audio = [chunk async for chunk in event_log.follow(AudioIn, "audio.c2.in.uc2")]
    assert sum(len(chunk.pcm) // 2 for chunk in audio) == len(speech())
