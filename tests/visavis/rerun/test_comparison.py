"""Verdicts on measurements of the same turns."""

from __future__ import annotations

import numpy as np
import pytest

from visavis.rerun.comparison import FEWEST, compare, compare_errors, sign_confidence


def test_the_sign_test_is_exact() -> None:
    assert sign_confidence(0, 6) == sign_confidence(6, 0) == pytest.approx(1 - 2 / 64)
    assert sign_confidence(1, 5) == pytest.approx(1 - 14 / 64)
    assert sign_confidence(3, 3) == 0
    assert sign_confidence(0, 0) == 0


def test_a_difference_of_all_turns_is_a_verdict_from_six_turns_on() -> None:
    before = [100.0, 120.0, 90.0, 400.0, 110.0, 95.0]
    for shift, verdict in ((-20, "faster"), (20, "slower"), (0, "no difference shown")):
        found = compare(before, [value + shift for value in before])
        assert found is not None
        assert (found.pairs, found.verdict, found.difference) == (FEWEST, verdict, shift)
        assert found.interval == (shift, shift)
    fewer = compare(before[1:], [value - 20 for value in before[1:]])
    assert fewer is not None
    assert fewer.verdict == "cannot be told"
    assert compare([], []) is None


def test_noise_is_no_verdict_and_the_same_each_time() -> None:
    random = np.random.default_rng(3)
    before, after = random.normal(500, 80, (2, 40)).tolist()
    found = compare(before, after)
    assert found is not None
    assert found.verdict == "no difference shown"
    assert found.interval[0] < found.difference < found.interval[1]
    assert found == compare(before, after)


def test_word_errors_are_compared_over_utterances() -> None:
    words = [8] * 12
    better = compare_errors(words, [2] * 11 + [0], [1] * 11 + [0])
    assert (better.before, better.after) == (22 / 96, 11 / 96)
    assert (better.verdict, better.words, better.utterances) == ("better", 96, 12)
    assert better.interval is not None
    assert better.interval[1] < 0
    assert compare_errors(words, [1] * 12, [1] * 12).verdict == "no difference shown"
    mixed = compare_errors(words, [1, 0] * 6, [0, 1] * 6)
    assert (mixed.verdict, mixed.before, mixed.after) == ("no difference shown", 6 / 96, 6 / 96)
    assert compare_errors(words[:3], [2] * 3, [0] * 3).verdict == "cannot be told"
    nothing = compare_errors([0, 0], [0, 0], [1, 0])
    assert (nothing.before, nothing.after, nothing.verdict) == (None, None, "cannot be told")
