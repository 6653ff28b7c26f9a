"""The command line of `visavis models`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bus.settings import Settings

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the command with its acts."""
    parser = commands.add_parser("models", help="the models that engines load: list, fetch, verify, remove")
    parser.set_defaults(run=_run)
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    every = acts.add_parser("list", help="what each model is for, its size, its licence, and whether it is here")
    every.add_argument("--json", action="store_true", help="as a JSON array")
    names = "NAME of a model, or set-up (what `make up` fetches), background (what services fetch by themselves), all"
    fetch = acts.add_parser("fetch", help="download what is missing and check it")
    fetch.add_argument("names", nargs="+", metavar="NAME", help=names)
    fetch.add_argument("--yes", action="store_true", help="also where it is more than 4 GB in all")
    verify = acts.add_parser("verify", help="compare the files that are here with the published checksums")
    verify.add_argument("names", nargs="*", metavar="NAME", help=f"{names}; none: those that are here")
    remove = acts.add_parser("remove", help="delete the files of models")
    remove.add_argument("names", nargs="+", metavar="NAME", help=names)


def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis import models

    match arguments.act:
        case "list":
            return models.show_list(settings, as_json=arguments.json)
        case "fetch":
            return models.fetch(settings, arguments.names, yes=arguments.yes)
        case "verify":
            return models.verify_files(settings, arguments.names)
        case _:
            return models.remove(settings, arguments.names)
