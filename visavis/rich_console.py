"""Where tables and pictures of Rich are printed."""

from __future__ import annotations

from rich.console import Console

_PIPE_WIDTH = 200
"""Columns where the output is no terminal: tables are not narrowed where nobody looks."""


def rich_console(*, color: bool) -> Console:
    """Prints to standard output."""
    console = Console(color_system="standard" if color else None, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    return console
