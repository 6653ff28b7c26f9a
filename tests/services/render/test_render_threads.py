"""The faces that a worker keeps ready."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from services.render.layered.looks import LOOKS
from services.render.layered.renderer import LayeredRenderer
from services.render.pose import Pose
from services.render.render_threads import MAX_FACES, RenderThreads
from tests.services.render.fakes import NO_PORTRAITS, FakeReader, FakeRenderer


async def test_the_least_recently_used_face_is_evicted() -> None:
    renderer = FakeRenderer()
    thread = RenderThreads(renderer, NO_PORTRAITS)
    looks = [f"look{number}" for number in range(MAX_FACES)]
    for look in [*looks, looks[0], "another", looks[0]]:
        await thread.face(look, FakeReader())
    assert len(renderer.faces) == MAX_FACES + 1
    await thread.face(looks[1], FakeReader())
    assert len(renderer.faces) == MAX_FACES + 2


async def test_faces_of_removed_looks_are_dropped() -> None:
    renderer = FakeRenderer()
    thread = RenderThreads(renderer, NO_PORTRAITS)
    for look in ("kept", "removed"):
        await thread.face(look, FakeReader())
    await thread.keep_only({"kept"})
    for look in ("kept", "removed"):
        await thread.face(look, FakeReader())
    assert len(renderer.faces) == 3


async def test_what_is_shown_first_is_drawn_first() -> None:
    threads = RenderThreads(FakeRenderer(), NO_PORTRAITS)
    face = await threads.face("ada", FakeReader())
    order = list[str]()

    async def draw(name: str, due: float | None) -> None:
        await threads.encode(face, threads.encoder(500_000, crf=25), [Pose()], [0], key=True, due=due)
        order.append(name)

    now = time.monotonic()
    dues = {"in hand": now, "idle": None, "late": now + 5.0, "soon": now + 1.0}
    await asyncio.gather(*(draw(name, due) for name, due in dues.items()))
    assert order == ["in hand", "soon", "late", "idle"]


async def test_faces_that_talk_at_once_are_shared_out_among_the_threads() -> None:
    renderer = FakeRenderer()
    threads = RenderThreads(renderer, NO_PORTRAITS, threads=2)
    talking = [await threads.face("ada", FakeReader()) for _ in range(4)]
    assert len(renderer.faces) == 2, "each thread has the face once"
    for face in talking:
        await threads.encode(face, threads.encoder(500_000, crf=25), [Pose()], [0], key=True)
    assert [len(face.poses) for face in renderer.faces] == [2, 2]


def test_canvases_of_several_threads_draw_at_once_what_one_draws_alone() -> None:
    renderer, poses = LayeredRenderer(128), [Pose(jaw=step / 12) for step in range(12)]

    def drawn(look: str) -> list[bytes]:
        return [frame.tobytes() for frame in renderer.face(look).render(poses)]

    looks = [*LOOKS][:4]
    alone = [drawn(look) for look in looks]
    with ThreadPoolExecutor(len(looks)) as pool:
        for _ in range(3):
            assert list(pool.map(drawn, looks)) == alone
