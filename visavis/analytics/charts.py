"""Tables, bars and lines in the terminal, with rich."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from projections.analytics.database import Answer
from projections.analytics.questions import Question
from projections.printable import printable
from visavis.rich_console import rich_console

_BLOCKS = "▁▂▃▄▅▆▇█"
_COLORS = ("cyan", "magenta", "green", "yellow", "blue", "red")
_BAR_WIDTH = 30
_LATEST = 60
"""Points of a line that are shown."""


def print_answer(asked: Question, answer: Answer, *, color: bool) -> None:
    """Print the answer to a ready question: its title, its rows, and its picture."""
    console = rich_console(color=color)
    console.print(Text(asked.title, style="bold"))
    if not answer.rows:
        console.print(Text("  nothing yet\n", style="dim"))
        return
    if asked.chart == "lines":
        console.print(Group(_table(answer), Text(""), *_lines(asked, answer)))
    else:
        console.print(_table(answer, bars=asked.y[0], series=asked.series))
    console.print()


def print_table(answer: Answer, *, color: bool) -> None:
    """Print rows as a table."""
    rich_console(color=color).print(_table(answer))


def _table(answer: Answer, *, bars: str | None = None, series: str | None = None) -> Table:
    """The rows, with a bar for the value of a column behind each."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    records = answer.records()
    for name in answer.columns:
        is_number = any(isinstance(record[name], int | float) for record in records)
        table.add_column(_cell(name), justify="right" if is_number else "left", no_wrap=True)
    if bars is not None:
        table.add_column("", width=_BAR_WIDTH)
    most = max((_number(record[bars]) for record in records), default=0.0) if bars is not None else 0.0
    colors = _colors(record.get(series or "") for record in records)
    for record in records:
        cells: list[RenderableType] = [_cell(value) for value in record.values()]
        if bars is not None:
            style = colors[record.get(series or "")]
            cells.append(Bar(most or 1.0, 0, _number(record[bars]), width=_BAR_WIDTH, color=style))
        table.add_row(*cells)
    return table


def _lines(asked: Question, answer: Answer) -> list[RenderableType]:
    """A line of blocks for each series and value."""
    records = answer.records()
    colors = _colors(record[asked.series or ""] for record in records)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name, style in colors.items():
        for y in asked.y:
            points = [record[y] for record in records if record[asked.series or ""] == name]
            if any(value is not None for value in points):
                newest = [value for value in points if value is not None][-1]
                table.add_row(_cell(name), y, Text(sparkline(points), style=style), f"{newest:g} {asked.unit}".strip())
    return [table]


def sparkline(values: Sequence[float | None]) -> str:
    """Values as blocks of eight heights from 0 to the largest; a space where there is none."""
    shown = values[-_LATEST:]
    most = max((value for value in shown if value is not None), default=0.0)
    if most <= 0:
        return "".join(" " if value is None else _BLOCKS[0] for value in shown)
    return "".join(" " if value is None else _BLOCKS[min(7, max(0, round(value / most * 7)))] for value in shown)


def _colors(names: Iterable[Any]) -> dict[Any, str]:
    found: dict[Any, str] = {}
    for name in names:
        found.setdefault(name, _COLORS[len(found) % len(_COLORS)])
    return found


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.10g}"
    return printable(str(value))  # what somebody's own SELECT gives may hold what moves the cursor
