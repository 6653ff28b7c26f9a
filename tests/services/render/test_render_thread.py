"""The faces that a worker keeps ready."""

from __future__ import annotations

from services.render.render_thread import MAX_FACES, RenderThread
from tests.services.render.fakes import NO_PORTRAITS, FakeReader, FakeRenderer


async def test_the_least_recently_used_face_is_evicted() -> None:
    renderer = FakeRenderer()
    thread = RenderThread(renderer, NO_PORTRAITS)
    looks = [f"look{number}" for number in range(MAX_FACES)]
    for look in [*looks, looks[0], "another", looks[0]]:
        await thread.face(look, FakeReader())
    assert len(renderer.faces) == MAX_FACES + 1
    await thread.face(looks[1], FakeReader())
    assert len(renderer.faces) == MAX_FACES + 2


async def test_faces_of_removed_looks_are_dropped() -> None:
    renderer = FakeRenderer()
    thread = RenderThread(renderer, NO_PORTRAITS)
    for look in ("kept", "removed"):
        await thread.face(look, FakeReader())
    await thread.keep_only({"kept"})
    for look in ("kept", "removed"):
        await thread.face(look, FakeReader())
    assert len(renderer.faces) == 3
