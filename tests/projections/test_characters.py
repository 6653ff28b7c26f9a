"""Characters as they are now."""

from __future__ import annotations

from msgspec.structs import replace

from bus.characters import seen_by
from bus.events import CharacterCreated, CharacterEvent, CharacterFact, CharacterRemoved
from projections.characters import Characters, fold

ADA = CharacterCreated(name="Ada", tagline="t", personality="p", greeting="g", look="l", voice="female")


def test_a_later_version_of_a_character_replaces_it_in_its_place() -> None:
    state = Characters()
    older = replace(ADA, name="Old Ada")
    for seq, (name, body) in enumerate((("ada", older), ("bo", replace(ADA, name="Bo")), ("ada", ADA)), 1):
        state = fold(state, seq, CharacterEvent(id=f"e{seq}", at=seq, character=name, body=body))
    assert state.seq == 3
    assert [(name, body.name) for name, body in state.by_id.items()] == [("ada", "Ada"), ("bo", "Bo")]


def test_a_removed_character_is_gone_until_it_is_made_anew() -> None:
    state = Characters()
    facts: tuple[tuple[str, CharacterFact], ...] = (
        ("ada", ADA), ("bo", ADA), ("ada", CharacterRemoved()), ("cy", CharacterRemoved()),
    )  # fmt: skip
    for seq, (name, body) in enumerate(facts, 1):
        state = fold(state, seq, CharacterEvent(id=f"e{seq}", at=seq, character=name, body=body))
    assert list(state.by_id) == ["bo"]
    state = fold(state, 5, CharacterEvent(id="e5", at=5, character="ada", body=ADA))
    assert list(state.by_id) == ["bo", "ada"]


def test_a_person_sees_everybodys_characters_and_their_own() -> None:
    known = {"ada": ADA, "mine": replace(ADA, owner="p1"), "theirs": replace(ADA, owner="p2")}
    assert list(seen_by("p1", known)) == ["ada", "mine"]
    assert list(seen_by("", known)) == ["ada"]


def test_an_event_applied_twice_changes_nothing() -> None:
    event = CharacterEvent(id="e", at=1, character="ada", body=ADA)
    once = fold(Characters(), 1, event)
    assert fold(once, 1, event) is once
