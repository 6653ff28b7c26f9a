"""The command line of `visavis dead`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bus.settings import Settings
from visavis.commands.values import id_token, number

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the command with its acts."""
    parser = commands.add_parser("dead", help="dead letters, the messages given up: list, show, requeue, drop them")
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    listed = acts.add_parser("list", help="one line for each")
    listed.add_argument("--service", type=id_token("service"), help="only of this service")
    shown = acts.add_parser("show", help="everything about one, with its event")
    shown.add_argument("number", type=number)
    for act in (listed, shown):
        act.add_argument("--json", action="store_true", help="one JSON object a line")
    requeued = acts.add_parser("requeue", help="deliver them to their services again")
    requeued.add_argument("--force", action="store_true", help="also one whose event this version does not know")
    dropped = acts.add_parser("drop", help="remove them for good")
    for act in (requeued, dropped):
        which = act.add_mutually_exclusive_group(required=True)
        which.add_argument("numbers", nargs="*", type=number, default=[], metavar="NUMBER", help="as the list says")
        which.add_argument("--service", type=id_token("service"), help="all of this service")
        which.add_argument("--all", action="store_true", help="all of them")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis import dead_letters

    match arguments.act:
        case "list":
            return dead_letters.show_list(settings, arguments.service, as_json=arguments.json)
        case "show":
            return dead_letters.show(settings, arguments.number, as_json=arguments.json)
    selection = dead_letters.Selection(arguments.numbers, arguments.service)
    if arguments.act == "requeue":
        return dead_letters.requeue(settings, selection, force=arguments.force)
    return dead_letters.drop(settings, selection)
