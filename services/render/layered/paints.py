"""Gradients of a look, in coordinates of the parts that they fill."""

from __future__ import annotations

from itertools import pairwise

from services.render.layered.looks import Look
from services.render.layered.picture import Linear, Radial, blend

Stop = tuple[float, str, float]


def linear(look: Look, x1: float, y1: float, x2: float, y2: float, *stops: Stop) -> Linear:
    """A linear gradient from x1, y1 to x2, y2, with the edges of a flat look."""
    return Linear(x1, y1, x2, y2, _tones(stops) if look.flat else stops)


def radial(look: Look, x: float, y: float, r: float, *stops: Stop) -> Radial:
    """A radial gradient around x, y, with the edges of a flat look."""
    return Radial(x, y, r, _tones(stops) if look.flat else stops)


def glow(x: float, y: float, r: float, colour: str, opacity: float) -> Radial:
    """A soft spot that fades to nothing, in every look."""
    middle = (0.5, colour, 0.5 * opacity)
    return Radial(x, y, r, ((0.0, colour, opacity), middle, (1.0, colour, 0.0)))


def hair(look: Look, top: float, bottom: float) -> Linear:
    """From the light on the crown to the tips."""
    return linear(
        look, -60.0, top, 40.0, bottom, (0.0, blend(look.hair_light, look.hair_colour, 0.35), 1.0),
        (0.4, look.hair_colour, 1.0), (1.0, look.hair_dark, 1.0),
    )


def _tones(stops: tuple[Stop, ...]) -> tuple[Stop, ...]:
    """Steps in place of transitions."""
    made = [stops[0]]
    for (at, colour, alpha), (end, next_colour, next_alpha) in pairwise(stops):
        edge = 0.5 * (at + end)
        made += [(edge - 0.008, colour, alpha), (edge + 0.008, next_colour, next_alpha)]
    return (*made, stops[-1])
