"""All characters as they are now: a pure fold."""

from __future__ import annotations

from msgspec import Struct

from bus.characters import characters_after
from bus.events import CharacterCreated, CharacterEvent


class Characters(Struct, frozen=True, kw_only=True):
    seq: int = 0
    """Stream sequence of the last event folded in; 0 before the first."""
    by_id: dict[str, CharacterCreated] = {}
    """In the order in which they came to be."""


def fold(state: Characters, seq: int, event: CharacterEvent) -> Characters:
    """The characters after this event; unchanged where the event's sequence has been applied already."""
    return state if seq <= state.seq else Characters(seq=seq, by_id=characters_after(state.by_id, event))
