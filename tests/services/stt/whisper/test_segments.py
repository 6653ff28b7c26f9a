"""What is said in pieces of at most 28 s, with nothing lost between them."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audio import Samples
from services.stt.whisper.segments import LONGEST, Stretch, Stretches

SECOND = 16_000


def loud(samples: Samples) -> float:
    return float(np.abs(samples).max() > 1000)


def sound(*parts: tuple[int, float]) -> bytes:
    """Loudness, and for how many seconds."""
    return np.concatenate([np.full(round(SECOND * s), level, np.int16) for level, s in parts]).tobytes()


def cut(pcm: bytes, block: int = 3200) -> list[Stretch]:
    """All stretches, the open one at the end."""
    stretches = Stretches(loud, 512)
    closed = [one for start in range(0, len(pcm), block) for one in stretches.push(pcm[start : start + block])]
    return [*closed, stretches.open()]


def test_a_phrase_is_one_stretch_with_its_voice_marked() -> None:
    (only,) = cut(sound((0, 0.2), (5000, 1), (0, 0.5)))
    assert (only.start, len(only.samples)) == (0, round(1.7 * SECOND))
    ((start, end),) = only.voiced
    assert abs(start - 0.2 * SECOND) <= 512
    assert abs(end - 1.2 * SECOND) <= 512


def test_silence_before_the_voice_is_left_out() -> None:
    (only,) = cut(sound((0, 60), (5000, 1)))
    assert 59 * SECOND < only.start < 60 * SECOND
    assert only.voiced[0][0] + only.start - 60 * SECOND < 512


def test_a_stretch_of_twenty_seconds_ends_in_the_next_pause() -> None:
    first, second = cut(sound((5000, 10), (0, 0.4), (5000, 12), (0, 0.4), (5000, 3)))
    assert 22.4 * SECOND < len(first.samples) < 22.8 * SECOND
    assert second.start == len(first.samples)


def test_without_a_pause_it_is_cut_where_it_is_least_loud() -> None:
    first, second = cut(sound((5000, 25), (1500, 0.1), (5000, 10)))
    assert 25 * SECOND <= len(first.samples) <= 25.1 * SECOND
    assert second.start == len(first.samples)


def test_of_several_short_pauses_the_longest_late_one_is_taken() -> None:
    first, *_ = cut(sound((5000, 8), (0, 0.28), (5000, 8), (0, 0.22), (5000, 7), (0, 0.1), (5000, 10)))
    assert 16.28 * SECOND < len(first.samples) < 16.5 * SECOND


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from([0, 5000]), st.floats(0.1, 12)), max_size=12), st.integers(300, 40_000))
def test_no_voice_is_lost_and_none_heard_twice(parts: list[tuple[int, float]], block: int) -> None:
    pcm = sound((0, 0.1), *parts)
    found = cut(pcm, 2 * block)
    assert all(len(one.samples) <= LONGEST + 512 for one in found)
    for before, after in itertools.pairwise(found):
        assert before.start + len(before.samples) <= after.start
    voice = np.abs(np.frombuffer(pcm, np.int16)) > 1000
    heard = np.zeros(len(voice), bool)
    for one in found:
        heard[one.start : one.start + len(one.samples)] = True
    assert not (voice & ~heard).any()
