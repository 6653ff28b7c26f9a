"""Which characters there are, by what is on record of them."""

from __future__ import annotations

from collections.abc import Mapping

from bus.events import CharacterCreated, CharacterEvent, CharacterRemoved


def characters_after(known: Mapping[str, CharacterCreated], event: CharacterEvent) -> dict[str, CharacterCreated]:
    """The characters by id after this event, in the order in which they came to be."""
    match event.body:
        case CharacterCreated() as created:
            return {**known, event.character: created}
        case CharacterRemoved():
            return {id_: one for id_, one in known.items() if id_ != event.character}


def personality_of(name: str) -> str:
    """What the language model is told of a character of whom nobody said more than the name."""
    return f"You are {name}. You speak in short, clear sentences."


def greeting_of(name: str) -> str:
    """How such a character greets."""
    return f"Hello, I am {name}."


def seen_by(person: str, known: Mapping[str, CharacterCreated]) -> dict[str, CharacterCreated]:
    """Those that a person may talk to: everybody's and their own."""
    return {id_: one for id_, one in known.items() if one.owner in ("", person)}
