"""Keys that are pressed in a terminal, one by one."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_NAMES = {"\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left"}


@asynccontextmanager
async def pressed_keys() -> AsyncIterator[asyncio.Queue[str]]:
    """The keys pressed while the context lasts, as letters or as up, down, left and right; none without a terminal."""
    keys: asyncio.Queue[str] = asyncio.Queue()
    if not sys.stdin.isatty():
        yield keys
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()

    def read() -> None:
        for key in split_keys(os.read(terminal, 64).decode(errors="ignore")):
            keys.put_nowait(key)

    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield keys
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def split_keys(text: str) -> list[str]:
    """The keys in what a terminal sent at once."""
    found: list[str] = []
    while text:
        arrow = text[:3]
        if arrow in _NAMES:
            found.append(_NAMES[arrow])
            text = text[3:]
        else:
            found.append(text[0])
            text = text[1:]
    return found
