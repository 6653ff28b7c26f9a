"""The current characters: a pure fold over their facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bus.events import CharacterCreated, CharacterEvent, CharacterRemoved

FALLBACK_CHARACTER = "visavis"
"""Id of the character that a reply names while no character exists."""


def fold(characters: Mapping[str, CharacterCreated], event: CharacterEvent) -> dict[str, CharacterCreated]:
    """The characters by id after this event, in the order in which they were created."""
    match event.body:
        case CharacterCreated() as created:
            return {**characters, event.character: created}
        case CharacterRemoved():
            return {id_: one for id_, one in characters.items() if id_ != event.character}


def fold_all(events: Iterable[CharacterEvent]) -> dict[str, CharacterCreated]:
    """The characters by id after all these events."""
    characters: dict[str, CharacterCreated] = {}
    for event in events:  # not by `fold`, which copies them all
        match event.body:
            case CharacterCreated() as created:
                characters[event.character] = created
            case CharacterRemoved():
                characters.pop(event.character, None)
    return characters


def visible_to(person: str, characters: Mapping[str, CharacterCreated]) -> dict[str, CharacterCreated]:
    """The characters that a person may talk to: the shared ones and their own."""
    return {id_: one for id_, one in characters.items() if one.owner in ("", person)}


def default_personality(name: str) -> str:
    """The personality in the language model's prompt of a character created without one."""
    return f"You are {name}. You speak in short, clear sentences."


def default_greeting(name: str) -> str:
    """The greeting of a character created without one."""
    return f"Hello, I am {name}."
