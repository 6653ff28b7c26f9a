"""hibari: how soon and what it says, in which voice, and how its lips move."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from projections.replay.word_error_rate import normalised_words
from services.audio import Samples
from services.models.catalogue import MOONSHINE, SILERO
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines.hibari import RATE, HibariEngine
from tests import real_models
from tests.fakes import FakeSynthesizer
from tests.services.tts.engines.listening import loudness_ratio, words_heard


@pytest.fixture(scope="module")
def engine() -> HibariEngine:
    return HibariEngine(FakeSynthesizer())


def say(engine: HibariEngine, text: str, voice: Voice = Voice()) -> tuple[Samples, list[SpeechPiece]]:  # noqa: B008 - frozen
    pieces = list(engine.speak(text, voice, 1))
    return np.concatenate([np.zeros(0, np.int16), *(piece.samples for piece in pieces)]), pieces


def mean_pitch(sound: Samples) -> float:
    """Hertz of the strongest period between 80 and 400 Hz, by autocorrelation: the median over 50 ms windows."""
    found = []
    for start in range(0, len(sound) - 1200, 1200):
        window = sound[start : start + 1200].astype(float)
        if np.abs(window).max() < 3000:
            continue
        correlation = np.correlate(window, window, "full")[1199:]
        lag = 60 + int(np.argmax(correlation[60:300]))
        if correlation[lag] > 0.5 * correlation[0]:
            found.append(RATE / lag)
    return float(np.median(found))


@real_models.needs(MOONSHINE)
@real_models.needs(SILERO)
@pytest.mark.parametrize("voice", [Voice(), Voice(pitch=0.9, pace=0.95), Voice(pitch=1.1)])
def test_what_it_says_is_heard_again(engine: HibariEngine, voice: Voice) -> None:
    text = "I forgot the history of the lighthouse. Would you tell me the story again?"
    assert words_heard(say(engine, text, voice)[0], RATE) == normalised_words(text)


def test_sound_begins_and_ends_soon(engine: HibariEngine) -> None:
    sound, _ = say(engine, "What is your name?")
    loud = np.flatnonzero(np.abs(sound) > 400)
    assert loud[0] < 0.05 * RATE
    assert len(sound) - loud[-1] < 0.05 * RATE


def test_lips_move_in_order_and_are_shut_where_the_voice_is_quiet(engine: HibariEngine) -> None:
    sound, pieces = say(engine, "Papa, papa, papa!")
    marks = [mark for piece in pieces for mark in piece.visemes]
    assert all(before.sample <= after.sample for before, after in pairwise(marks))
    assert marks[-1].sample <= len(sound)
    assert loudness_ratio(sound, marks) > 3


def test_lips_move_in_order_where_the_parts_of_a_long_text_join(engine: HibariEngine) -> None:
    text = "It was late, and nobody was there; the lamps were out, and the rain fell on the old roofs of the town. " * 5
    sound, pieces = say(engine, text)
    marks = [mark for piece in pieces for mark in piece.visemes]
    assert len(sound) > 20 * RATE  # more than one part
    assert all(before.sample <= after.sample for before, after in pairwise(marks))
    end = 0
    for piece in pieces:
        end += len(piece.samples)
        assert all(mark.sample < end for mark in piece.visemes)
    assert marks[-1].sample <= len(sound)


def test_pitch_and_pace_are_those_of_the_character(engine: HibariEngine) -> None:
    text = "My name is Noor, and I am here now."
    plain, low = say(engine, text)[0], say(engine, text, Voice(pitch=0.8))[0]
    assert mean_pitch(low) / mean_pitch(plain) == pytest.approx(0.8, abs=0.06)
    levels = [np.sqrt(np.mean(sound.astype(float) ** 2)) for sound in (plain, low)]
    assert 0.7 < levels[0] / levels[1] < 1.4
    slow = say(engine, text, Voice(pace=0.8))[0]
    assert 1.1 < len(slow) / len(plain) < 1.4


def test_the_same_seed_gives_the_same_sound(engine: HibariEngine) -> None:
    assert np.array_equal(say(engine, "Yes, of course.")[0], say(engine, "Yes, of course.")[0])


def test_men_and_other_languages_and_scripts_go_to_the_fallback() -> None:
    fallback = FakeSynthesizer()
    engine = HibariEngine(fallback)
    for text, voice in (("Hi", Voice("male")), ("Hallo", Voice(language="de")), ("你好", Voice())):
        list(engine.speak(text, voice, 1))
    assert [text for text, *_ in fallback.asked] == ["Hi", "Hallo", "你好"]
    assert engine.voice_for(Voice()) == "hibari/heart"
    assert engine.voice_for(Voice("male")) == "fake/male"


@pytest.mark.parametrize("text", ["", "…", "?!", "---"])
def test_nothing_to_say_is_no_sound(engine: HibariEngine, text: str) -> None:
    assert len(say(engine, text)[0]) == 0


def test_a_long_text_is_spoken_whole(engine: HibariEngine) -> None:
    sound, pieces = say(engine, "We are here now, and that is a good thing. " * 30)
    assert len(pieces) > 5
    assert len(sound) > 45 * RATE
