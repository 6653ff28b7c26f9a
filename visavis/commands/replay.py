"""The command line of `visavis replay`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bus.settings import Settings
from visavis.commands.values import add_no_color, seconds, use_color

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("replay", help="a past conversation in time: its turns, delays and events")
    parser.add_argument("conversation", nargs="?", help="its id, or the beginning of it; none: lists the newest")
    parser.add_argument("--turn", metavar="N", help="only this turn: its number from 1 on, or its id")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--events", action="store_true", help="every event with its delay, in place of the turns")
    what.add_argument("--event", metavar="ID", help="one event: its body, what led to it and what it caused")
    parser.add_argument("--json", action="store_true", help="as one JSON document, docs/api.md")
    pace = "print what was said as it went on: 1 at its pace, 2 in half the time"
    parser.add_argument("--speed", type=seconds, metavar="FACTOR", help=pace)
    parser.add_argument("--open", action="store_true", help="open it in the page, too")
    add_no_color(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, settings: Settings) -> int | Coroutine[Any, Any, int]:
    from visavis.replay.command import run

    return run(arguments, settings, color=use_color(arguments))
