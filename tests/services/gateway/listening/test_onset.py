"""When it is certain that somebody has begun to speak."""

from __future__ import annotations

from services.gateway.listening.onset import STEADY, SURE, Evidence, Onset


def windows_until_certain(rule: tuple[Evidence, ...], windows: list[tuple[float, float]]) -> int | None:
    """How many windows it takes; each is a probability and a loudness."""
    onset = Onset(rule)
    for number, (probability, loudness) in enumerate(windows, 1):
        if onset.push(probability, loudness) is not None:
            return number
    return None


def test_a_sure_detector_needs_fewer_windows_than_a_doubtful_one() -> None:
    needed = [windows_until_certain(SURE, [(p, 0.1)] * 9) for p in (0.97, 0.85, 0.6, 0.4)]
    assert needed == [3, 4, 5, None]
    assert windows_until_certain(STEADY, [(0.97, 0.1)] * 9) == 6


def test_speech_began_at_the_first_window_that_counts() -> None:
    onset = Onset(STEADY)
    found = [onset.push(probability, 0.1) for probability in (0.1, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9, 0.9)]
    assert found == [None] * 7 + [7]


def test_the_tail_of_a_murmur_in_the_memory_of_the_detector_is_no_speech() -> None:
    murmur = [(0.8, 0.1), (0.8, 0.1), (0.8, 0.1)]
    assert windows_until_certain(SURE, [*murmur, *[(0.8, 0.002)] * 5]) is None
    assert windows_until_certain(SURE, [*murmur, (0.8, 0.08)]) == 4


def test_a_voice_that_swells_counts_from_its_beginning() -> None:
    assert windows_until_certain(SURE, [(0.95, level) for level in (0.01, 0.03, 0.09)]) == 3
