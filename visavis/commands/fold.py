"""The command line of `visavis fold`: that of the projections."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bus.settings import Settings

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "fold",
        help="what is folded from the log, at any sequence or time: list, show, diff, rebuild",
        add_help=False,
        prefix_chars="\0",  # all options are those of the projections' own command line
    )
    parser.add_argument("arguments", nargs="*")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    from projections.__main__ import main

    return main(arguments.arguments, prog="visavis fold")
