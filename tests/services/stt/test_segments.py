"""Segments are at most 28 s long, and no speech is lost between them."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audio import Samples
from services.stt.segments import MAX_SEGMENT, Segment, Segmenter

SECOND = 16_000


def loud(samples: Samples) -> float:
    return float(np.abs(samples).max() > 1000)


def sound(*parts: tuple[int, float]) -> bytes:
    """Parts of a loudness and a duration in seconds."""
    return np.concatenate([np.full(round(SECOND * s), level, np.int16) for level, s in parts]).tobytes()


def cut(pcm: bytes, block: int = 3200) -> list[Segment]:
    """All segments, the open one last."""
    segmenter = Segmenter(loud, 512)
    closed = [one for start in range(0, len(pcm), block) for one in segmenter.push(pcm[start : start + block])]
    return [*closed, segmenter.open_segment()]


def test_a_phrase_is_one_segment_with_its_span_of_speech() -> None:
    (only,) = cut(sound((0, 0.2), (5000, 1), (0, 0.5)))
    assert (only.start, len(only.samples)) == (0, round(1.7 * SECOND))
    ((start, end),) = only.speech
    assert abs(start - 0.2 * SECOND) <= 512
    assert abs(end - 1.2 * SECOND) <= 512


def test_silence_before_speech_is_dropped() -> None:
    (only,) = cut(sound((0, 60), (5000, 1)))
    assert 59 * SECOND < only.start < 60 * SECOND
    assert only.speech[0][0] + only.start - 60 * SECOND < 512


def test_a_segment_of_twenty_seconds_ends_in_the_next_pause() -> None:
    first, second = cut(sound((5000, 10), (0, 0.4), (5000, 12), (0, 0.4), (5000, 3)))
    assert 22.4 * SECOND < len(first.samples) < 22.8 * SECOND
    assert second.start == len(first.samples)


def test_a_segment_without_a_pause_is_cut_where_it_is_least_loud() -> None:
    first, second = cut(sound((5000, 25), (1500, 0.1), (5000, 10)))
    assert 25 * SECOND <= len(first.samples) <= 25.1 * SECOND
    assert second.start == len(first.samples)


def test_a_long_segment_is_cut_in_its_longest_late_pause() -> None:
    first, *_ = cut(sound((5000, 8), (0, 0.28), (5000, 8), (0, 0.22), (5000, 7), (0, 0.1), (5000, 10)))
    assert 16.28 * SECOND < len(first.samples) < 16.5 * SECOND


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from([0, 5000]), st.floats(0.1, 12)), max_size=12), st.integers(300, 40_000))
def test_no_speech_is_lost_and_segments_do_not_overlap(parts: list[tuple[int, float]], block: int) -> None:
    pcm = sound((0, 0.1), *parts)
    found = cut(pcm, 2 * block)
    assert all(len(one.samples) <= MAX_SEGMENT + 512 for one in found)
    for before, after in itertools.pairwise(found):
        assert before.start + len(before.samples) <= after.start
    voice = np.abs(np.frombuffer(pcm, np.int16)) > 1000
    heard = np.zeros(len(voice), bool)
    for one in found:
        heard[one.start : one.start + len(one.samples)] = True
    assert not (voice & ~heard).any()
