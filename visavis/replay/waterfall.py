"""Draws the steps of a turn as bars of characters. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from projections.printable import printable
from projections.replay.measures import MEASURES
from projections.replay.view import ReplayStep, ReplayTurn
from visavis.terminal import painted

_LABEL, _NUMBER, _ENGINE = 18, 11, 14
_SHORTEST = 16
"""Columns of the bars."""
_SIGNS = {"done": "█", "open": "░", "interrupted": "▓", "failed": "╳"}
_COLORS = {
    "speaking": "32", "endpoint": "32", "transcript": "32", "first_sentence": "35", "writing": "35",
    "first_audio": "34", "synthesis": "34", "first_frame": "36", "drawing": "36", "playback_wait": "33",
    "playback": "33",
}  # fmt: skip


def waterfall(turn: ReplayTurn, *, width: int, color: bool = False) -> list[str]:
    """The steps of a turn, one bar each, from its start to its end.

    Args:
        width: of the terminal, in columns.
    """
    columns = max(_SHORTEST, width - _LABEL - _NUMBER - _ENGINE - 4)
    return [_line(step, turn, columns, color=color) for step in turn.steps]


def _line(step: ReplayStep, turn: ReplayTurn, columns: int, *, color: bool) -> str:
    label = step.name.replace("_", " ") + ("" if step.index is None else f" {step.index}")
    end = turn.end if step.end is None else step.end
    first, last = (_column(at, turn, columns) for at in (step.start, end))
    bar = _SIGNS[step.state] * max(1, last - first)
    first = min(first, columns - len(bar))
    number = "open" if step.end is None else _milliseconds(step.end - step.start)
    place = f"{' ' * first}{painted(bar, _COLORS[step.name], color=color)}{' ' * (columns - first - len(bar))}"
    state = "" if step.state in ("done", "open") else f" {step.state}"
    return f"    {label:{_LABEL}}{place}{number:>{_NUMBER}}  {printable(step.engine)}{state}".rstrip()


def _column(at: float, turn: ReplayTurn, columns: int) -> int:
    length = max(turn.end - turn.start, 1e-9)
    return max(0, min(columns, round(columns * (at - turn.start) / length)))


def _milliseconds(length: float) -> str:
    # In one unit, whatever their length: people add them up.
    return f"{length:.1f} ms" if abs(length) < 10 else f"{length:,.0f} ms"


def latency(turn: ReplayTurn) -> str:
    """How long the answer took and what it was made of; empty where it was not played."""
    found = turn.measures
    if "answer" not in found:
        return ""
    parts: Sequence[str] = [name for name in MEASURES if name in found and name not in ("answer", "first_frame")]
    made_of = " + ".join(f"{name.replace('_', ' ')} {found[name]:,.0f}" for name in parts)
    return f"answer after {found['answer']:,.0f} ms = {made_of}"
