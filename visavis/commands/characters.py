"""The command lines of `visavis character` and `visavis forget`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bus.settings import Settings

if TYPE_CHECKING:
    from visavis.commands.values import Commands

_TRAITS = ("name", "tagline", "personality", "greeting", "voice", "language")


def add(commands: Commands) -> None:
    """Add the commands that make and remove characters."""
    character = commands.add_parser("character", help="make a character from a photo, or change the one of that name")
    character.add_argument("photo", type=Path, help="a picture, such as a JPEG, with one face, seen from the front")
    character.add_argument("--name", required=True, help="its name")
    character.add_argument("--tagline", default="", help="a few words about it")
    character.add_argument("--personality", default="", help="for the prompt of the language model: You are …")
    character.add_argument("--greeting", default="", help="its first sentence")
    character.add_argument("--voice", default="female", help="female or male")
    character.add_argument("--language", default="en", help="BCP-47 tag, e.g. en or de")
    character.set_defaults(run=_create)
    forget = commands.add_parser("forget", help="remove a character that was made from a photo, and its face")
    forget.add_argument("character", help="its id")
    forget.set_defaults(run=_forget)


def _create(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.characters import create

    return create(settings, arguments.photo, **{trait: getattr(arguments, trait) for trait in _TRAITS})


def _forget(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.characters import forget

    return forget(settings, arguments.character)
