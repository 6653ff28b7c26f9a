"""A photo becomes a character that can be talked to."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bus.errors import ConfigurationError, InvalidInput, NotFound
from bus.events import CharacterCreated
from bus.ids import key_pictures_of
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.characters import current_characters
from services.models.catalogue import FACE_LANDMARKS
from services.render.character_renderer import CharacterRenderer, WarpAnimator
from services.render.layered.renderer import LayeredRenderer
from services.render.photo.portrait import PortraitStore
from services.render.pose import Pose
from tests import real_models
from visavis.characters import character_id, create, create_character, forget

TRAITS = {"name": "Zoë", "tagline": "t", "personality": "", "greeting": "", "voice": "male", "language": "de"}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    cv2.imwrite(str(path), LayeredRenderer(640).face("milo").pixels(Pose())[:, :, :3].copy())
    return path


@pytest.fixture
def ready(settings: Settings) -> Settings:
    """With the models that find faces in the folder for models."""
    real_models.needed(FACE_LANDMARKS)
    return settings


async def test_a_photo_becomes_a_character_on_record_with_a_face(
    ready: Settings, event_log: EventLog, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await create(ready, photo, **TRAITS) == 0
    assert capsys.readouterr().out == "zoe\n"
    created = (await current_characters(event_log))["zoe"]
    assert created == CharacterCreated(
        name="Zoë",
        tagline="t",
        personality="You are Zoë. You speak in short, clear sentences.",
        greeting="Hello, I am Zoë.",
        look=created.look,
        voice="male",
        language="de",
    )
    portraits = PortraitStore(tmp_path / "elsewhere")
    portraits.put(created.look, await event_log.asset(created.look))
    (picture,) = CharacterRenderer(128, portraits, WarpAnimator(128)).face(created.look).render([Pose()])
    assert picture.shape == (192, 128)


async def test_a_second_photo_of_a_name_replaces_the_first(ready: Settings, event_log: EventLog, photo: Path) -> None:
    await create_character(ready, photo, **TRAITS)
    first = (await current_characters(event_log))["zoe"]
    cv2.imwrite(str(photo), LayeredRenderer(640).face("noor").pixels(Pose())[:, :, :3].copy())
    await create_character(ready, photo, **{**TRAITS, "greeting": "Hi."})
    second = (await current_characters(event_log))["zoe"]
    assert second.look != first.look
    assert second.greeting == "Hi."
    assert len(await current_characters(event_log)) == 1


async def test_a_photo_that_cannot_be_used_leaves_nothing_on_record(
    ready: Settings, event_log: EventLog, photo: Path
) -> None:
    cv2.imwrite(str(photo), np.full((200, 200, 3), 90, np.uint8))
    with pytest.raises(InvalidInput, match="no face was found"):
        await create_character(ready, photo, **TRAITS)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        await create_character(ready, photo.with_name("other.jpg"), **TRAITS)
    assert await current_characters(event_log) == {}


async def test_a_character_is_forgotten_with_its_face(
    ready: Settings, event_log: EventLog, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await create_character(ready, photo, **TRAITS)
    await create_character(ready, photo, **{**TRAITS, "name": "Yan"})
    look = (await current_characters(event_log))["zoe"].look
    await event_log.assets.put(key_pictures_of(look), b"pictures of its key poses")
    assert await forget(ready, "zoe") == 0
    assert capsys.readouterr().err == "zoe is gone\n"
    assert list(await current_characters(event_log)) == ["yan"]
    assert await event_log.asset(look), "Yan has the same face"
    with pytest.raises(NotFound, match="there is no character zoe; there are yan"):
        await forget(ready, "zoe")
    await forget(ready, "yan")
    for name in (look, key_pictures_of(look)):
        with pytest.raises(NotFound):
            await event_log.asset(name)
    with pytest.raises(InvalidInput, match="ada is one of the built-in characters"):
        await forget(ready, "ada")


def test_ids_are_made_of_names() -> None:
    assert [character_id(name) for name in ("Adam", "Dr. Müller-Lüdenscheidt", "  R2 D2! ")] == [
        "adam",
        "dr-muller-ludenscheidt",
        "r2-d2",
    ]
    with pytest.raises(InvalidInput, match="must have a letter"):
        character_id("…")
    with pytest.raises(InvalidInput, match="Ada is one of the built-in characters"):
        character_id("Ada")
