"""Finds a turn by its number, its id, or the beginning of that."""

from __future__ import annotations

from bus.errors import NotFound
from projections.finding import unabbreviated
from projections.replay.view import ReplayView


def find_turn(view: ReplayView, wanted: str) -> int:
    """The number of a turn, from 1 on.

    Raises:
        NotFound: there is none of this number or id.
        InvalidInput: it is the beginning of several.
    """
    if wanted.isdecimal() and wanted.isascii() and len(wanted) < 7:
        if not 1 <= int(wanted) <= len(view.turns):
            raise NotFound(f"there is no turn {wanted}; the conversation has {len(view.turns)}")
        return int(wanted)
    ids = [turn.id for turn in view.turns]
    return ids.index(unabbreviated("turn", wanted, ids)) + 1
