"""The pace and volume of the voice, changed in steps by commands. Pure."""

from __future__ import annotations

from bus.events import CommandName

PACES = (0.6, 0.7, 0.84, 1.0, 1.18, 1.4)
"""Factors on the speed of the voice, slowest first."""
VOLUMES = (0.15, 0.25, 0.4, 0.63, 1.0)
"""Factors on its loudness, in steps of 4 dB. The last is the voice as synthesised: louder would be distorted."""


def adjusted(name: CommandName, pace: float, volume: float) -> tuple[float, float] | None:
    """Pace and volume after a command; None at the limit, or where the command changes neither."""
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
