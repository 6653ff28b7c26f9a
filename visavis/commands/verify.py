"""The command line of `visavis verify`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bus.settings import Settings
from projections.moment import parse_moment
from visavis.commands.values import add_no_color, checked, use_color

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("verify", help="make the decisions of past conversations again, and compare them")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("what", nargs="?", metavar="CONVERSATION|FILE", help="its id, or a file of `visavis export`")
    since = "all conversations with a fact since then"
    which.add_argument("--since", type=checked(parse_moment), metavar="SEQ|TIME", help=since)
    parser.add_argument("--brief", action="store_true", help="only what differs or is not recorded")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_no_color(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.verify.command import Options, run

    options = Options(
        what=arguments.what, since=arguments.since, as_json=arguments.json, color=use_color(arguments),
        brief=arguments.brief,
    )  # fmt: skip
    return run(settings, options)
