"""A photo that a person gave becomes a character, or is refused, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bus import subjects
from bus.errors import EngineError, NotFound
from bus.events import (
    Body,
    CharacterCreated,
    CharacterEvent,
    CharacterRemoved,
    Event,
    FaceMade,
    FaceRefused,
    FaceRequested,
    IdleBatch,
    StepFailed,
)
from bus.ids import look_of
from bus.log.event_log import EventLog
from bus.work.service import AssetOutput, CharacterOutput, Output, Reader
from services.characters import current_characters
from services.render.face_requests import NewFaces
from services.render.faces import Warp, faces
from services.render.idle_motion import BATCH, LOOP
from services.render.photo.portrait import Portrait, Portraits
from services.render.photo.studio import Studio
from services.render.service import failed, service
from tests.services.render.conftest import Drawing, png
from tests.services.render.fakes import FakeReader
from tests.services.test_speech_on_the_log import running


def asked(photo: bytes, name: str = "zoe") -> Event:
    body = FaceRequested(
        character=name, photo=f"upload-{name}", look=look_of(photo), owner="p", name=name.title(), tagline="t",
        personality="You are kind.", greeting="Hi.", voice="female", language="de",
    )  # fmt: skip
    return Event(id=f"e-{name}", at=1, conversation="c", body=body)


class Log(FakeReader):
    """Keeps what a handler yields, as the bus would."""

    def take(self, output: Output) -> None:
        if isinstance(output, AssetOutput):
            if output.data is None:
                self.assets.pop(output.name, None)
            else:
                self.assets[output.name] = output.data


def maker(studio: Studio, drawn: list[str] | None = None) -> NewFaces:
    async def draw(character: str, created: CharacterCreated, reader: Reader) -> Any:
        await reader.asset(created.look)
        (drawn if drawn is not None else []).append(character)
        yield "idle"

    return NewFaces(studio, draw)


async def made(faces: NewFaces, event: Event, log: Log) -> list[Any]:
    outputs = []
    async for output in faces.make(event, log):
        log.take(output)
        outputs.append(output)
    return outputs


@pytest.fixture
def studio(face_models: Path) -> Studio:
    return Studio(face_models)


async def test_a_photo_becomes_a_character_that_can_be_seen_from_the_first_moment(
    studio: Studio, drawn: Drawing
) -> None:
    photo = png(drawn())
    log = Log(assets={"upload-zoe": photo})
    stored, idle, created, told, removed = await made(maker(studio), asked(photo), log)
    assert stored.name == look_of(photo)
    assert idle == "idle"
    assert created == CharacterOutput("zoe", CharacterCreated(
        name="Zoe", tagline="t", personality="You are kind.", greeting="Hi.", look=look_of(photo), voice="female",
        language="de", owner="p",
    ))  # fmt: skip
    assert told == FaceMade(character="zoe")
    assert removed == AssetOutput("upload-zoe", None)
    assert list(log.assets) == [look_of(photo)]


@pytest.mark.parametrize(
    ("photo", "why"),
    [(b"no picture", "no picture that can be read"), (png(np.full((300, 300, 3), 90, np.uint8)), "no face was found")],
    ids=["garbage", "nobody"],
)
async def test_what_cannot_be_used_is_refused_with_the_reason_and_removed(
    studio: Studio, photo: bytes, why: str
) -> None:
    log = Log(assets={"upload-zoe": photo})
    refused, removed = await made(maker(studio), asked(photo), log)
    assert isinstance(refused, FaceRefused)
    assert (refused.character, refused.code) == ("zoe", "invalid_input")
    assert why in refused.detail
    assert removed == AssetOutput("upload-zoe", None)
    assert log.assets == {}


async def test_a_photo_known_already_is_not_looked_at_again(portrait: Portrait) -> None:
    log = Log(assets={look_of(b"photo"): portrait.bytes()})
    idle, created, told, _ = await made(maker(Studio(Path("/nowhere"))), asked(b"photo"), log)
    assert (idle, created.character, told) == ("idle", "zoe", FaceMade(character="zoe"))


async def test_what_is_told_already_is_only_tidied_up(portrait: Portrait) -> None:
    drawn: list[str] = []
    faces = maker(Studio(Path("/nowhere")), drawn)
    done = Event(id="m", at=2, conversation="c", cause="e-zoe", body=FaceMade(character="zoe"))
    # The person has removed the character meanwhile: it must not come back.
    log = Log(assets={"upload-zoe": b"photo", look_of(b"photo"): portrait.bytes()}, facts_on_record=[done])
    assert await made(faces, asked(b"photo"), log) == [AssetOutput("upload-zoe", None)]
    refusal = FaceRefused(character="zoe", code="x", detail="y")
    refused = Event(id="m", at=2, conversation="c", cause="e-zoe", body=refusal)
    assert await made(faces, asked(b"photo"), Log(facts_on_record=[refused])) == []
    assert drawn == []
    with pytest.raises(NotFound, match="no asset upload-zoe"):
        await made(faces, asked(b"photo"), Log())


def test_a_failure_is_told_to_the_person() -> None:
    told = list(failed(asked(b"x"), EngineError("the models could not be downloaded", retryable=True)))
    assert told == [FaceRefused(character="zoe", code="engine_failed", detail="the models could not be downloaded")]


# on a real log


async def outcome(event_log: EventLog, wanted: Callable[[Body], bool]) -> Body:
    for _ in range(600):
        for _, event in await event_log.facts("c"):
            if wanted(event.body):
                return event.body
        await asyncio.sleep(0.05)
    raise AssertionError([type(event.body).__name__ for _, event in await event_log.facts("c")])


async def empty_of(event_log: EventLog, name: str) -> None:
    for _ in range(100):
        try:
            await event_log.asset(name)
        except NotFound:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{name} is still there")


async def test_a_face_is_made_by_one_worker_and_seen_by_another(
    event_log: EventLog, studio: Studio, tmp_path: Path, drawn: Drawing
) -> None:
    photo = png(drawn("noor"))
    await event_log.assets.put("upload-zoe", photo)
    first, second = Portraits(tmp_path / "first"), Portraits(tmp_path / "second")
    async with running(event_log, service(faces(128, first, Warp(128)), first, studio, bitrate=300_000)):
        await event_log.append(asked(photo))
        await outcome(event_log, lambda body: isinstance(body, FaceMade))
        await empty_of(event_log, "upload-zoe")
    created = (await current_characters(event_log))["zoe"]
    assert created.look == look_of(photo)
    loop = await event_log.last_media(IdleBatch, subjects.idle_frames("zoe"))
    assert loop is not None
    assert (loop.frame, loop.final) == (LOOP - BATCH, True)
    # Somewhere else, where this photo was never seen.
    other = service(faces(128, second, Warp(128)), second, Studio(tmp_path / "nothing"), bitrate=300_000)
    async with running(event_log, other):
        await event_log.append(Event(id="e-2", at=2, conversation="c", body=asked(photo, "yan").body))
        await outcome(event_log, lambda body: isinstance(body, FaceMade) and body.character == "yan")
    assert not second.lacks(created.look)


async def test_without_models_it_is_tried_again_and_then_refused_and_the_photo_stays(
    event_log: EventLog, tmp_path: Path, drawn: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(folder: Path) -> None:
        raise EngineError("pip could not get it", retryable=True)

    monkeypatch.setattr("services.render.photo.models.fetch", offline)
    photo = png(drawn())
    await event_log.assets.put("upload-zoe", photo)
    portraits = Portraits(tmp_path)
    render = service(faces(128, portraits, Warp(128)), portraits, Studio(tmp_path), bitrate=300_000)
    async with running(event_log, replace(render, backoff=(0.01,))):
        await event_log.append(asked(photo))
        refused = await outcome(event_log, lambda body: isinstance(body, FaceRefused))
    assert isinstance(refused, FaceRefused)
    assert refused.detail == "pip could not get it"
    assert any(isinstance(event.body, StepFailed) for _, event in await event_log.facts("c"))
    assert await event_log.asset("upload-zoe") == photo, "it can be put back by hand"


async def test_the_portrait_of_a_removed_character_leaves_the_worker(
    event_log: EventLog, portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.render.service.LOOK_AROUND", 0.1)
    monkeypatch.setattr("services.render.photo.portrait._YOUNG", 0.0)
    portraits = Portraits(tmp_path)
    await event_log.assets.put(portrait.look, portrait.bytes())
    created = CharacterCreated(name="Zoe", tagline="", personality="", greeting="", look=portrait.look, voice="female")
    await event_log.append_character(CharacterEvent(id="x1", at=1, character="zoe", body=created))
    async with running(
        event_log, service(faces(128, portraits, Warp(128)), portraits, Studio(tmp_path), bitrate=300_000)
    ):
        await until(lambda: not portraits.lacks(portrait.look))
        await event_log.append_character(CharacterEvent(id="x2", at=2, character="zoe", body=CharacterRemoved()))
        await until(lambda: portraits.lacks(portrait.look))


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")
