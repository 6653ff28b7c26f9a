"""Tells whether one series of measurements is better than another of the same turns. Pure.

Latencies: an exact two-sided sign test of the pairs, which assumes nothing about how latencies are distributed; the
size of the difference is its median, with a 95 % interval by a paired bootstrap of fixed seed. Word errors: a paired
bootstrap over utterances (Bisani and Ney, 2004).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct

FEWEST = 6
"""Pairs from which on six equal signs are more than chance: 2 / 2⁶ = 3 %."""
CERTAIN = 0.95
"""Confidence from which a difference is one."""
RESAMPLES = 10_000
SEED = 14

Verdict: TypeAlias = Literal["faster", "slower", "better", "worse", "no difference shown", "cannot be told"]


class Comparison(Struct, frozen=True, kw_only=True):
    """Two series of a measure over the same turns."""

    pairs: int
    before_p50: float
    before_p95: float
    after_p50: float
    after_p95: float
    difference: float
    """Median of the differences after − before."""
    interval: tuple[float, float]
    """In which it lies with 95 % confidence."""
    verdict: Verdict
    confidence: float
    """That there is a difference, 0 to 1."""


def compare(before: Sequence[float], after: Sequence[float]) -> Comparison | None:
    """Latencies of the same turns before and after; None without any."""
    if not before:
        return None
    differences = np.asarray(after) - np.asarray(before)
    confidence = sign_confidence(int((differences < 0).sum()), int((differences > 0).sum()))
    middle = float(np.median(differences))
    return Comparison(
        pairs=len(before),
        before_p50=_percentile(before, 50),
        before_p95=_percentile(before, 95),
        after_p50=_percentile(after, 50),
        after_p95=_percentile(after, 95),
        difference=middle,
        interval=_interval(np.median(_resampled(differences), axis=1)),
        verdict=_verdict(len(before), confidence, middle, "faster", "slower"),
        confidence=confidence,
    )


def sign_confidence(fewer: int, more: int) -> float:
    """1 − p of the exact two-sided sign test; ties are left out."""
    count = fewer + more
    tail: float = sum(math.comb(count, k) for k in range(min(fewer, more) + 1)) / 2**count
    return max(0.0, 1 - 2 * tail)


class ErrorComparison(Struct, frozen=True, kw_only=True):
    """Two word error rates over the same utterances."""

    utterances: int
    words: int
    errors_before: int
    errors_after: int
    before: float | None
    after: float | None
    """Wrong words for each word that was said; None where no word was said."""
    interval: tuple[float, float] | None
    """Of the difference after − before, with 95 % confidence."""
    verdict: Verdict
    confidence: float


def compare_errors(words: Sequence[int], before: Sequence[int], after: Sequence[int]) -> ErrorComparison:
    """Words that were said, and errors before and after, by utterance."""
    total = sum(words)
    interval, confidence = None, 0.0
    if total:
        chosen = _choices(len(words))
        said = np.asarray(words)[chosen].sum(axis=1)
        wrong = (np.asarray(after) - np.asarray(before))[chosen].sum(axis=1)
        differences = wrong[said > 0] / said[said > 0]
        interval = _interval(differences)
        against = min(float((differences <= 0).mean()), float((differences >= 0).mean()))
        confidence = max(0.0, 1 - 2 * against)
    return ErrorComparison(
        utterances=len(words),
        words=total,
        errors_before=sum(before),
        errors_after=sum(after),
        before=sum(before) / total if total else None,
        after=sum(after) / total if total else None,
        interval=interval,
        verdict=_verdict(len(words) if total else 0, confidence, sum(after) - sum(before), "better", "worse"),
        confidence=confidence,
    )


def _verdict(pairs: int, confidence: float, difference: float, less: Verdict, more: Verdict) -> Verdict:
    if pairs < FEWEST:
        return "cannot be told"
    if confidence < CERTAIN or not difference:
        return "no difference shown"
    return less if difference < 0 else more


def _choices(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Which of `count` pairs each resample takes: [RESAMPLES, count]."""
    return np.random.default_rng(SEED).integers(0, count, (RESAMPLES, count))


def _resampled(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[
    tuple[int, ...], np.dtype[np.float64]
]:
    return np.asarray(values)[_choices(len(values))]


def _interval(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def _percentile(values: Sequence[float], point: int) -> float:
    return float(np.percentile(np.asarray(values), point))
