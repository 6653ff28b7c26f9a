"""The command lines of `visavis erase` and `visavis person`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bus.settings import Settings

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the commands about what is known of people."""
    erase = commands.add_parser("erase", help="remove conversations, or a person, from every stream, for good")
    erase.add_argument("conversations", nargs="*", metavar="CONVERSATION", help="ids, or their beginnings")
    erase.add_argument("--person", metavar="PERSON|CONVERSATION", help="all that is known of a person")
    erase.add_argument("--yes", action="store_true", help="do not ask")
    erase.set_defaults(run=_erase)
    known = commands.add_parser("person", help="write all that is known of a person into one ZIP file")
    known.add_argument("person", metavar="PERSON|CONVERSATION", help="a person's id, or one of their conversations")
    known.add_argument("file", type=Path, metavar="FILE")
    known.set_defaults(run=_export)


def _erase(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis import people

    return people.erase(settings, arguments.conversations, arguments.person, sure=arguments.yes)


def _export(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis import people

    return people.export(settings, arguments.person, arguments.file)
