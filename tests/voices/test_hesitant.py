"""The phrases of hesitating speakers: the same each time, and true to what they claim."""

from __future__ import annotations

import numpy as np
import pytest

from bus.events import MICROPHONE_RATE
from tests import people
from tests.voices import hesitant

pytestmark = people.needs_people


@pytest.fixture(scope="module")
def sentence() -> hesitant.Sentence:
    """A sentence of LibriVox."""
    return next(one for one in hesitant.recorded_people() if one.text.startswith("had he married"))


def test_the_words_are_found_in_their_order(sentence: hesitant.Sentence) -> None:
    assert [word for word, _, _ in sentence.words] == sentence.text.split()
    starts = [start for _, start, _ in sentence.words]
    assert starts == sorted(starts)


def test_a_phrase_is_the_same_each_time(sentence: hesitant.Sentence) -> None:
    for one, again in zip(hesitant.phrases(sentence), hesitant.phrases(sentence), strict=True):
        np.testing.assert_array_equal(one.samples, again.samples)


def test_pauses_are_silent_speech_goes_on_after_them_and_the_end_is_the_last_sound(sentence: hesitant.Sentence) -> None:
    found = {one.kind: one for one in hesitant.phrases(sentence)}
    assert set(found) == set(hesitant.KINDS)
    for phrase in found.values():
        sound = np.abs(phrase.samples.astype(np.int32))
        assert sound[phrase.end + MICROPHONE_RATE // 20 :].max() < 500
        for begun, ended in phrase.pauses:
            assert 0.19 < (ended - begun) / MICROPHONE_RATE < 1.51
            assert sound[begun:ended].max() < 500
            assert sound[ended : phrase.end].max() > 2000
    assert len(found["two pauses"].pauses) == 2
    assert found["slow"].end > 1.08 * found["fluent"].end - hesitant.LEAD
