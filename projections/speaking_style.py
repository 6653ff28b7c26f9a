"""How a person wants to be spoken to, in steps. Pure."""

from __future__ import annotations

from bus.events import CommandName

PACES = (0.6, 0.7, 0.84, 1.0, 1.18, 1.4)
"""Factors on the speed of the voice."""
VOLUMES = (0.15, 0.25, 0.4, 0.63, 1.0)
"""Steps of 4 dB. The last one is what the voice has by itself: louder it would be distorted."""


def adjusted(name: CommandName, pace: float, volume: float) -> tuple[float, float] | None:
    """Pace and volume after "slower" or another step; None at the limit, or where the command is no step."""
    match name:
        case "slower" | "faster":
            changed = _next(PACES, pace, 1 if name == "faster" else -1)
            return None if changed is None else (changed, volume)
        case "louder" | "softer":
            changed = _next(VOLUMES, volume, 1 if name == "louder" else -1)
            return None if changed is None else (pace, changed)
        case _:
            return None


def _next(steps: tuple[float, ...], value: float, direction: int) -> float | None:
    place = steps.index(value) + direction
    return steps[place] if 0 <= place < len(steps) else None
