"""The arguments of `visavis replay`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_arguments(parser: argparse.ArgumentParser, seconds: Callable[[str], float]) -> None:
    """Add them to the command's parser.

    Args:
        seconds: reads a positive number.
    """
    parser.add_argument("conversation", nargs="?", help="its id, or the beginning of it; none: lists the newest")
    parser.add_argument("--turn", metavar="N", help="only this turn: its number from 1 on, or its id")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--events", action="store_true", help="every event with its delay, in place of the turns")
    what.add_argument("--event", metavar="ID", help="one event: its body, what led to it and what it caused")
    parser.add_argument("--json", action="store_true", help="as one JSON document, docs/api.md")
    pace = "print what was said as it went on: 1 at its pace, 2 in half the time"
    parser.add_argument("--speed", type=seconds, metavar="FACTOR", help=pace)
    parser.add_argument("--open", action="store_true", help="open it in the page, too")
    parser.add_argument("--no-color", action="store_true", help="plain text")
