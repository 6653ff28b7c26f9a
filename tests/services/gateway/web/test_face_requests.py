"""Making characters of photos over the HTTP API: valid and invalid requests, and who sees the characters."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace
from PIL import Image

from bus.errors import NotFound
from bus.events import (
    LARGEST_PHOTO,
    CharacterChosen,
    CharacterCreated,
    CharacterEvent,
    Event,
    FaceMade,
    FaceRefused,
    FaceRequested,
)
from bus.ids import look_of
from bus.log import streams
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.gateway.listening.voice_activity import PocketsphinxDetector
from services.gateway.web import face_requests
from services.gateway.web.face_requests import character_id
from services.pictures import decoding
from services.pictures.decoding import CleanPicture
from tests.pictures import BOMBS, DAMAGED, FOREIGN, GOOD, GPS_MARKER, DecoderHere, with_metadata
from tests.services.gateway.conftest import Running, serving
from tests.services.gateway.web.test_api import error_of

PHOTO = with_metadata("JPEG", orientation=6)


@pytest.fixture(autouse=True)
def decoded_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "several" not in request.node.name:
        monkeypatch.setattr(decoding, "HelperProcess", DecoderHere)


async def send(
    gateway: Running, conversation: str, photo: bytes | None = PHOTO, client: httpx2.AsyncClient | None = None,
    **fields: str,
) -> httpx2.Response:
    # Fields are sent as files without a name: without any file it would be no multipart form.
    files: Any = {name: (None, value.encode()) for name, value in ({"name": "Zoë"} | fields).items()}
    if photo is not None:
        files["photo"] = ("me.jpg", photo, "image/jpeg")
    path = f"/api/conversations/{conversation}/characters"
    return await (client or gateway.client).post(path, files=files, timeout=120)


async def requests_of(event_log: EventLog, conversation: str) -> list[Event]:
    return [event for _, event in await event_log.facts(conversation) if isinstance(event.body, FaceRequested)]


async def make(gateway: Running, request: Event) -> None:
    """Make the character as the render service does."""
    body = request.body
    assert isinstance(body, FaceRequested)
    created = CharacterCreated(
        name=body.name, tagline="", personality="", greeting="", look=body.look, voice="female", owner=body.owner
    )
    await gateway.event_log.assets.put(body.look, b"portrait")
    await gateway.event_log.append_character(
        CharacterEvent(id=f"x{request.id}", at=1, character=body.character, body=created)
    )
    await gateway.event_log.assets.remove(body.photo)
    await publish_outcome(gateway, request, FaceMade(character=body.character))
    await wait_until(gateway, lambda listed: body.character in listed)


async def publish_outcome(gateway: Running, request: Event, outcome: FaceMade | FaceRefused) -> None:
    event = Event(id=f"m{request.id}", at=2, conversation=request.conversation, cause=request.id, body=outcome)
    sequence = await gateway.event_log.append(event)
    async with asyncio.timeout(5):
        while (await gateway.client.get(f"/api/conversations/{request.conversation}")).json()["seq"] < sequence:
            await asyncio.sleep(0.02)


async def ids(gateway: Running, client: httpx2.AsyncClient | None = None) -> list[str]:
    return [one["id"] for one in (await (client or gateway.client).get("/api/characters")).json()]


async def wait_until(gateway: Running, holds: Callable[[list[str]], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds(await ids(gateway)):
            await asyncio.sleep(0.02)


async def test_a_photo_is_stored_and_requested_once(gateway: Running) -> None:
    conversation = await gateway.open()
    both = await asyncio.gather(*(send(gateway, conversation, personality="You rhyme.", voice="male") for _ in "ab"))
    again = await send(gateway, conversation)
    assert [one.status_code for one in (*both, again)] == [202] * 3
    (character,) = {one.json()["character"] for one in (*both, again)}
    (request,) = await requests_of(gateway.event_log, conversation)
    body = request.body
    assert isinstance(body, FaceRequested)
    assert request.cause is None
    shown = (await gateway.client.get(f"/api/conversations/{conversation}")).json()
    assert shown["faces"] == [{"character": character, "name": "Zoë", "state": "making", "error": None}]
    assert body == FaceRequested(
        character=character, photo=f"upload-{request.id}", look=look_of(PHOTO), owner=body.owner, name="Zoë",
        tagline="", personality="You rhyme.", greeting="Hello, I am Zoë.", voice="male", language="en",
    )  # fmt: skip
    assert "zoe" not in character  # ids are in log lines
    stored = await gateway.event_log.asset(body.photo)
    assert GPS_MARKER in PHOTO
    assert GPS_MARKER not in stored
    assert Image.open(io.BytesIO(stored)).size == (64, 96), "upright"
    await make(gateway, request)
    assert (await send(gateway, conversation)).json()["character"] == character
    assert len(await requests_of(gateway.event_log, conversation)) == 1


async def test_a_photo_that_was_refused_can_be_sent_again(gateway: Running) -> None:
    conversation = await gateway.open()
    await send(gateway, conversation)
    (first,) = await requests_of(gateway.event_log, conversation)
    assert isinstance(first.body, FaceRequested)
    refusal = FaceRefused(character=first.body.character, code="engine_failed", detail="no models")
    await publish_outcome(gateway, first, refusal)
    (shown,) = (await gateway.client.get(f"/api/conversations/{conversation}")).json()["faces"]
    assert (shown["state"], shown["error"]) == ("refused", "no models")
    await send(gateway, conversation)
    _, second = await requests_of(gateway.event_log, conversation)
    assert isinstance(second.body, FaceRequested)
    assert second.body == replace(first.body, photo=f"upload-{second.id}")


async def test_a_face_belongs_to_its_maker(gateway: Running) -> None:
    conversation = await gateway.open()
    character = (await send(gateway, conversation)).json()["character"]
    await make(gateway, (await requests_of(gateway.event_log, conversation))[0])
    listed = (await gateway.client.get("/api/characters")).json()
    assert [(one["id"], one["own"]) for one in listed] == [("ada", False), ("milo", False), (character, True)]
    chosen = await gateway.client.put(f"/api/conversations/{conversation}/character", json={"character": character})
    assert chosen.status_code == 204
    async with gateway.stranger() as stranger:
        assert await ids(gateway, stranger) == ["ada", "milo"]
        for answer in (
            await stranger.get(f"/api/characters/{character}/portrait"),
            await stranger.delete(f"/api/characters/{character}"),
            await stranger.post("/api/conversations", json={"character": character}),
            await send(gateway, conversation, client=stranger),
        ):
            assert error_of(answer) == (404, "not_found")
        # From another person, the same photo under the same name makes another character.
        theirs = (await stranger.post("/api/conversations", json={})).json()["id"]
        assert (await send(gateway, theirs, client=stranger)).json()["character"] != character


async def test_a_removed_face_is_gone_and_the_conversation_goes_on_with_another_character(gateway: Running) -> None:
    conversation = await gateway.open()
    character = (await send(gateway, conversation)).json()["character"]
    await make(gateway, (await requests_of(gateway.event_log, conversation))[0])
    await gateway.client.put(f"/api/conversations/{conversation}/character", json={"character": character})
    assert (await gateway.client.delete(f"/api/characters/{character}")).status_code == 204
    assert await ids(gateway) == ["ada", "milo"]
    with pytest.raises(NotFound):
        await gateway.event_log.asset(look_of(PHOTO))
    assert error_of(await gateway.client.delete(f"/api/characters/{character}")) == (404, "not_found")
    await gateway.client.post(f"/api/conversations/{conversation}/messages", json={"text": "hello"})
    facts = [event.body for _, event in await gateway.event_log.facts(conversation)]
    assert [body.character for body in facts if isinstance(body, CharacterChosen)] == [character, "ada"]
    # It can be made again, of the same photo.
    assert (await send(gateway, conversation)).json()["character"] == character
    _, second = await requests_of(gateway.event_log, conversation)
    await make(gateway, second)
    assert character in await ids(gateway)


async def test_a_portrait_that_another_character_uses_is_kept(gateway: Running) -> None:
    conversation = await gateway.open()
    for name in ("Zoe", "Yan"):
        await send(gateway, conversation, name=name)
        await make(gateway, (await requests_of(gateway.event_log, conversation))[-1])
    zoe, yan = (await ids(gateway))[2:]
    await gateway.client.delete(f"/api/characters/{zoe}")
    assert await gateway.event_log.asset(look_of(PHOTO)) == b"portrait"
    await gateway.client.delete(f"/api/characters/{yan}")
    with pytest.raises(NotFound):
        await gateway.event_log.asset(look_of(PHOTO))


async def test_a_shared_character_cannot_be_removed(gateway: Running) -> None:
    assert error_of(await gateway.client.delete("/api/characters/ada")) == (404, "not_found")
    assert "ada" in await ids(gateway)


REFUSED: list[tuple[dict[str, Any], tuple[int, str], str]] = [
    ({"photo": b""}, (400, "invalid_input"), "the photo is empty"),
    ({"photo": FOREIGN["a float TIFF"][0]()}, (415, "unsupported_media_type"), "the file is a TIFF picture"),
    ({"photo": FOREIGN["a session description"][0]()}, (415, "unsupported_media_type"), "JPEG, PNG, WebP, GIF, BMP"),
    ({"photo": BOMBS["a PNG of 30,000 x 30,000"][0]()}, (413, "too_large"), "30000 x 30000 pixels, at most 80 million"),
    ({"photo": DAMAGED["a PNG of noise"]()}, (400, "invalid_input"), "the PNG picture is damaged or cut off"),
    ({"photo": None}, (400, "invalid_input"), "expected a file in the field photo"),
    ({"name": "  "}, (400, "invalid_input"), "a name is needed"),
    ({"name": "x" * 41}, (413, "too_large"), "name may have 40 characters, this one has 41"),
    ({"name": "a\tb"}, (400, "invalid_input"), "cannot be shown"),
    ({"name": "ADA"}, (409, "taken"), "there is a character called ADA already"),
    ({"personality": "x" * 2001}, (413, "too_large"), "personality may have 2000"),
    ({"voice": "loud"}, (400, "invalid_input"), "voice must be one of female, male, got 'loud'"),
    ({"language": "no language"}, (400, "invalid_input"), "language must be like en or pt-BR"),
    ({"photo": bytes(LARGEST_PHOTO + (65 << 10))}, (413, "too_large"), "a photo may have 32 MB"),
    ({f"more{number}": "x" for number in range(9)}, (400, "invalid_input"), "the form cannot be read"),
]


@pytest.mark.parametrize(("fields", "error", "why"), REFUSED, ids=[one[2] for one in REFUSED])
async def test_an_invalid_form_is_refused_with_the_reason(
    gateway: Running, fields: dict[str, Any], error: tuple[int, str], why: str
) -> None:
    conversation = await gateway.open()
    answer = await send(gateway, conversation, **fields)
    assert error_of(answer) == error
    assert why in answer.json()["error"]["message"]
    assert await requests_of(gateway.event_log, conversation) == []
    assert await gateway.event_log.last_sequence(streams.ASSETS) == 0


async def test_one_bad_photo_among_several_costs_only_its_sender_a_picture(gateway: Running) -> None:
    photos = {"Ann": GOOD["PNG"](), "Bob": DAMAGED["a JPEG of noise"](), "Cem": GOOD["HEIC"](), "Dot": GOOD["AVIF"]()}
    conversation = await gateway.open()
    answers = await asyncio.gather(*(send(gateway, conversation, photo, name=name) for name, photo in photos.items()))
    assert [one.status_code for one in answers] == [202, 400, 202, 202]
    made = [one.body for one in await requests_of(gateway.event_log, conversation)]
    assert sorted(body.name for body in made if isinstance(body, FaceRequested)) == ["Ann", "Cem", "Dot"]


async def test_the_photos_of_one_person_do_not_hold_up_anothers(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[bytes] = []
    go_on = threading.Event()

    def slow(photo: bytes, form: str) -> CleanPicture:
        started.append(photo)
        assert photo == b"other" or go_on.wait(60)
        return CleanPicture(photo, 1, 1)

    monkeypatch.setattr(face_requests, "decode_picture", slow)
    conversation = await gateway.open()
    mine = [asyncio.create_task(send(gateway, conversation, b"mine", name=name)) for name in ("One", "Two", "Three")]
    async with gateway.stranger() as stranger:
        theirs = (await stranger.post("/api/conversations", json={})).json()["id"]
        while not started:
            await asyncio.sleep(0.01)
        assert (await send(gateway, theirs, b"other", client=stranger)).status_code == 202
    assert started == [b"mine", b"other"]
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*mine)] == [202] * 3


async def test_a_body_that_is_no_form_is_refused(gateway: Running) -> None:
    path = f"/api/conversations/{await gateway.open()}/characters"
    assert error_of(await gateway.client.post(path, content=PHOTO)) == (415, "unsupported_media_type")
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert error_of(await gateway.client.post(path, content=b"--y", headers=broken)) == (400, "invalid_input")
    nameless = {"content-type": "multipart/form-data"}
    assert error_of(await gateway.client.post(path, content=b"--y", headers=nameless)) == (400, "invalid_input")


async def test_the_number_of_faces_per_person_is_limited(event_log: EventLog, settings: Settings) -> None:
    async with serving(event_log, replace(settings, faces_per_person=2), PocketsphinxDetector) as gateway:
        assert (await gateway.client.get("/api/status")).json()["faces_per_person"] == 2
        conversation = await gateway.open()
        await send(gateway, conversation, name="One")
        await make(gateway, (await requests_of(event_log, conversation))[0])
        await send(gateway, conversation, name="Two")
        third = await send(gateway, conversation, name="Three")
        assert error_of(third) == (409, "too_many")
        assert "you have 2 characters of your own" in third.json()["error"]["message"]


async def test_faces_can_be_switched_off(event_log: EventLog, settings: Settings) -> None:
    async with serving(event_log, replace(settings, faces_per_person=0), PocketsphinxDetector) as gateway:
        answer = await send(gateway, await gateway.open())
        assert error_of(answer) == (403, "switched_off")


def test_ids_are_unique_to_a_person_and_valid_in_subjects() -> None:
    assert character_id("Zoë!", "p", "l").startswith("face-")
    assert len(character_id("x" * 40, "p", "l")) <= 64
    variants = [("a", "p", "l"), ("a", "q", "l"), ("a", "p", "m"), ("b", "p", "l")]
    assert len({character_id(*variant) for variant in variants}) == 4
