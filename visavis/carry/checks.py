"""Whether a file says only what a log can hold: subjects of its own conversation, and media that belong to them."""

from __future__ import annotations

import re

from bus import codec, subjects
from bus.errors import InvalidInput, UndecodableEvent
from bus.events import IdleBatch
from visavis.carry.contents import Archive, ArchivedFact

_REST = re.compile(r"[!-)+-=?-~]{1,200}")
"""Of a subject, after the conversation: printable, and none of the signs that stand for others."""
_LATEST = 1 << 62


def check_fact(fact: ArchivedFact, conversation: str) -> None:
    """Check that a fact belongs to the conversation.

    Raises:
        InvalidInput: it does not.
    """
    prefix = f"conv.{conversation}."
    rest = fact.subject.removeprefix(prefix)
    if not fact.subject.startswith(prefix) or not _REST.fullmatch(rest) or "" in rest.split("."):
        raise InvalidInput(f"{fact.subject[:100]!r} is no subject of the conversation")
    if not 0 < fact.stored < _LATEST or not 0 < fact.seq < _LATEST:
        raise InvalidInput(f"fact {fact.seq} has no place in time")


def check_subject(subject: str, archive: Archive) -> None:
    """Check that a subject holds media of the conversation, or of one of its characters.

    Raises:
        InvalidInput: it does not.
    """
    match subject.split("."):
        case ["audio", conversation, "in" | "out", name] if conversation == archive.conversation:
            subjects.token(name, "id of a sound")
        case ["frames", "idle", name] if name in {fact.character for fact in archive.character_facts}:
            return
        case ["frames", conversation, name] if conversation == archive.conversation:
            subjects.token(name, "id of pictures")
        case _:
            raise InvalidInput(f"{subject[:100]!r} holds no media of the conversation")


def check_media_message(data: bytes, subject: str) -> None:
    """Check that a message of sound or pictures belongs on a subject.

    Raises:
        InvalidInput: it does not, or does not decode.
    """
    try:
        message = codec.decode_media(data)
        if isinstance(message, IdleBatch) and not subject.startswith("frames.idle."):
            raise InvalidInput(f"an idle loop is among the media of {subject[:100]!r}")
        if subjects.media(message) != subject:
            raise InvalidInput(f"a message does not belong on {subject[:100]!r}")
    except UndecodableEvent as error:
        raise InvalidInput(f"the media of {subject[:100]!r} do not decode: {error.detail}") from error
