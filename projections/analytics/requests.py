"""Asks the process that writes the tables for something, by files in its folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from bus.errors import ConfigurationError
from projections.analytics.store import lock

Request = Literal["flush", "rebuild"]
"""flush: write what is not in files yet. rebuild: make all tables anew."""
FLUSH_WAIT = 3.0
"""Seconds that a question waits for what is not in files yet."""


def is_written(folder: Path) -> bool:
    """Whether a process writes the tables now."""
    if not folder.is_dir():
        return False
    try:
        with lock(folder, patience=0):
            return False
    except ConfigurationError as error:
        return error.code == "locked"


def request(folder: Path, wanted: Request, *, wait: float) -> bool:
    """Ask for something, and wait until it is done or `wait` seconds are over; returns False where nobody writes."""
    if not is_written(folder):
        return False
    asked = folder / wanted
    try:
        asked.touch()
    except OSError:
        return True  # of another user: what is in files is all there is to see
    deadline = time.monotonic() + wait
    while asked.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return True
