"""A voice note of a person goes into the double of the Bot API, and a voice note of the reply comes out of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from bench.word_error_rate import normalised_words, word_errors
from bus import codec, subjects
from bus.events import ReplySentence, TranscriptFinal
from bus.log import streams
from tests import voices
from tests.e2e.measure import similarity, transcribe
from tests.e2e.stack import Stack
from tests.e2e.test_voice_notes import MIN_SIMILARITY, sound
from tests.services.channels.telegram_double import TOKEN, TelegramDouble, serving

PATIENCE = 90.0


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramDouble]:
    async with serving() as double:
        yield double


@pytest.fixture
async def with_telegram(telegram: TelegramDouble, tmp_path: Path) -> AsyncIterator[Stack]:
    stack = Stack(tmp_path, VISAVIS_TELEGRAM_TOKEN=TOKEN, VISAVIS_TELEGRAM_API=telegram.url, VISAVIS_NOTES_FOLDER="off")
    await asyncio.to_thread(stack.start)
    yield stack
    await asyncio.to_thread(stack.close)
    print(stack.output()[-4000:])  # shown where a test failed


async def test_a_voice_note_of_a_linked_person_is_answered_by_one(
    telegram: TelegramDouble, with_telegram: Stack, tmp_path: Path
) -> None:
    telegram.voice(voices.recordings()["what_is_your_name_rms"].path.read_bytes())
    (refusal,) = await telegram.reached(1, timeout=PATIENCE)  # a stranger gets a code, and nothing else
    async with httpx2.AsyncClient(base_url=with_telegram.url) as page:
        await page.get("/api/channels")
        paired = await page.post("/api/pairings", json={"code": refusal.text.split()[-1]})
        assert paired.status_code == 201, (refusal.text, paired.text)
    welcome = (await telegram.reached(2, timeout=PATIENCE))[1]
    assert welcome.text
    telegram.voice(voices.recordings()["what_is_your_name_rms"].path.read_bytes())
    note = (await telegram.reached(3, timeout=PATIENCE))[2]
    answer_file = tmp_path / "answer.ogg"
    assert note.kind == "voice"
    answer_file.write_bytes(note.media)
    async with with_telegram.event_log() as event_log:
        heard = [
            event.body.text
            async for record in event_log.read(streams.CONVERSATIONS, subjects.facts_of_kind(TranscriptFinal))
            if isinstance((event := codec.decode_event(record.data)).body, TranscriptFinal)
        ]
        said = [
            event.body.text
            async for record in event_log.read(streams.CONVERSATIONS, subjects.facts_of_kind(ReplySentence))
            if isinstance((event := codec.decode_event(record.data)).body, ReplySentence)
        ]
    assert [word_errors(normalised_words("what is your name"), normalised_words(one)) for one in heard] == [0]
    assert similarity(transcribe(sound(answer_file)), " ".join(said)) > MIN_SIMILARITY
