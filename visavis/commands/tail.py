"""The command line of `visavis tail`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bus.settings import Settings
from visavis.commands.values import add_no_color, use_color

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("tail", help="the live log, one readable line for each event")
    parser.add_argument("conversation", nargs="?", help="only this conversation, from its beginning")
    parser.add_argument("--no-follow", action="store_true", help="end with the newest record")
    parser.add_argument("--no-media", action="store_true", help="leave out audio and pictures")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_no_color(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.tail import tail

    return tail(
        settings,
        arguments.conversation,
        follow=not arguments.no_follow,
        color=use_color(arguments),
        media=not arguments.no_media,
        as_json=arguments.json,
    )
