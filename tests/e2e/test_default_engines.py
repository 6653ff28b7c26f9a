"""The whole loop in a browser with the engines of a first start: Moonshine, the companion, hibari."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.events import SpeechStarted, TranscriptFinal
from projections.replay.word_error_rate import normalised_words, word_errors
from services.models.catalogue import MOONSHINE, SILERO
from tests import real_models
from tests.e2e.browser import browser, element, microphone_recording, recorded, sentence
from tests.e2e.measure import lip_sync, similarity, transcribe
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import (
    QUIET,
    audible_part,
    has_state,
    open_page,
    played_reply,
    spoken_text,
    talk,
    told_a_story,
)

pytestmark = [real_models.needs(MOONSHINE), real_models.needs(SILERO)]

MIN_SIMILARITY = 0.6
"""Of a sentence and its transcript by pocketsphinx; different sentences reach 0.45 at the most."""


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("first"), VISAVIS_STT_ENGINE="auto")
    stack.start()
    yield stack
    stack.close()
    print(stack.output()[-4000:])  # shown where a test failed


async def test_a_spoken_question_has_a_sensible_answer_that_another_recogniser_hears(
    first_start: Stack, tmp_path: Path
) -> None:
    recording = microphone_recording(tmp_path, 6.0, sentence("what_time_is_it_rms"), QUIET)
    async with browser(tmp_path, recording) as context:
        page = await context.new_page()
        await open_page(page, first_start)
        await talk(page)
        person = element(page, "message-person").last
        await person.wait_for(timeout=30_000)
        events = await played_reply(first_start, page)
        await eventually(lambda: has_state(page, "listening"), "the avatar listens again")
        heard = await person.inner_text()
        reached = await recorded(page)
        both = await told_a_story(first_start, page)
    assert word_errors(normalised_words("what time is it"), normalised_words(heard)) == 0
    assert {event.body.engine for event in events if isinstance(event.body, TranscriptFinal)} == {"moonshine"}
    assert {event.body.voice for event in events if isinstance(event.body, SpeechStarted)} == {"hibari/heart"}
    reply = spoken_text(events)
    assert re.search(r"\d|o'clock|half|quarter|midnight|noon", reply)
    assert similarity(transcribe(audible_part(reached)), reply) > MIN_SIMILARITY
    correlation, later = lip_sync(both)
    assert correlation > 0.3
    assert abs(later) <= 200
