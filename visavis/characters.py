"""`visavis character PHOTO` creates a character from a photo, `visavis forget` removes one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bus.errors import ConfigurationError, InvalidInput
from bus.events import CharacterCreated
from bus.ids import slug
from bus.log.event_log import connect
from bus.settings import Settings
from bus.stamping import new_character_event
from projections.characters import default_greeting, default_personality
from services.characters import remove_character
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.render.photo.portrait import Portrait
from services.render.photo.portrait_maker import PortraitMaker


async def create_character(
    settings: Settings,
    photo: Path,
    *,
    name: str,
    tagline: str,
    personality: str,
    greeting: str,
    voice: str,
    language: str,
) -> tuple[str, str]:
    """Make the portrait, store it, and publish the character; returns the character's id, and what will look wrong.

    The id follows from the name, so a second photo of a name replaces the first one.

    Raises:
        InvalidInput: the photo cannot be used; says why.
        EngineError: the models that find faces could not be downloaded.
        ConfigurationError: the photo cannot be read.
        BusError: there is no server; Visavis has to run.
    """
    id_ = character_id(name)
    portrait = await asyncio.to_thread(_portrait_from, settings, photo)
    created = CharacterCreated(
        name=name,
        tagline=tagline,
        personality=personality or default_personality(name),
        greeting=greeting or default_greeting(name),
        look=portrait.look,
        voice=voice,
        language=language,
    )
    async with connect(settings, name="character") as event_log:
        await event_log.assets.put(portrait.look, portrait.to_bytes())
        await event_log.append_character(new_character_event(created, character=id_))
    return id_, portrait.warning


def _portrait_from(settings: Settings, photo: Path) -> Portrait:
    try:
        data = photo.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{photo} cannot be read: {error.strerror}") from error
    return PortraitMaker.fetching(settings).make(data)


def character_id(name: str) -> str:
    """The id of a character of this name.

    Raises:
        InvalidInput: the name has no letter or digit for an id, or is that of a built-in character.
    """
    id_ = slug(name)
    if not id_:
        raise InvalidInput(f"the name must have a letter from A to Z or a digit in it, got {name!r}")
    if id_ in BUILTIN_CHARACTERS:  # `visavis up` would bring the built-in one back
        raise InvalidInput(f"{name} is one of the built-in characters; take another name")
    return id_


async def forget(settings: Settings, id_: str) -> int:
    """Remove a character and its portrait; returns the exit status.

    Raises:
        InvalidInput: there is no character of this id, or it is a built-in one.
        BusError: there is no server; Visavis has to run.
    """
    if id_ in BUILTIN_CHARACTERS:  # `visavis up` would bring it back
        raise InvalidInput(f"{id_} is one of the built-in characters")
    async with connect(settings, name="character") as event_log:
        await remove_character(event_log, id_)
    print(f"{id_} is gone", file=sys.stderr)
    return 0


async def create(settings: Settings, photo: Path, **traits: str) -> int:
    """Create a character and print its id; returns the exit status."""
    id_, warning = await create_character(settings, photo, **traits)
    print(id_)
    if warning:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"— {traits['name']} can be talked to", file=sys.stderr)
    return 0
