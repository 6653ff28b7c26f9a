"""Recognises what a person writes to the channel itself: commands with a slash, and the token of a link. Pure.

What is said to the character, "new conversation" or "slower", the dialogue recognises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from services.link_secrets import DEEP_LINK, TOKEN_PATTERN

CommandName: TypeAlias = Literal[
    "start", "new", "voice", "text", "both", "video", "same", "character", "repeat", "link", "unlink", "forget", "help",
]  # fmt: skip
_COMMAND = re.compile(r"/([a-z_]{1,32})(?:@\w{1,64})?(?:[ \t]+(\S.*))?", re.IGNORECASE)
_TOKEN = re.compile(rf"(?:/start(?:@\w{{1,64}})?|link)\s+(?:{DEEP_LINK})?({TOKEN_PATTERN})", re.IGNORECASE)
_START = re.compile(rf"/start(?:@\w{{1,64}})?\s+{DEEP_LINK}\S*", re.IGNORECASE)


@dataclass(frozen=True)
class Command:
    """What the person wants of the channel."""

    name: CommandName | Literal["unknown"]
    """unknown: it has the form of a command, and there is none of that name."""
    argument: str = ""


def recognise(text: str) -> Command | None:
    """The command that a text is; None where it is talk."""
    match = _COMMAND.fullmatch(text.strip())
    if match is None:
        return None
    name, argument = match[1].lower(), (match[2] or "").strip()
    for known in get_args(CommandName):
        if name == known:
            return Command(known, argument)
    return None if argument else Command("unknown")


def token_of(text: str) -> str | None:
    """The token in "/start l_…" or "link …"; empty: something else stands in its place; None: it is no such text."""
    match = _TOKEN.fullmatch(text.strip())
    if match is not None:
        return match[1]
    return "" if _START.fullmatch(text.strip()) else None
