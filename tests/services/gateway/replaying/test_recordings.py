"""Recordings are kept and continued, never mixed with those of another log, and never too many."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from bus import codec, subjects
from bus.errors import NotFound
from bus.events import AudioOut, Event, SessionOpened
from bus.log import streams
from bus.log.event_log import EventLog
from projections.replay.recording import Recording
from services.gateway.replaying.media_files import MediaFiles
from services.gateway.replaying.recordings import Recordings
from tests.projections.replay.conversations import BEGAN, facts, interruption, opening, spoken_turn
from tests.services.gateway.replaying.recorded import record


async def append(event_log: EventLog, conversation: str, events: list[tuple[int, Event]]) -> None:
    for _, event in events:
        await event_log.append(replace(event, conversation=conversation, id=f"{conversation}-{event.id}"))


async def test_a_recording_is_continued_and_the_same_as_one_read_anew(event_log: EventLog) -> None:
    kept = Recordings(event_log)
    await append(event_log, "c1", opening())
    async with kept.opened("c1") as recording:
        first = recording
        assert len(recording.timeline().events) == 2
    await append(event_log, "c1", list(facts("t1", spoken_turn(), interruption())))
    await event_log.publish(event_log.js, "conv.c1.x.y", b"{}", "unknown")
    async with kept.opened("c1") as recording, Recordings(event_log).opened("c1") as fresh:
        assert recording is first
        assert recording.timeline() == fresh.timeline()
        assert recording.rows(range(21)) == fresh.rows(range(21))
        assert (recording.undecodable, fresh.undecodable) == (1, 1)
    async with kept.opened("c1") as recording:
        assert (recording.undecodable, len(recording.timeline().events)) == (1, 21)


async def test_those_who_open_one_at_the_same_time_read_it_once(event_log: EventLog) -> None:
    await append(event_log, "c1", opening())
    kept = Recordings(event_log)

    async def read() -> int:
        async with kept.opened("c1") as recording:
            return id(recording)

    assert len(set(await asyncio.gather(*(read() for _ in range(5))))) == 1


async def test_those_used_last_are_kept_as_far_as_there_is_room(event_log: EventLog) -> None:
    for name in ("c1", "c2", "c3"):
        await append(event_log, name, opening())
    async with Recordings(event_log).opened("c1") as recording:
        size = recording.bytes
    kept = Recordings(event_log, most_bytes=2 * size)
    seen: dict[str, list[Recording]] = {}
    for name in ("c1", "c2", "c1", "c3", "c1", "c2"):
        async with kept.opened(name) as recording:
            seen.setdefault(name, []).append(recording)
    assert all(one is seen["c1"][0] for one in seen["c1"])
    assert seen["c2"][0] is not seen["c2"][1]
    small = Recordings(event_log, most_bytes=size - 1)
    for _ in range(2):
        async with small.opened("c1") as recording:
            assert len(recording.timeline().events) == 2


async def test_nothing_of_an_earlier_log_is_left(event_log: EventLog) -> None:
    kept = Recordings(event_log)
    await append(event_log, "c1", opening())
    async with kept.opened("c1"):
        pass
    await event_log.js.delete_stream(streams.CONVERSATIONS)
    await streams.ensure_streams(event_log.js, event_log.settings, update=False)
    with pytest.raises(NotFound):
        async with kept.opened("c1"):
            pass
    other = Event(id="other", at=BEGAN, conversation="c1", body=SessionOpened(session="other"))
    for number in range(4):
        await event_log.append(replace(other, id=f"other-{number}"))
    async with kept.opened("c1") as recording:
        assert [one.id for one in recording.timeline().events] == [f"other-{number}" for number in range(4)]


async def test_files_are_made_once_and_chunks_that_came_twice_count_once(event_log: EventLog) -> None:
    await record(event_log, "c1")
    files = MediaFiles(event_log)
    sound = await files.person_sound("c1", "u1")
    videos = await asyncio.gather(*(files.video("c1", "s1a", 48_000) for _ in range(3)))
    assert videos[0] is videos[1] is videos[2]
    again = await event_log.last_message(subjects.audio_in("c1", "u1"))
    spoken = await event_log.last_message(subjects.audio_out("c1", "s1a"))
    assert again is not None
    assert spoken is not None
    small = await files.character_sound("c1", "s1a", 48_000, ogg=True)
    for one in (again, spoken):
        await event_log.publish(event_log.media_js, one.subject, one.data, "again")
    anew = MediaFiles(event_log)
    assert await anew.person_sound("c1", "u1") == sound
    assert await anew.character_sound("c1", "s1a", 48_000, ogg=True) == small
    await event_log.js.purge_stream(streams.AUDIO)
    assert await files.person_sound("c1", "u1") is sound
    with pytest.raises(NotFound, match="30 days"):
        await anew.character_sound("c1", "s1b", 48_000, ogg=True)
    silent = AudioOut(conversation="c1", speech="s9", index=0, sample=0, packets=(), final=True)
    await event_log.publish(event_log.media_js, subjects.media(silent), codec.encode(silent), "s9")
    with pytest.raises(NotFound, match="no sound"):
        await anew.character_sound("c1", "s9", 48_000, ogg=False)
