"""Easing curves: all movement of faces is made of them."""

from __future__ import annotations

import math


def clamp(value: float, low: float = 0.0, high: float = 1.0) -> float:
    return low if value < low else high if value > high else value


def smoothstep(value: float, start: float, end: float) -> float:
    """0 up to `start`, 1 from `end` on, smooth in between (Hermite)."""
    x = clamp((value - start) / (end - start))
    return x * x * (3.0 - 2.0 * x)


def hann(value: float, start: float, end: float) -> float:
    """The Hann window: 0 outside of `start` to `end`, 1 in the middle, smooth at both ends."""
    if not start < value < end:
        return 0.0
    return math.sin(math.pi * (value - start) / (end - start)) ** 2


def lerp(a: float, b: float, share: float) -> float:
    """Linear interpolation: `a` at share 0, `b` at share 1."""
    return a + (b - a) * share
