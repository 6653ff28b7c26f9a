"""Photos and portraits that no fact refers to are removed, and no others."""

from __future__ import annotations

import time

from msgspec.structs import replace
from nats.js.api import StreamConfig

from bus.events import (
    CharacterCreated,
    CharacterEvent,
    CharacterFact,
    CharacterRemoved,
    Event,
    FaceMade,
    FaceRefused,
    FaceRequested,
)
from bus.log import streams
from bus.log.event_log import EventLog
from services.gateway.web.asset_collector import AssetCollector

HOUR, DAY = 3600.0, 86_400.0


def fact(id_: str, body: FaceRequested | FaceMade | FaceRefused, cause: str | None = None) -> Event:
    return Event(id=id_, at=1, conversation="c", cause=cause, body=body)


REQUEST = FaceRequested(
    character="zoe", photo="upload-e1", look="photo-zoe", owner="p", name="Zoe", tagline="", personality="",
    greeting="", voice="female", language="en",
)  # fmt: skip
CREATED = CharacterCreated(name="Zoe", tagline="", personality="", greeting="", look="photo-zoe", voice="female")


async def kept(event_log: EventLog, after: float, *, looks: int = 2) -> list[str]:
    """The names that are left after the collector has looked, so many seconds from now."""
    collector = AssetCollector(event_log)
    for _ in range(looks):
        await collector.collect(time.time() + after)
    return sorted(one.name for one in await event_log.assets.stored())


async def character_fact(event_log: EventLog, id_: str, body: CharacterFact) -> None:
    await event_log.append_character(CharacterEvent(id=id_, at=1, character="zoe", body=body))


async def test_a_photo_goes_once_no_request_or_only_a_finished_one_has_it(event_log: EventLog) -> None:
    for name in ("upload-e1", "upload-e2", "upload-e3", "upload-never", "something else"):
        await event_log.assets.put(name, b"photo")
    for id_ in ("e1", "e2", "e3"):
        await event_log.append(fact(id_, replace(REQUEST, photo=f"upload-{id_}")))
    await event_log.append(fact("m2", FaceMade(character="zoe"), cause="e2"))
    await event_log.append(fact("m3", FaceRefused(character="zoe", code="engine_failed", detail="x"), cause="e3"))
    everything = await kept(event_log, 0.0)
    assert len(everything) == 5, "what was just stored is left alone"
    assert await kept(event_log, 2 * HOUR, looks=1) == everything, "nothing goes at first sight"
    assert await kept(event_log, 2 * HOUR) == ["something else", "upload-e1", "upload-e3"]
    assert await kept(event_log, 29 * DAY) == ["something else", "upload-e1", "upload-e3"], "they can be requeued"
    assert await kept(event_log, 31 * DAY) == ["something else"]


async def test_a_portrait_goes_once_no_character_has_it(event_log: EventLog) -> None:
    portraits = ("photo-zoe", "photo-zoe-keys", "photo-new", "photo-new-keys", "photo-never", "photo-asked")
    for name in (*portraits, "upload-e1"):
        await event_log.assets.put(name, b"portrait")
    await event_log.append(fact("e1", replace(REQUEST, look="photo-asked")))
    await character_fact(event_log, "x1", CREATED)
    assert "photo-never" in await kept(event_log, 2 * HOUR), "its character may have been lost"
    assert await kept(event_log, 2 * DAY) == ["photo-asked", "photo-zoe", "photo-zoe-keys", "upload-e1"]
    await event_log.assets.put("photo-new", b"portrait")
    await character_fact(event_log, "x2", replace(CREATED, look="photo-new"))
    assert await kept(event_log, 2 * HOUR) == ["photo-asked", "photo-new", "upload-e1"], "a second photo of Zoe"
    await character_fact(event_log, "x3", CharacterRemoved())
    assert await kept(event_log, 2 * HOUR) == ["photo-asked", "upload-e1"]


async def test_what_was_stored_in_part_goes_but_not_while_it_is_being_stored(event_log: EventLog) -> None:
    await event_log.js.publish(f"$O.{streams.BUCKET}.C.broken-off", b"half a photo")
    collector = AssetCollector(event_log)
    assert await collector.collect(time.time()) == 0
    assert await collector.collect(time.time() + 2 * HOUR) == 1
    assert (await event_log.js.stream_info(streams.ASSETS)).state.messages == 0


async def test_nothing_goes_while_a_backup_is_put_back(event_log: EventLog) -> None:
    await event_log.assets.put("photo-zoe", b"portrait")
    await event_log.js.add_stream(StreamConfig(name=streams.RESTORING, subjects=["restoring"]))
    assert await kept(event_log, 40 * DAY) == ["photo-zoe"]
    await event_log.js.delete_stream(streams.RESTORING)
    assert await kept(event_log, 40 * DAY) == []
