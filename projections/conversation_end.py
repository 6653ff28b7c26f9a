"""The newest turns of a conversation, over which nearly every event can be folded without the turns before them. Pure.

The fold looks for the turn of an event by ids. Where one of them is that of an earlier turn, all turns are needed; the
ids of the earlier turns are therefore kept, as hashes. What the end becomes is what the fold makes of the whole.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bus.events import Event
from projections.conversation import Conversation, Turn, fold
from projections.person_part import PersonFact, input_id

KEPT = 4
"""Turns that stay when an end is shortened, which is at twice as many."""


class _ReplyIds(Struct):
    id: str


class _TurnIds(Struct):
    """A stored turn, of which nothing is decoded but the ids."""

    id: str
    reply: _ReplyIds | None = None


_decode_ids = msgspec.json.Decoder(_TurnIds).decode


class Ids:
    """Hashes of the ids of turns and their replies; one may be taken for known that is not."""

    def __init__(self, turns: Iterable[Turn | _TurnIds] = ()) -> None:
        self._hashes = array("q")
        self.add(turns)

    @classmethod
    def of_stored(cls, rows: Iterable[bytes]) -> Ids:
        """Of turns as they are stored."""
        return cls(map(_decode_ids, rows))

    def add(self, turns: Iterable[Turn | _TurnIds]) -> None:
        hashes = set(self._hashes)
        for turn in turns:
            hashes.add(hash(turn.id))
            if turn.reply is not None:
                hashes.add(hash(turn.reply.id))
        self._hashes = array("q", sorted(hashes))

    def __contains__(self, name: str) -> bool:
        place = bisect_left(self._hashes, hash(name))
        return place < len(self._hashes) and self._hashes[place] == hash(name)


class ConversationEnd:
    """A conversation whose `state` has its newest turns only.

    Args:
        first: place of the first of them in the whole conversation.
        earlier: ids of the turns before it; None: not known yet.
    """

    __slots__ = ("earlier", "first", "state")

    def __init__(self, state: Conversation, first: int, earlier: Ids | None) -> None:
        self.state = state
        self.first = first
        self.earlier = earlier if first else Ids()

    def looked_for(self, event: Event) -> tuple[str, ...]:
        """Ids that the fold of an event looks for among the earlier turns, as they are in none of these."""
        body = event.body
        if isinstance(body, PersonFact):
            names: tuple[str, ...] = (event.turn or input_id(body),)
            found = any(turn.id == names[0] for turn in self.state.turns)
        elif (reply := getattr(body, "reply", None)) is not None:
            names = (reply, event.turn) if event.turn else (reply,)
            found = any(turn.reply is not None and turn.reply.id == reply for turn in self.state.turns)
        else:
            return ()
        return () if found or not self.first else names

    def fold(self, sequence: int, event: Event) -> None:
        """Fold an event of which nothing concerns an earlier turn."""
        self.state = fold(self.state, sequence, event)

    def widen(self, turns: tuple[Turn, ...]) -> None:
        """Take the earlier turns in: these, before those that there are."""
        self.state = replace(self.state, turns=turns + self.state.turns)
        self.first, self.earlier = 0, Ids()

    def shorten(self) -> None:
        """Leave the older turns to the file, where there are many."""
        if len(self.state.turns) < 2 * KEPT:
            return
        left, kept = self.state.turns[:-KEPT], self.state.turns[-KEPT:]
        if self.earlier is not None:
            self.earlier.add(left)
        self.state = replace(self.state, turns=kept)
        self.first += len(left)
