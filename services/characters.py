"""Reads the current characters from the log, and removes one with its portrait."""

from __future__ import annotations

from collections.abc import Mapping

from bus.errors import NotFound
from bus.events import CharacterCreated, CharacterRemoved, ConversationOpened
from bus.ids import key_pictures_of
from bus.log.event_log import EventLog
from bus.stamping import new_character_event
from bus.work.service import Reader
from projections.characters import FALLBACK_CHARACTER, fold_all


async def current_characters(reader: Reader) -> dict[str, CharacterCreated]:
    """All characters by id, in the order in which they were created."""
    return fold_all(await reader.character_facts())


async def known_characters(reader: Reader, *, needed: str = "") -> dict[str, CharacterCreated]:
    """The characters as this process has heard of them so far, which asks nobody.

    Args:
        needed: id of the character that is looked for: where it is unknown, all that are stored are looked at.
    """
    characters = fold_all(await reader.character_facts(fresh=False))
    return characters if not needed or needed in characters else await current_characters(reader)


def available(wanted: str, characters: Mapping[str, CharacterCreated]) -> str:
    """The character that a person wants; where there is no such one, or no longer, the first.

    Args:
        characters: that the person may talk to.
    """
    return wanted if wanted in characters else next(iter(characters), FALLBACK_CHARACTER)


def opening(
    person: str, characters: Mapping[str, CharacterCreated], character: str, language: str, network: str = ""
) -> ConversationOpened:
    """The fact that opens a conversation of a person.

    Args:
        characters: that the person may talk to.
        character: that the person wants; where there is no such one, the first.
        language: of the conversation; empty: the character's own.
        network: that the person has asked from, see `ConversationOpened`.
    """
    chosen = available(character, characters)
    own = characters[chosen].language if chosen in characters else ""
    return ConversationOpened(person=person, character=chosen, language=language or own or "en", network=network)


async def remove_character(event_log: EventLog, character: str) -> None:
    """Publish that a character is removed, and delete its portrait unless another character uses it too.

    Raises:
        NotFound: there is no character of that id.
    """
    characters = await current_characters(event_log)
    if character not in characters:
        raise NotFound(f"there is no character {character}; there are {', '.join(sorted(characters)) or 'none'}")
    await event_log.append_character(new_character_event(CharacterRemoved(), character=character))
    look = characters.pop(character).look
    if all(one.look != look for one in characters.values()):
        for name in (look, key_pictures_of(look)):
            await event_log.assets.remove(name)
