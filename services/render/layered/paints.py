"""Gradients of a look, in coordinates of the parts that they fill."""

from __future__ import annotations

from itertools import pairwise

from services.render.layered.looks import Look
from services.render.layered.picture import Linear, Path, Radial, blend, oval

Stop = tuple[float, str, float]


def linear(look: Look, x1: float, y1: float, x2: float, y2: float, *stops: Stop) -> Linear:
    """A linear gradient from x1, y1 to x2, y2, with the edges of a flat look."""
    return Linear(x1, y1, x2, y2, _tones(stops) if look.flat else stops)


def radial(look: Look, x: float, y: float, r: float, *stops: Stop) -> Radial:
    """A radial gradient around x, y, with the edges of a flat look."""
    return Radial(x, y, r, _tones(stops) if look.flat else stops)


def glow(x: float, y: float, rx: float, ry: float, colour: str, opacity: float) -> Radial:
    """A soft spot that fades to nothing at the edge of an ellipse, in every look."""
    stops = ((0.0, colour, opacity), (0.35, colour, 0.72 * opacity), (0.7, colour, 0.22 * opacity), (1.0, colour, 0.0))
    return Radial(x, y, rx, stops, ry / rx)


def spot(x: float, y: float, rx: float, ry: float, colour: str, opacity: float) -> tuple[Path, Radial]:
    """The outline of a soft spot, and its gradient."""
    return oval(x, y, rx, ry), glow(x, y, rx, ry, colour, opacity)


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
