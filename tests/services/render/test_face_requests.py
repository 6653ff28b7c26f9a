"""An uploaded photo becomes a character or is refused, even if a worker dies meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bus import subjects
from bus.errors import EngineError, InvalidInput, NotFound
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
from bus.settings import Settings
from bus.work.service import AssetOutput, CharacterOutput, Output, Reader, Service
from services.characters import current_characters
from services.face_clips import KEY_FRAME_INTERVAL, LOOP_FRAMES
from services.models import loading
from services.models.catalogue import FACE_LANDMARKS
from services.models.files import Model
from services.render.character_renderer import CharacterRenderer, WarpAnimator
from services.render.face_requests import FaceRequestHandler
from services.render.idle_loops import CHECK_INTERVAL, IdleLoopRenderer
from services.render.photo.portrait import Portrait, PortraitStore
from services.render.photo.portrait_maker import PortraitMaker
from services.render.service import failure_facts, service
from tests.pictures import DAMAGED
from tests.services.render.conftest import Drawing, png
from tests.services.render.fakes import FakeReader
from tests.services.test_speech_on_the_log import running


def request(photo: bytes, name: str = "zoe") -> Event:
    body = FaceRequested(
        character=name, photo=f"upload-{name}", look=look_of(photo), owner="p", name=name.title(), tagline="t",
        personality="You are kind.", greeting="Hi.", voice="female", language="de",
    )  # fmt: skip
    return Event(id=f"e-{name}", at=1, conversation="c", body=body)


class Log(FakeReader):
    """Stores the assets that a handler yields, as the runner does."""

    def take(self, output: Output) -> None:
        if isinstance(output, AssetOutput):
            if output.data is None:
                self.assets.pop(output.name, None)
            else:
                self.assets[output.name] = output.data


def handler(portrait_maker: PortraitMaker, drawn: list[str] | None = None) -> FaceRequestHandler:
    async def draw(character: str, created: CharacterCreated, reader: Reader) -> Any:
        await reader.asset(created.look)
        (drawn if drawn is not None else []).append(character)
        yield "idle"

    return FaceRequestHandler(portrait_maker, draw)


def unneeded() -> Path:
    raise AssertionError("no photo is looked at here")


async def handled(requests: FaceRequestHandler, event: Event, log: Log) -> list[Any]:
    outputs = []
    async for output in requests.handle(event, log):
        log.take(output)
        outputs.append(output)
    return outputs


@pytest.fixture
def portrait_maker(face_models: Path) -> PortraitMaker:
    return PortraitMaker(lambda: face_models)


async def test_a_photo_becomes_a_character_whose_idle_loop_comes_first(
    portrait_maker: PortraitMaker, drawn: Drawing
) -> None:
    photo = png(drawn())
    log = Log(assets={"upload-zoe": photo})
    stored, idle, created, outcome_fact, removed = await handled(handler(portrait_maker), request(photo), log)
    assert stored.name == look_of(photo)
    assert idle == "idle"
    assert created == CharacterOutput("zoe", CharacterCreated(
        name="Zoe", tagline="t", personality="You are kind.", greeting="Hi.", look=look_of(photo), voice="female",
        language="de", owner="p",
    ))  # fmt: skip
    assert outcome_fact == FaceMade(character="zoe")
    assert removed == AssetOutput("upload-zoe", None)
    assert list(log.assets) == [look_of(photo)]


async def test_a_face_that_will_look_wrong_is_made_with_a_warning_and_a_repetition_says_the_same(
    portrait_maker: PortraitMaker, drawn: Drawing
) -> None:
    dark = png(drawn() // 9)
    log = Log(assets={"upload-zoe": dark})
    *_, made, _ = await handled(handler(portrait_maker), request(dark), log)
    assert "the photo is very dark" in made.warning
    *_, again, _ = await handled(handler(PortraitMaker(unneeded)), request(dark), log)
    assert again == made


@pytest.mark.parametrize(
    ("photo", "why"),
    [
        (DAMAGED["a PNG of noise"](), "the PNG picture is damaged or cut off"),
        (png(np.full((300, 300, 3), 90, np.uint8)), "no face was found"),
    ],
    ids=["undecodable", "no face"],
)
async def test_an_unusable_photo_is_refused_with_the_reason_and_removed(
    portrait_maker: PortraitMaker, photo: bytes, why: str
) -> None:
    log = Log(assets={"upload-zoe": photo})
    refused, removed = await handled(handler(portrait_maker), request(photo), log)
    assert isinstance(refused, FaceRefused)
    assert (refused.character, refused.code) == ("zoe", "invalid_input")
    assert why in refused.detail
    assert removed == AssetOutput("upload-zoe", None)
    assert log.assets == {}


async def test_a_photo_has_no_models_fetched_and_is_refused_with_words_while_there_are_none(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), models=str(tmp_path / "models"), model_downloads="off")
    log = Log(assets={"upload-zoe": png(np.full((300, 300, 3), 90, np.uint8))})
    refused, removed = await handled(handler(PortraitMaker.prepared(settings)), request(b"photo"), log)
    why = "photos cannot be looked at here: what finds faces is not installed"
    assert refused == FaceRefused(character="zoe", code="unavailable", detail=why)
    assert removed == AssetOutput("upload-zoe", None)


def test_models_are_fetched_when_the_service_starts_and_photos_do_not_wait(
    tmp_path: Path, face_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched, tries = threading.Event(), []

    def fetch(model: Model, settings: Settings) -> Path:
        tries.append(model)
        assert fetched.wait(60)
        return face_models

    monkeypatch.setattr(loading, "fetch_and_verify", fetch)
    settings = Settings(data=str(tmp_path), models=str(tmp_path / "models"), model_downloads="on")
    maker = PortraitMaker.prepared(settings)
    for _ in range(2):
        with pytest.raises(InvalidInput, match="is being fetched; try again in some minutes"):
            maker.make(b"photo")
    fetched.set()
    while True:
        try:
            maker.make(png(np.full((300, 300, 3), 90, np.uint8)))
        except InvalidInput as refused:
            if "no face was found" in refused.detail:
                break
    assert tries == [FACE_LANDMARKS]


async def test_no_second_portrait_is_made_of_a_known_photo(portrait: Portrait) -> None:
    log = Log(assets={look_of(b"photo"): portrait.to_bytes()})
    idle, created, outcome_fact, _ = await handled(handler(PortraitMaker(unneeded)), request(b"photo"), log)
    assert (idle, created.character, outcome_fact) == ("idle", "zoe", FaceMade(character="zoe"))


async def test_a_request_with_a_recorded_outcome_only_removes_its_photo(portrait: Portrait) -> None:
    drawn: list[str] = []
    requests = handler(PortraitMaker(unneeded), drawn)
    done = Event(id="m", at=2, conversation="c", cause="e-zoe", body=FaceMade(character="zoe"))
    # The person has removed the character meanwhile: it must not come back.
    log = Log(assets={"upload-zoe": b"photo", look_of(b"photo"): portrait.to_bytes()}, facts_on_record=[done])
    assert await handled(requests, request(b"photo"), log) == [AssetOutput("upload-zoe", None)]
    refusal = FaceRefused(character="zoe", code="x", detail="y")
    refused = Event(id="m", at=2, conversation="c", cause="e-zoe", body=refusal)
    assert await handled(requests, request(b"photo"), Log(facts_on_record=[refused])) == []
    assert drawn == []
    with pytest.raises(NotFound, match="no asset upload-zoe"):
        await handled(requests, request(b"photo"), Log())


def test_a_failed_request_is_recorded_as_refused() -> None:
    facts = list(failure_facts(request(b"x"), EngineError("the models could not be downloaded", retryable=True)))
    assert facts == [FaceRefused(character="zoe", code="engine_failed", detail="the models could not be downloaded")]


@pytest.mark.parametrize("usable", [True, False])
async def test_a_face_that_was_made_gets_its_further_clips_before_anybody_has_heard_it(
    portrait: Portrait, portrait_maker: PortraitMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usable: bool
) -> None:
    expected: list[str] = []
    monkeypatch.setattr(IdleLoopRenderer, "expect", lambda self, character: expected.append(character))
    assets = {look_of(b"photo"): portrait.to_bytes()} if usable else {"upload-zoe": b"no picture"}
    reader = Log(assets=assets)
    made = render_service(PortraitStore(tmp_path), portrait_maker)
    async for output in made.handle(request(b"photo"), reader):
        reader.take(output)
    assert expected == (["zoe"] if usable else [])


# On a real log.


def render_service(
    portraits: PortraitStore, portrait_maker: PortraitMaker, *, check_interval: float = CHECK_INTERVAL
) -> Service:
    renderer = CharacterRenderer(128, portraits, WarpAnimator(128))
    return service(renderer, portraits, portrait_maker, bitrate=300_000, check_interval=check_interval)


async def outcome(event_log: EventLog, wanted: Callable[[Body], bool]) -> Body:
    for _ in range(600):
        for _, event in await event_log.facts("c"):
            if wanted(event.body):
                return event.body
        await asyncio.sleep(0.05)
    raise AssertionError([type(event.body).__name__ for _, event in await event_log.facts("c")])


async def asset_removed(event_log: EventLog, name: str) -> None:
    for _ in range(100):
        try:
            await event_log.asset(name)
        except NotFound:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{name} is still there")


async def test_another_worker_draws_the_face_that_one_worker_made(
    event_log: EventLog, portrait_maker: PortraitMaker, tmp_path: Path, drawn: Drawing
) -> None:
    photo = png(drawn("noor"))
    await event_log.assets.put("upload-zoe", photo)
    first, second = PortraitStore(tmp_path / "first"), PortraitStore(tmp_path / "second")
    async with running(event_log, render_service(first, portrait_maker)):
        await event_log.append(request(photo))
        await outcome(event_log, lambda body: isinstance(body, FaceMade))
        await asset_removed(event_log, "upload-zoe")
    created = (await current_characters(event_log))["zoe"]
    assert created.look == look_of(photo)
    loop = await event_log.last_media(IdleBatch, subjects.idle_frames("zoe"))
    assert loop is not None
    assert (loop.frame, loop.final) == (LOOP_FRAMES - KEY_FRAME_INTERVAL, True)
    # Another machine, which has never had this photo.
    async with running(event_log, render_service(second, PortraitMaker(unneeded))):
        await event_log.append(Event(id="e-2", at=2, conversation="c", body=request(photo, "yan").body))
        await outcome(event_log, lambda body: isinstance(body, FaceMade) and body.character == "yan")
    assert not second.is_missing(created.look)


async def test_after_a_failure_that_is_not_the_photos_it_is_retried_then_refused_and_stays(
    event_log: EventLog, tmp_path: Path, drawn: Drawing
) -> None:
    def offline() -> Path:
        raise EngineError("no source delivers it", retryable=True)

    photo = png(drawn())
    await event_log.assets.put("upload-zoe", photo)
    render = render_service(PortraitStore(tmp_path), PortraitMaker(offline))
    async with running(event_log, replace(render, backoff=(0.01,))):
        await event_log.append(request(photo))
        refused = await outcome(event_log, lambda body: isinstance(body, FaceRefused))
    assert isinstance(refused, FaceRefused)
    assert refused.detail == "no source delivers it"
    assert any(isinstance(event.body, StepFailed) for _, event in await event_log.facts("c"))
    assert await event_log.asset("upload-zoe") == photo, "it can be put back by hand"


async def test_the_portrait_of_a_removed_character_is_deleted_from_the_worker(
    event_log: EventLog, portrait: Portrait, tmp_path: Path
) -> None:
    portraits = PortraitStore(tmp_path, grace=0.0)
    await event_log.assets.put(portrait.look, portrait.to_bytes())
    created = CharacterCreated(name="Zoe", tagline="", personality="", greeting="", look=portrait.look, voice="female")
    await event_log.append_character(CharacterEvent(id="x1", at=1, character="zoe", body=created))
    async with running(event_log, render_service(portraits, PortraitMaker(unneeded), check_interval=0.1)):
        await until(lambda: not portraits.is_missing(portrait.look))
        await event_log.append_character(CharacterEvent(id="x2", at=2, character="zoe", body=CharacterRemoved()))
        await until(lambda: portraits.is_missing(portrait.look))


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the condition did not become true")
