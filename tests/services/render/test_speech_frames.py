"""Frames of speeches: events and audio in, facts and batches out."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from bus import clock
from bus.errors import NotFound
from bus.events import (
    OPUS_FRAME,
    AudioOut,
    Event,
    FrameBatch,
    FramesEnded,
    FramesStarted,
    Media,
    PlaybackStarted,
    ReplyStarted,
    SessionClosed,
    SessionCloseReason,
    SessionOpened,
    SpeechEnded,
)
from bus.ids import PHOTO_LOOK
from services.audio import OpusEncoder, Samples
from services.face_clips import KEY_FRAME_INTERVAL, LOOP_FRAMES
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.render.engine import Expressions
from services.render.motion import PAUSE_FRAMES, TAIL_FRAMES, audio_frames, idle_phase, movement_version
from services.render.photo.portrait import PortraitStore
from services.render.render_threads import RenderThreads
from services.render.speech_frames import SpeechRenderer
from tests.services.render.fakes import (
    AT,
    FakeReader,
    FakeRenderer,
    audio_chunks,
    speech_renderer,
    speech_started,
    watching,
)


async def outputs(reader: FakeReader, event: Event) -> list[Any]:
    return [output async for output in speech_renderer(FakeRenderer(), clock=lambda: 0.0).frames(event, reader)]


async def test_a_watched_speech_becomes_batches_between_started_and_ended() -> None:
    reader = FakeReader(media=list(audio_chunks(60)), newest=watching())
    first, *batches, last = await outputs(reader, speech_started())
    assert first == FramesStarted(
        speech="s1", character="ada", engine="fake", width=64, height=64, fps=25, phase=idle_phase(AT + 240_000),
        movement=movement_version(),
    )  # fmt: skip
    assert [batch.index for batch in batches] == list(range(len(batches)))
    assert [len(batch.units) for batch in batches[:4]] == [2, 3, 5, 10]
    assert [batch.frame for batch in batches[:4]] == [0, 2, 5, 10]
    assert [batch.final for batch in batches] == [False] * (len(batches) - 1) + [True]
    assert last == FramesEnded(speech="s1", frames=sum(len(batch.units) for batch in batches))


async def test_a_speech_ends_at_a_key_frame_of_the_idle_loop() -> None:
    for packets in (7, 60, 61, 75):
        reader = FakeReader(media=list(audio_chunks(packets)), newest=watching())
        first, *_, ended = await outputs(reader, speech_started())
        least = audio_frames(packets * OPUS_FRAME) + TAIL_FRAMES
        assert (first.phase + ended.frames) % KEY_FRAME_INTERVAL == 0
        assert least <= ended.frames < least + KEY_FRAME_INTERVAL


async def test_each_batch_can_be_decoded_alone() -> None:
    _, *batches, _ = await outputs(FakeReader(media=list(audio_chunks(60)), newest=watching()), speech_started())
    for batch in batches:
        decoder = av.CodecContext.create("h264", "r")
        frames = [frame for unit in batch.units for frame in decoder.decode(av.Packet(unit))] + decoder.decode(None)
        assert len(frames) == len(batch.units)


async def test_the_first_batch_needs_only_the_first_chunk_of_audio() -> None:
    reader = FakeReader(media=list(audio_chunks(60)), newest=watching())
    async with aclosing(speech_renderer(FakeRenderer()).frames(speech_started(), reader)) as stream:
        assert isinstance(await anext(stream), FramesStarted)
        assert isinstance(await anext(stream), FrameBatch)
        assert reader.followed == 1


async def test_a_silent_speech_shows_the_idle_face_briefly() -> None:
    silence = AudioOut(conversation="c", speech="s1", index=0, sample=0, packets=(), final=True)
    first, *batches, last = await outputs(FakeReader(media=[silence], newest=watching()), speech_started())
    assert batches[-1].final
    assert TAIL_FRAMES <= last.frames < TAIL_FRAMES + KEY_FRAME_INTERVAL
    assert (first.phase + last.frames) % KEY_FRAME_INTERVAL == 0


async def test_nothing_is_drawn_while_no_session_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.render.speech_frames._LOOK_AGAIN", 0.0)
    renderer = FakeRenderer()
    speeches = speech_renderer(renderer)
    for live in ({}, watching(AT - 10_000_001)):
        reader = FakeReader(media=list(audio_chunks(30)), newest=live)
        assert [output async for output in speeches.frames(speech_started(), reader)] == []
    assert renderer.faces == []


async def test_a_session_that_is_late_with_its_report_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = FakeReader(media=list(audio_chunks(30)), newest=watching(AT - 15_000_000))  # NATS stood still for so long
    monkeypatch.setattr("services.render.speech_frames._LOOK_AGAIN", 0.02)
    drawing = asyncio.create_task(outputs(reader, speech_started()))
    await asyncio.wait([drawing], timeout=0.05)
    assert not drawing.done()
    reader.newest = watching()
    assert await drawing
    # Who reported last half a minute ago has gone: no sentence waits for them.
    asked = []

    async def age(subject: str) -> float:
        asked.append(subject)
        return 30.0

    monkeypatch.setattr(reader, "live_age", age)
    assert await outputs(reader, speech_started("s2")) == []
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("reason", "ago", "waits"), [(None, 0, True), ("lost", 5, True), ("shutdown", 5, True), ("left", 5, False),
                                 ("lost", 30, False)],
)  # fmt: skip
async def test_a_session_that_was_lost_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, reason: SessionCloseReason | None, ago: int, waits: bool
) -> None:
    monkeypatch.setattr("services.render.speech_frames._CALLS_AGAIN_LOOK", 0.02)
    monkeypatch.setattr(clock, "now", lambda: AT)
    record = [Event(id="o", at=AT - 60_000_000, conversation="c", body=SessionOpened(session="x"))]
    if reason is not None:
        closed = SessionClosed(session="x", reason=reason)
        record.append(Event(id="d", at=AT - ago * 1_000_000, conversation="c", cause="o", body=closed))
    reader = FakeReader(media=list(audio_chunks(30)), facts_on_record=record)
    drawing = asyncio.create_task(outputs(reader, speech_started()))
    await asyncio.wait([drawing], timeout=0.1)
    assert drawing.done() is not waits
    reader.newest = watching()  # its page has called again
    assert bool(await drawing) is waits
    reader.newest = {}
    assert await outputs(reader, speech_started("s2")) == []  # it does not wait for ever


@pytest.mark.parametrize(
    ("began", "left", "drawn"), [(8, 5, True), (5, 8, False), (80, 70, False), (8, None, False)],
)  # fmt: skip
async def test_the_rest_of_an_answer_is_drawn_for_somebody_who_left_in_the_middle_of_it(
    monkeypatch: pytest.MonkeyPatch, began: int, left: int | None, drawn: bool
) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)
    monkeypatch.setattr("services.render.speech_frames._CALLS_AGAIN_LOOK", 0.0)

    def fact(name: str, ago: int, body: Any, cause: str | None = None) -> Event:
        return Event(id=name, at=AT - ago * 1_000_000, conversation="c", cause=cause, body=body)

    record = [
        fact("o", 90, SessionOpened(session="x")),
        fact("r", began, ReplyStarted(reply="r", character="ada", engine="e")),
    ]
    if left is not None:
        record.append(fact("d", left, SessionClosed(session="x", reason="left"), "o"))
    reader = FakeReader(media=list(audio_chunks(30)), facts_on_record=record)
    assert bool(await outputs(reader, speech_started())) is drawn
    record.append(fact("again", 0, SessionOpened(session="y")))  # it tells by itself whether it watches
    assert await outputs(reader, speech_started("s2")) == []


@pytest.mark.parametrize(
    ("played", "age", "drawn"),
    [([("r", "s1", 0)], 0, True), ([("r", "s2", 1)], 0, True), ([("q", "s0", 0)], 60, False), ([], 60, False),
     ([("r", "s1", 0), ("later", "s9", 0)], 60, True)],
)  # fmt: skip
async def test_a_speech_that_was_played_while_nobody_could_draw_it_is_drawn_for_its_replay(
    monkeypatch: pytest.MonkeyPatch, played: list[tuple[str, str, int]], age: int, drawn: bool
) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT + age * 1_000_000)
    record = [
        Event(id=f"p{speech}", at=AT, conversation="c",
              body=PlaybackStarted(session="x", speech=speech, reply=reply, index=index, video=False))
        for reply, speech, index in played
    ]  # fmt: skip
    reader = FakeReader(media=list(audio_chunks(30)), facts_on_record=record)  # its session has gone since
    assert bool(await outputs(reader, speech_started())) is drawn


async def test_a_speech_that_a_dead_worker_began_is_drawn_to_its_end_without_a_watching_session() -> None:
    begun = FramesStarted(speech="s1", character="ada", engine="fake", width=64, height=64, fps=25, phase=0)
    record = [Event(id="f", at=AT, conversation="c", body=begun)]
    *_, last = await outputs(FakeReader(media=list(audio_chunks(30)), facts_on_record=record), speech_started())
    assert isinstance(last, FramesEnded)
    assert await outputs(FakeReader(media=list(audio_chunks(30)), facts_on_record=record), speech_started("s2")) == []


@pytest.mark.parametrize("other", [{"engine": "liveportrait"}, {"width": 128}, {"movement": ""}, {}])
async def test_another_renderer_adds_no_pictures_to_those_of_the_first(other: dict[str, Any]) -> None:
    reader = FakeReader(media=list(audio_chunks(60)), newest=watching())
    begun, *batches, ended = await outputs(reader, speech_started())
    record = [Event(id="f", at=AT, conversation="c", body=msgspec.structs.replace(begun, **other))]
    there = FakeReader(media=[*audio_chunks(60), *batches[:3]], facts_on_record=record, newest=watching())
    _, *more, end = await outputs(there, speech_started())
    if not other:
        assert (more, end) == (batches, ended)
        return
    assert [(one.index, one.frame, one.units, one.final) for one in more] == [(3, 10, (), True)]
    assert end == FramesEnded(speech="s1", frames=10)
    there.media.append(more[0])
    assert (await outputs(there, speech_started()))[1:] == [FramesEnded(speech="s1", frames=10)]


class _Network:
    version = "fake"

    def expressions(self, sound: Samples, seed: int) -> Expressions:
        return np.ones((-(-len(sound) // 640), 21, 3), np.float32)


@pytest.mark.parametrize(("engine", "look"), [
    ("liveportrait", PHOTO_LOOK + "1" * 32), ("liveportrait", "ada"), ("layered", PHOTO_LOOK + "1" * 32),
])  # fmt: skip
async def test_a_network_moves_the_lips_of_photos_that_liveportrait_draws_and_no_others(
    engine: str, look: str, tmp_path: Path
) -> None:
    renderer = FakeRenderer()
    renderer.name = engine
    encoder = OpusEncoder()
    packets = [*encoder.push(np.full(48_000, 900, np.int16)), *encoder.flush()]
    media: list[Media] = [msgspec.structs.replace(one, packets=tuple(packets[10 * i : 10 * i + len(one.packets)]))
             for i, one in enumerate(audio_chunks(len(packets)))]
    ada = msgspec.structs.replace(BUILTIN_CHARACTERS["ada"], look=look)
    reader = FakeReader(media=media, newest=watching(), characters={"ada": ada}, assets={look: b"portrait"})
    threads = RenderThreads(renderer, PortraitStore(tmp_path), clock=lambda: 0.0)
    speeches = SpeechRenderer(threads, bitrate=1_000_000, clock=lambda: 0.0, network=_Network())
    first, *rest, _ = [output async for output in speeches.frames(speech_started(), reader)]
    batches = [one for one in rest if isinstance(one, FrameBatch)]
    assert isinstance(first, FramesStarted)
    used = (engine, look) == ("liveportrait", PHOTO_LOOK + "1" * 32)
    assert first.movement == movement_version() + "-fake" * used
    (face,) = renderer.faces
    assert len(face.expressions) == (sum(len(batch.units) for batch in batches) if used else 0)
    if used:
        assert [float(one[3, 1]) for one in face.expressions[:6]] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
        assert not face.expressions[-1].any()


async def test_a_session_that_reported_a_little_earlier_or_later_counts_as_watching() -> None:
    for at in (AT - 10_000_000, AT + 60_000_000):
        assert await outputs(FakeReader(media=list(audio_chunks(30)), newest=watching(at)), speech_started())


async def test_a_sentence_continues_at_the_phase_where_the_previous_one_ended() -> None:
    record = [
        Event(id="a", at=AT, conversation="c", body=FramesStarted(
            speech="s0", character="ada", engine="fake", width=64, height=64, fps=25, phase=190)),
        Event(id="b", at=AT, conversation="c", body=SpeechEnded(
            speech="s0", reply="r", index=0, samples=20 * 1920 + 5)),
    ]
    reader = FakeReader(media=list(audio_chunks(30)), newest=watching(), facts_on_record=record)
    first, *_ = await outputs(reader, speech_started(index=1))
    assert first.phase == (190 + 21 + PAUSE_FRAMES) % LOOP_FRAMES


async def test_a_sentence_starts_by_the_clock_after_a_sentence_without_frames() -> None:
    record = [Event(id="b", at=AT, conversation="c", body=SpeechEnded(speech="s0", reply="r", index=0, samples=1920))]
    reader = FakeReader(media=list(audio_chunks(30)), newest=watching(), facts_on_record=record)
    first, *_ = await outputs(reader, speech_started(index=1))
    assert first.phase == idle_phase(AT + 240_000)


async def test_a_redelivered_speech_yields_identical_outputs() -> None:
    reader = FakeReader(media=list(audio_chunks(60)), newest=watching())
    assert await outputs(reader, speech_started()) == await outputs(reader, speech_started())


async def test_an_unknown_character_is_not_found() -> None:
    reader = FakeReader(media=list(audio_chunks(30)), newest=watching())
    with pytest.raises(NotFound, match="nobody"):
        await outputs(reader, speech_started(character="nobody"))


async def test_a_cancelled_speech_is_drawn_no_further() -> None:
    renderer = FakeRenderer()
    reader = FakeReader(media=list(audio_chunks(600)), newest=watching())
    stream = speech_renderer(renderer).frames(speech_started(), reader)
    async with aclosing(stream):
        async for output in stream:
            if isinstance(output, FrameBatch):
                break
    assert len(renderer.faces[0].poses) == 2


async def test_two_conversations_take_turns_in_the_thread() -> None:
    renderer = FakeRenderer()
    speeches = speech_renderer(renderer)
    order: list[str] = []

    async def draw(speech: str) -> None:
        reader = FakeReader(media=list(audio_chunks(200, speech=speech)), newest=watching())
        async for output in speeches.frames(speech_started(speech), reader):
            if isinstance(output, FrameBatch):
                order.append(speech)

    await asyncio.gather(draw("s1"), draw("s2"))
    while_both_run = order[: len(order) * 3 // 4]
    assert abs(while_both_run.count("s1") - while_both_run.count("s2")) <= 2
