"""The fold of the characters."""

from __future__ import annotations

from msgspec.structs import replace

from bus.events import CharacterCreated, CharacterEvent, CharacterFact, CharacterRemoved
from projections.characters import fold, fold_all, visible_to

ADA = CharacterCreated(name="Ada", tagline="t", personality="p", greeting="g", look="l", voice="female")


def told(*facts: tuple[str, CharacterFact]) -> list[CharacterEvent]:
    return [CharacterEvent(id=f"e{at}", at=at, character=name, body=body) for at, (name, body) in enumerate(facts)]


def test_a_later_version_of_a_character_replaces_it_in_its_place() -> None:
    older, bo = replace(ADA, name="Old Ada"), replace(ADA, name="Bo")
    known = fold_all(told(("ada", older), ("bo", bo), ("ada", ADA)))
    assert list(known.items()) == [("ada", ADA), ("bo", bo)]


def test_a_removed_character_is_gone_until_it_is_created_again() -> None:
    gone = CharacterRemoved()
    known = fold_all(told(("ada", ADA), ("bo", ADA), ("ada", gone), ("cy", gone)))
    assert list(known) == ["bo"]
    assert list(fold(known, told(("ada", ADA))[0])) == ["bo", "ada"]


def test_a_person_sees_everybodys_characters_and_their_own() -> None:
    known = {"ada": ADA, "mine": replace(ADA, owner="p1"), "theirs": replace(ADA, owner="p2")}
    assert list(visible_to("p1", known)) == ["ada", "mine"]
    assert list(visible_to("", known)) == ["ada"]
