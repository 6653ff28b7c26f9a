"""`visavis character PHOTO`: a photo becomes a character that can be talked to."""

from __future__ import annotations

import asyncio
import re
import sys
import unicodedata
from pathlib import Path

from bus import clock
from bus.errors import ConfigurationError, InvalidInput
from bus.events import CharacterCreated, CharacterEvent
from bus.ids import new_id
from bus.log import connect
from bus.settings import Settings
from services.render.cast import CAST
from services.render.faces import FOLDER
from services.render.photo import models
from services.render.photo.face import FaceFinder
from services.render.photo.portrait import Portraits, prepare


async def add(
    settings: Settings, photo: Path, *, name: str, tagline: str, personality: str, greeting: str, voice: str,
    language: str,
) -> str:
    """Make the portrait, keep it, and put the character on record; returns the character's id.

    The same name gives the same id, so a second photo of a name replaces the first one.

    Raises:
        InvalidInput: the photo cannot be used; says why.
        ConfigurationError: it cannot be read, or the portrait cannot be kept.
        BusError: the log is not there; Visavis has to run.
    """
    id_ = id_of(name)
    look = await asyncio.to_thread(_portrait_from, settings, photo)
    created = CharacterCreated(
        name=name,
        tagline=tagline,
        personality=personality or f"You are {name}. You speak in short, clear sentences.",
        greeting=greeting or f"Hello, I am {name}.",
        look=look,
        voice=voice,
        language=language,
    )
    async with connect(settings, name="character") as bus:
        await bus.append_character(CharacterEvent(id=new_id("e"), at=clock.now(), character=id_, body=created))
    return id_


def _portrait_from(settings: Settings, photo: Path) -> str:
    try:
        data = photo.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{photo} cannot be read: {error.strerror}") from error
    return make_portrait(settings, data)


def make_portrait(settings: Settings, photo: bytes) -> str:
    """The portrait of a photo, kept where the render service looks for it; returns its look.

    Raises: see `add`; EngineError: the models that find faces could not be downloaded.
    """
    folder = settings.models_folder / "face"
    models.fetch(folder)
    portrait = prepare(photo, FaceFinder(folder))
    Portraits(settings.data_folder / FOLDER).add(portrait)
    return portrait.look


def id_of(name: str) -> str:
    """What a character of that name is called on the log.

    Raises:
        InvalidInput: it has no letter or digit that an id could be made of, or is that of a built-in character.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    id_ = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64]
    if not id_:
        raise InvalidInput(f"the name must have a letter from A to Z or a digit in it, got {name!r}")
    if id_ in CAST:  # `visavis up` would bring the built-in one back
        raise InvalidInput(f"{name} is one of the built-in characters; take another name")
    return id_


async def character(settings: Settings, photo: Path, **traits: str) -> int:
    """The command; returns its exit status."""
    id_ = await add(settings, photo, **traits)
    print(id_)
    print(f"— {traits['name']} can be talked to", file=sys.stderr)
    return 0
