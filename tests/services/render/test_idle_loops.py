"""Idle loops are drawn for characters that have none, or an outdated one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec

from bus.events import IdleBatch
from services.render.idle_loops import IdleLoopRenderer, idle_version
from services.render.idle_motion import KEY_FRAME_INTERVAL, LOOP_FRAMES
from services.render.render_thread import RenderThread
from tests.services.render.fakes import NO_PORTRAITS, FakeReader, FakeRenderer


async def next_loop(loops: AsyncIterator[Any]) -> list[IdleBatch]:
    return [await anext(loops) for _ in range(LOOP_FRAMES // KEY_FRAME_INTERVAL)]


async def test_missing_and_outdated_idle_loops_are_drawn() -> None:
    renderer = FakeRenderer()
    idle_loops = IdleLoopRenderer(RenderThread(renderer, NO_PORTRAITS))
    async with aclosing(idle_loops.keep_current(FakeReader())) as loops:
        first = await next_loop(loops)
    assert {batch.character for batch in first} == {"ada"}
    assert [batch.frame for batch in first] == list(range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL))
    assert first[-1].final
    assert not any(batch.final for batch in first[:-1])
    assert {batch.version for batch in first} == {idle_version("ada", renderer.faces[0], renderer)}

    outdated = msgspec.structs.replace(first[-1], character="milo", version="old")
    async with aclosing(idle_loops.keep_current(FakeReader(media=[first[-1], outdated]))) as loops:
        second = await next_loop(loops)
    assert {batch.character for batch in second} == {"milo"}
