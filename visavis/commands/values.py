"""What the arguments of several commands have in common: checked values, plain text, colour."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from bus.errors import VisavisError

T = TypeVar("T")

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]


def checked(parse: Callable[[str], T], name: str | None = None) -> Callable[[str], T]:
    """A type of argparse, whose messages have the sentence of our errors.

    Args:
        name: what argparse calls a value where `parse` raises another error; None: the function's name.
    """

    def value(text: str) -> T:
        try:
            return parse(text)
        except VisavisError as error:
            raise argparse.ArgumentTypeError(error.detail) from error

    value.__name__ = name or parse.__name__
    return value


def seconds(text: str) -> float:
    """A positive number of seconds, or of times as fast."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def number(text: str) -> int:
    """A number from 1 on."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def id_token(what: str) -> Callable[[str], str]:
    """Reads an id that can be a part of a subject.

    Args:
        what: it is the id of, for the message.
    """

    def read(text: str) -> str:
        from bus.subjects import token

        return token(text, what)

    return checked(read, what)


def add_no_color(parser: argparse.ArgumentParser) -> None:
    """Add --no-color, which `use_color` reads."""
    parser.add_argument("--no-color", action="store_true", help="plain text")


def use_color(arguments: argparse.Namespace) -> bool:
    """Whether standard output is a terminal whose person wants colours."""
    return not arguments.no_color and sys.stdout.isatty() and "NO_COLOR" not in os.environ
