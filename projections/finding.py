"""Finds what is meant by an id, or by the beginning of one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from bus import subjects
from bus.errors import InvalidInput, NotFound
from bus.events import ConversationOpened
from bus.log import streams
from bus.log.event_log import EventLog
from projections.printable import printable

_NEAREST = 3


async def find_conversation(event_log: EventLog, wanted: str) -> str:
    """The id of the conversation that is meant; the list of all is asked for only where no id is `wanted` itself.

    Raises:
        NotFound: there is none; the error names the nearest.
        InvalidInput: it is the beginning of several.
    """
    try:
        if await event_log.first_sequence(subjects.facts_of(wanted)) is not None:
            return wanted
    except InvalidInput:
        pass  # no id, but people may have typed a part of one and more
    opened = await event_log.counts(streams.CONVERSATIONS, subjects.facts_of_kind(ConversationOpened))
    return unabbreviated("conversation", wanted, sorted(map(subjects.conversation_of, opened)))


def unabbreviated(kind: str, wanted: str, ids: Sequence[str]) -> str:
    """The id that is meant.

    Args:
        kind: what it is the id of, for the error.
    Raises:
        NotFound: there is none; the error names the nearest.
        InvalidInput: it is the beginning of several.
    """
    shown = printable(wanted[:80])
    found = list(dict.fromkeys(one for one in ids if one.startswith(wanted))) if wanted else []
    if wanted in found:
        return wanted
    if len(found) > 1:
        more = f" and {len(found) - _NEAREST} more" if len(found) > _NEAREST else ""
        raise InvalidInput(f"{shown} is the beginning of {', '.join(found[:_NEAREST])}{more}")
    if found:
        return found[0]
    nearest = difflib.get_close_matches(wanted[:64], ids, n=_NEAREST, cutoff=0.0)
    hint = f"; the nearest: {', '.join(nearest)}" if nearest else "; there is none at all"
    raise NotFound(f"there is no {kind} {shown}{hint}")
