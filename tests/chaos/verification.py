"""Makes the decisions of a log again that was made under faults."""

from __future__ import annotations

from collections import defaultdict

from bus import codec
from bus.events import Event
from services.render.builtin_characters import BUILTIN_CHARACTERS
from visavis.verify.command import line
from visavis.verify.verify import verify


def different_decisions(log: dict[str, list[tuple[int, str, bytes]]]) -> list[str]:
    """The decisions that are others now, one line each.

    Args:
        log: by stream, each message's sequence, subject and bytes.
    """
    conversations: dict[str, list[tuple[int, Event]]] = defaultdict(list)
    for seq, _, data in log["CONVERSATIONS"]:
        event = codec.decode_event(data)
        conversations[event.conversation].append((seq, event))
    decisions = [one for facts in conversations.values() for one in verify(facts, characters=BUILTIN_CHARACTERS)]
    return [f"decision: {line(one)}" for one in decisions if one.outcome == "differs"]
