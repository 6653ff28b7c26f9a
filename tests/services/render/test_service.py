"""The render service as a handler: events and media in, facts and batches out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest

from bus import subjects
from bus.errors import EngineError, NotFound
from bus.events import (
    OPUS_FRAME,
    AudioOut,
    Event,
    FaceRequested,
    FrameBatch,
    FramesEnded,
    FramesFailed,
    FramesStarted,
    IdleBatch,
    LiveEvent,
    SpeechEnded,
    SpeechStarted,
    VisemeMark,
    Watching,
)
from services.render.idle_motion import BATCH, LOOP
from services.render.motion import BREATH, TAIL, audio_frames, idle_phase
from services.render.photo.studio import Studio
from services.render.service import Render, failed, idle_version, service
from tests.services.render.fakes import NO_PORTRAITS, FakeReader, FakeRenderer

AT = 1_790_000_000_123_456


def started(speech: str = "s1", index: int = 0, at: int = AT, character: str = "ada") -> Event:
    body = SpeechStarted(speech=speech, reply="r", index=index, character=character, voice="v", engine="e")
    return Event(id=f"e{speech}", at=at, conversation="c", turn="t", body=body)


def audio(packets: int, *, per_chunk: int = 5, speech: str = "s1") -> list[AudioOut]:
    chunks = []
    for index, start in enumerate(range(0, packets, per_chunk)):
        count = min(per_chunk, packets - start)
        marks = (VisemeMark(start * OPUS_FRAME, "aa" if index % 2 else "PP"),)
        chunks.append(AudioOut(
            conversation="c", speech=speech, index=index, sample=start * OPUS_FRAME, packets=(b"x",) * count,
            visemes=marks, loudness=(0.1,) * count, final=start + count == packets,
        ))
    return chunks


def watched(at: int = AT) -> dict[str, LiveEvent]:
    return {subjects.watching("c"): LiveEvent(at=at, conversation="c", body=Watching(session="x"))}


async def outputs(reader: FakeReader, event: Event) -> list[Any]:
    return [output async for output in Render(FakeRenderer(), NO_PORTRAITS, bitrate=1_000_000).speech(event, reader)]


async def test_a_watched_speech_becomes_batches_between_started_and_ended() -> None:
    reader = FakeReader(media=list(audio(60)), newest=watched())
    first, *batches, last = await outputs(reader, started())
    assert first == FramesStarted(
        speech="s1", character="ada", engine="fake", width=64, height=64, fps=25, phase=idle_phase(AT + 240_000)
    )
    assert [batch.index for batch in batches] == list(range(len(batches)))
    assert [len(batch.units) for batch in batches[:4]] == [2, 3, 5, 10]
    assert [batch.frame for batch in batches[:4]] == [0, 2, 5, 10]
    assert [batch.final for batch in batches] == [False] * (len(batches) - 1) + [True]
    assert last == FramesEnded(speech="s1", frames=sum(len(batch.units) for batch in batches))


async def test_the_tail_leads_to_where_the_idle_loop_can_be_entered() -> None:
    for packets in (7, 60, 61, 75):
        first, *_, ended = await outputs(FakeReader(media=list(audio(packets)), newest=watched()), started())
        least = audio_frames(packets * OPUS_FRAME) + TAIL
        assert (first.phase + ended.frames) % BATCH == 0
        assert least <= ended.frames < least + BATCH


async def test_each_batch_can_be_decoded_alone() -> None:
    _, *batches, _ = await outputs(FakeReader(media=list(audio(60)), newest=watched()), started())
    for batch in batches:
        decoder = av.CodecContext.create("h264", "r")
        pictures = [p for unit in batch.units for p in decoder.decode(av.Packet(unit))] + decoder.decode(None)
        assert len(pictures) == len(batch.units)


async def test_the_first_batch_needs_only_the_first_chunk_of_audio() -> None:
    reader = FakeReader(media=list(audio(60)), newest=watched())
    async with aclosing(Render(FakeRenderer(), NO_PORTRAITS, bitrate=1_000_000).speech(started(), reader)) as stream:
        assert isinstance(await anext(stream), FramesStarted)
        assert isinstance(await anext(stream), FrameBatch)
        assert reader.followed == 1


async def test_a_speech_without_a_sound_is_an_idle_face_for_a_moment() -> None:
    silence = AudioOut(conversation="c", speech="s1", index=0, sample=0, packets=(), final=True)
    first, *batches, last = await outputs(FakeReader(media=[silence], newest=watched()), started())
    assert batches[-1].final
    assert TAIL <= last.frames < TAIL + BATCH
    assert (first.phase + last.frames) % BATCH == 0


async def test_nothing_is_drawn_for_nobody() -> None:
    renderer = FakeRenderer()
    render = Render(renderer, NO_PORTRAITS, bitrate=1_000_000)
    for live in ({}, watched(AT - 10_000_001)):
        assert [o async for o in render.speech(started(), FakeReader(media=list(audio(30)), newest=live))] == []
    assert renderer.made == []


async def test_what_a_dead_worker_had_begun_is_drawn_to_its_end_though_nobody_watches() -> None:
    begun = FramesStarted(speech="s1", character="ada", engine="fake", width=64, height=64, fps=25, phase=0)
    record = [Event(id="f", at=AT, conversation="c", body=begun)]
    *_, last = await outputs(FakeReader(media=list(audio(30)), facts_on_record=record), started())
    assert isinstance(last, FramesEnded)
    assert await outputs(FakeReader(media=list(audio(30)), facts_on_record=record), started("s2")) == []


async def test_a_session_seen_a_little_earlier_or_later_watches() -> None:
    for at in (AT - 10_000_000, AT + 60_000_000):
        assert await outputs(FakeReader(media=list(audio(30)), newest=watched(at)), started())


async def test_the_next_sentence_goes_on_where_the_one_before_ended() -> None:
    record = [
        Event(id="a", at=AT, conversation="c", body=FramesStarted(
            speech="s0", character="ada", engine="fake", width=64, height=64, fps=25, phase=190)),
        Event(id="b", at=AT, conversation="c", body=SpeechEnded(
            speech="s0", reply="r", index=0, samples=20 * 1920 + 5)),
    ]
    reader = FakeReader(media=list(audio(30)), newest=watched(), facts_on_record=record)
    first, *_ = await outputs(reader, started(index=1))
    assert first.phase == (190 + 21 + BREATH) % LOOP


async def test_the_next_sentence_starts_by_the_clock_where_the_one_before_had_no_pictures() -> None:
    record = [Event(id="b", at=AT, conversation="c", body=SpeechEnded(speech="s0", reply="r", index=0, samples=1920))]
    reader = FakeReader(media=list(audio(30)), newest=watched(), facts_on_record=record)
    first, *_ = await outputs(reader, started(index=1))
    assert first.phase == idle_phase(AT + 240_000)


async def test_a_repeat_yields_the_very_same() -> None:
    reader = FakeReader(media=list(audio(60)), newest=watched())
    assert await outputs(reader, started()) == await outputs(reader, started())


async def test_an_unknown_character_is_not_found_and_the_page_is_told() -> None:
    reader = FakeReader(media=list(audio(30)), newest=watched())
    with pytest.raises(NotFound, match="nobody"):
        await outputs(reader, started(character="nobody"))
    told = list(failed(started(), EngineError("broken")))
    assert told == [FramesFailed(speech="s1", code="engine_failed", detail="broken")]


async def test_a_cancelled_speech_draws_no_further() -> None:
    renderer = FakeRenderer()
    reader = FakeReader(media=list(audio(600)), newest=watched())
    stream = Render(renderer, NO_PORTRAITS, bitrate=1_000_000).speech(started(), reader)
    async with aclosing(stream):
        async for output in stream:
            if isinstance(output, FrameBatch):
                break
    assert len(renderer.made[0].poses) == 2


async def test_two_conversations_share_the_thread_piece_by_piece() -> None:
    renderer = FakeRenderer()
    render = Render(renderer, NO_PORTRAITS, bitrate=1_000_000)
    order: list[str] = []

    async def draw(speech: str) -> None:
        reader = FakeReader(media=list(audio(200, speech=speech)), newest=watched())
        async for output in render.speech(started(speech), reader):
            if isinstance(output, FrameBatch):
                order.append(speech)

    await asyncio.gather(draw("s1"), draw("s2"))
    both = order[: len(order) * 3 // 4]
    assert abs(both.count("s1") - both.count("s2")) <= 2


async def next_loop(loops: AsyncIterator[Any]) -> list[IdleBatch]:
    return [await anext(loops) for _ in range(LOOP // BATCH)]


async def test_idle_loops_are_made_for_who_has_none_or_another_version() -> None:
    renderer = FakeRenderer()
    render = Render(renderer, NO_PORTRAITS, bitrate=1_000_000)
    reader = FakeReader()
    async with aclosing(render.idle_loops(reader)) as loops:
        first = await next_loop(loops)
    assert {batch.character for batch in first} == {"ada"}
    assert [batch.frame for batch in first] == list(range(0, LOOP, BATCH))
    assert first[-1].final
    assert not any(batch.final for batch in first[:-1])
    assert {batch.version for batch in first} == {idle_version("ada", renderer.made[0], renderer)}

    old = msgspec.structs.replace(first[-1], character="milo", version="old")
    async with aclosing(render.idle_loops(FakeReader(media=[first[-1], old]))) as loops:
        second = await next_loop(loops)
    assert {batch.character for batch in second} == {"milo"}


def test_the_service_takes_speeches_and_makes_idle_loops_in_the_background() -> None:
    made = service(FakeRenderer(), NO_PORTRAITS, Studio(Path("/nowhere")), bitrate=1_000_000)
    assert (made.name, made.consumes, made.engine) == ("render", (SpeechStarted, FaceRequested), "fake")
    assert made.background is not None
