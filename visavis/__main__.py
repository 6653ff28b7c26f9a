"""The `visavis` command. Data goes to standard output, words to standard error.

Exit status: 0 done, 1 it failed for a known reason (one line), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bus.errors import VisavisError
from bus.settings import Settings, read_settings


def _up(arguments: argparse.Namespace, settings: Settings) -> int:
    from bus.logs import set_up_logging
    from visavis.up import run

    set_up_logging(settings.log_level)
    asyncio.run(run(settings))
    return 0


def _doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.doctor import doctor

    return asyncio.run(doctor(settings, color=_colour(arguments)))


def _tail(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.tail import tail

    return asyncio.run(
        tail(
            settings,
            arguments.conversation,
            follow=not arguments.no_follow,
            color=_colour(arguments),
            media=not arguments.no_media,
            as_json=arguments.json,
        )
    )


def _character(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.character import character

    traits = ("name", "tagline", "personality", "greeting", "voice", "language")
    return asyncio.run(
        character(settings, arguments.photo, **{trait: getattr(arguments, trait) for trait in traits})
    )


def _colour(arguments: argparse.Namespace) -> bool:
    return not arguments.no_color and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="visavis", description="A self-hosted talking avatar on an event log.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start everything on this machine and keep it running until Ctrl-C")
    up.set_defaults(run=_up)
    doctor = commands.add_parser("doctor", help="what is installed, which engines would be used, what is in the way")
    doctor.set_defaults(run=_doctor)
    tail = commands.add_parser("tail", help="the live log, one readable line for each event")
    tail.add_argument("conversation", nargs="?", help="only this conversation, from its beginning")
    tail.add_argument("--no-follow", action="store_true", help="end with what is on record now")
    tail.add_argument("--no-media", action="store_true", help="leave out audio and pictures")
    tail.add_argument("--json", action="store_true", help="one JSON object a line")
    tail.set_defaults(run=_tail)
    character = commands.add_parser("character", help="make a character from a photo, or change the one of that name")
    character.add_argument("photo", type=Path, help="JPEG, PNG or WebP with one face, seen from the front")
    character.add_argument("--name", required=True, help="what it is called")
    character.add_argument("--tagline", default="", help="a few words about it")
    character.add_argument("--personality", default="", help="what the language model is told: You are …")
    character.add_argument("--greeting", default="", help="its first sentence")
    character.add_argument("--voice", default="female", help="female or male")
    character.add_argument("--language", default="en", help="BCP-47 tag, e.g. en or de")
    character.set_defaults(run=_character)
    for command in (doctor, tail):
        command.add_argument("--no-color", action="store_true", help="plain text")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.run(parsed, read_settings(os.environ))
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
