"""Idle loops are drawn for characters that have none, or an outdated one."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import msgspec
import pytest
from msgspec.structs import replace

from bus.events import IdleBatch
from services.face_clips import CLIPS, KEY_FRAME_INTERVAL, LOOP_FRAMES, MAIN, WINDOW_FRAMES
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.render.idle_loops import IdleLoopRenderer, idle_version
from services.render.render_threads import MAX_BATCH, MAX_FACES, RenderThreads
from tests.services.render.fakes import NO_PORTRAITS, FakeReader, FakeRenderer


async def next_loop(loops: AsyncIterator[Any]) -> list[IdleBatch]:
    return [await anext(loops) for _ in range(LOOP_FRAMES // KEY_FRAME_INTERVAL)]


async def test_missing_and_outdated_idle_loops_are_drawn() -> None:
    renderer = FakeRenderer()
    idle_loops = IdleLoopRenderer(RenderThreads(renderer, NO_PORTRAITS))
    async with aclosing(idle_loops.keep_current(FakeReader())) as loops:
        first = await next_loop(loops)
    assert {batch.character for batch in first} == {"ada"}
    assert [batch.frame for batch in first] == list(range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL))
    assert first[-1].final
    assert not any(batch.final for batch in first[:-1])
    assert {batch.version for batch in first} == {idle_version("ada", renderer.faces[0], renderer)}

    outdated = msgspec.structs.replace(first[-1], character="milo", version="old")
    async with aclosing(idle_loops.keep_current(FakeReader(media=[*first, outdated]))) as loops:
        second = await next_loop(loops)
    assert {batch.character for batch in second} == {"milo"}


async def test_a_loop_that_another_worker_put_in_the_place_of_this_ones_stays_and_a_missing_one_is_drawn() -> None:
    renderer = FakeRenderer()
    reader = FakeReader(characters={"ada": BUILTIN_CHARACTERS["ada"]})
    idle_loops = IdleLoopRenderer(RenderThreads(renderer, NO_PORTRAITS), check_interval=0.01)
    async with aclosing(idle_loops.keep_current(reader)) as loops:
        own = await next_loop(loops)
        reader.media = [*own, msgspec.structs.replace(own[-1], version="of another worker")]
        waiting = asyncio.ensure_future(next_loop(loops))
        await asyncio.sleep(0.1)  # some ten looks at the log
        assert not waiting.done()
        reader.media = []
        async with asyncio.timeout(30):
            assert [batch.version for batch in await waiting] == [batch.version for batch in own]


async def test_more_faces_than_are_kept_ready_are_built_once_and_not_at_each_look() -> None:
    renderer = FakeRenderer()
    names = [f"c{number}" for number in range(MAX_FACES + 4)]
    reader = FakeReader(characters={name: replace(BUILTIN_CHARACTERS["ada"], look=name) for name in names})
    idle_loops = IdleLoopRenderer(RenderThreads(renderer, NO_PORTRAITS), check_interval=0.01)
    async with aclosing(idle_loops.keep_current(reader)) as loops:
        for _ in names:
            reader.media += await next_loop(loops)
        built, looked_at = len(renderer.faces), reader.counted
        waiting = asyncio.ensure_future(anext(loops))
        while reader.counted < looked_at + 5:
            await asyncio.sleep(0.01)
        assert len(renderer.faces) == built
        reader.media = reader.media[1:]  # the oldest batch is gone: that loop is drawn again
        async with asyncio.timeout(30):
            assert cast("IdleBatch", await waiting).character == names[0]


async def test_further_clips_come_after_idle_loops_of_who_is_talked_to_first_and_of_persons_faces_then_only() -> None:
    ada, milo = BUILTIN_CHARACTERS["ada"], BUILTIN_CHARACTERS["milo"]
    names = {"ada": ada, "zoe": replace(milo, owner="p1"), "milo": milo}
    reader = FakeReader(characters=names)
    now = [0.0]
    idle_loops = IdleLoopRenderer(
        RenderThreads(FakeRenderer(), NO_PORTRAITS), check_interval=0.01, clips_after=60.0, clock=lambda: now[0]
    )
    idle_loops.expect("zoe")
    drawn: list[tuple[str, str]] = []
    async with aclosing(idle_loops.keep_current(reader)) as loops:
        while len(drawn) < 3 * len(CLIPS):
            loop = await next_loop(loops)
            reader.media += loop
            drawn += {(one.character, one.clip) for one in loop}
            if len(drawn) == len(names) + len(CLIPS) - 1:
                waiting = asyncio.ensure_future(next_loop(loops))
                await asyncio.sleep(0.05)  # some looks at the log
                assert not waiting.done()
                now[0] = 61.0
                loop = await waiting
                reader.media += loop
                drawn += {(one.character, one.clip) for one in loop}
    assert drawn[:3] == [(name, MAIN) for name in names]
    assert {*drawn[3:12]} == {("zoe", clip) for clip in CLIPS if clip != MAIN}
    assert {*drawn[12:]} == {(name, clip) for name in ("ada", "milo") for clip in CLIPS if clip != MAIN}
    moving = [one for one in reader.media if isinstance(one, IdleBatch) and not one.rests]
    assert moving
    assert not any(one.frame % WINDOW_FRAMES == 0 for one in moving)


async def test_a_further_clip_is_drawn_with_pauses_and_a_loop_that_somebody_waits_for_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", pause)
    ticks = itertools.count()
    idle_loops = IdleLoopRenderer(RenderThreads(FakeRenderer(), NO_PORTRAITS), clock=lambda: next(ticks) / 100)
    ada = BUILTIN_CHARACTERS["ada"]
    _ = [batch async for batch in idle_loops.batches("ada", ada, FakeReader(), MAIN)]
    assert pauses == []
    _ = [batch async for batch in idle_loops.batches("ada", ada, FakeReader(), next(c for c in CLIPS if c != MAIN))]
    assert len(pauses) == LOOP_FRAMES // MAX_BATCH
    assert min(pauses) >= 0.01  # the drawing took as long


async def test_a_new_face_does_not_wait_until_a_further_clip_is_drawn() -> None:
    names = {"ada": BUILTIN_CHARACTERS["ada"]}
    reader = FakeReader(characters=names)
    idle_loops = IdleLoopRenderer(RenderThreads(FakeRenderer(), NO_PORTRAITS), check_interval=30.0, clips_after=0.0)
    async with aclosing(idle_loops.keep_current(reader)) as loops:
        reader.media += await next_loop(loops)
        begun = cast("IdleBatch", await anext(loops))
        assert (begun.character, begun.clip != MAIN) == ("ada", True)
        reader.characters = names | {"milo": BUILTIN_CHARACTERS["milo"]}
        async with asyncio.timeout(20):
            new = await next_loop(loops)
            assert {(one.character, one.clip) for one in new} == {("milo", MAIN)}
            reader.media += new
            again = await next_loop(loops)
    assert {(one.character, one.clip) for one in again} == {("ada", begun.clip)}  # from its beginning
    assert again[0].index == 0
