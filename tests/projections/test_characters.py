"""Characters as they are now."""

from __future__ import annotations

from msgspec.structs import replace

from bus.events import CharacterCreated, CharacterEvent
from projections.characters import Characters, fold

ADA = CharacterCreated(name="Ada", tagline="t", personality="p", greeting="g", look="l", voice="female")


def test_a_later_version_of_a_character_replaces_it_in_its_place() -> None:
    state = Characters()
    older = replace(ADA, name="Old Ada")
    for seq, (name, body) in enumerate((("ada", older), ("bo", replace(ADA, name="Bo")), ("ada", ADA)), 1):
        state = fold(state, seq, CharacterEvent(id=f"e{seq}", at=seq, character=name, body=body))
    assert state.seq == 3
    assert [(name, body.name) for name, body in state.by_id.items()] == [("ada", "Ada"), ("bo", "Bo")]


def test_an_event_applied_twice_changes_nothing() -> None:
    event = CharacterEvent(id="e", at=1, character="ada", body=ADA)
    once = fold(Characters(), 1, event)
    assert fold(once, 1, event) is once
