"""The command lines of `visavis export` and `visavis import`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bus.settings import Settings

if TYPE_CHECKING:
    from visavis.commands.values import Commands

FORMS = ("visavis", "mp4", "vtt", "md", "jsonl")


def add(commands: Commands) -> None:
    """Add the commands that carry a conversation from one system to another."""
    _add_export(commands.add_parser("export", help="write a conversation as a file: to carry, to watch, to read"))
    _add_import(commands.add_parser("import", help="bring a conversation from such a file into this system"))


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("conversation", help="its id; or a file that `visavis export` wrote")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a file of that form")
    parser.add_argument(
        "--format", choices=FORMS, help="visavis: for `visavis import`; mp4: a video; vtt: captions; md: to read; "
        "jsonl: the facts; default: by the file's suffix",
    )  # fmt: skip
    parser.add_argument(
        "--redact", choices=["words"], help="make words unreadable and both voices silent, for a bug report"
    )
    parser.add_argument("--skip-silences", action="store_true", help="shorten the waits of a video")
    parser.set_defaults(run=_export)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="that `visavis export` wrote")
    parser.add_argument("--as", dest="as_id", metavar="ID", help="its id here; default: as it was, if free")
    parser.add_argument("--for", dest="person", metavar="PERSON", help="whose it will be; default: the operator's only")
    parser.set_defaults(run=_import)


def _export(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.carry.exporting import export, form_of

    return export(
        settings,
        arguments.conversation,
        arguments.output,
        form=form_of(arguments.output, arguments.format),
        redact=arguments.redact is not None,
        skip_silences=arguments.skip_silences,
    )


def _import(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.carry.importing import import_file

    return import_file(settings, arguments.file, as_id=arguments.as_id, person=arguments.person)
