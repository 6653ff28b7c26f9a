"""Faces while the graphics card is full or lost. The card is a double that raises torch's own errors."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, cast

import msgspec
import pytest
import torch

from bus.events import FrameBatch, FramesEnded, FramesStarted, IdleBatch
from bus.ids import PHOTO_LOOK
from services.face_clips import LOOP_FRAMES
from services.gpu_faults import PAUSES, GpuUse
from services.models.deferred import Deferred
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.render.engine import AnimatedFace, Expressions, Frame
from services.render.gpu_animator import GpuAnimator
from services.render.idle_loops import IdleLoopRenderer, idle_version
from services.render.pose import Pose
from services.render.render_threads import MAX_BATCH, RenderThreads
from tests.services.render.fakes import (
    NO_PORTRAITS,
    FakeFace,
    FakeReader,
    audio_chunks,
    speech_renderer,
    speech_started,
    watching,
)
from tests.services.test_gpu_faults import Clock

FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 512.00 MiB.")
LOST = torch.AcceleratorError("CUDA error: unspecified launch failure\nSearch for `cudaErrorLaunchFailure'")


class CardFace(FakeFace):
    """Draws until its card fails."""

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.version = "of the card"
        self._card = card

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> list[Frame]:
        if self._card.batches_left == 0:
            raise self._card.error
        self._card.batches_left -= 1
        return super().render(poses, expressions)


class Card:
    """An engine on a card that fails after a number of batches."""

    name = "liveportrait"

    def __init__(self, batches_left: int = -1, error: Exception = FULL) -> None:
        self.batches_left = batches_left
        self.error = error
        self.faces: list[CardFace] = []

    def face(self, portrait: object) -> AnimatedFace:
        if self.batches_left == 0:
            raise self.error
        self.faces.append(CardFace(self))
        return self.faces[-1]


class Processor:
    name = "layered"

    def __init__(self) -> None:
        self.faces: list[FakeFace] = []

    def face(self, portrait: object) -> AnimatedFace:
        self.faces.append(FakeFace())
        return self.faces[-1]


class PortraitRenderer:
    """Draws every look as a portrait."""

    width = height = 64

    def __init__(self, card: Card, use: GpuUse) -> None:
        self.card, self.processor = card, Processor()
        self.animator = GpuAnimator(Deferred.ready(cast("Any", card), "m"), cast("Any", self.processor), use)

    @property
    def name(self) -> str:
        return self.animator.name

    def face(self, look: str) -> AnimatedFace:
        return self.animator.face(cast("Any", look))


def drawn(faces: Sequence[FakeFace]) -> int:
    return sum(len(face.poses) for face in faces)


@pytest.mark.parametrize(("error", "cause"), [(FULL, "full"), (LOST, "lost")])
@pytest.mark.parametrize("good_batches", [0, 1, 2, 4])
async def test_a_speech_is_drawn_to_its_end_without_the_card(error: Exception, cause: str, good_batches: int) -> None:
    clock = Clock()
    use = GpuUse(clock=clock)
    renderer = PortraitRenderer(Card(good_batches, error), use)
    speeches = speech_renderer(renderer, clock=lambda: 0.0)  # no time passes: no frame is dropped
    reader = FakeReader(media=[*audio_chunks(50)], newest=watching())
    outputs = [one async for one in speeches.frames(speech_started(), reader)]
    started, *batches, ended = outputs
    assert isinstance(started, FramesStarted)
    assert isinstance(ended, FramesEnded)
    frames = [(one.frame, len(one.units)) for one in batches if isinstance(one, FrameBatch)]
    assert [start for start, _ in frames] == [sum(count for _, count in frames[:at]) for at in range(len(frames))]
    assert sum(count for _, count in frames) == ended.frames
    # No picture is drawn twice, and none is left out.
    assert drawn(renderer.card.faces) + drawn(renderer.processor.faces) == ended.frames
    assert (drawn(renderer.card.faces) > 0, drawn(renderer.processor.faces) > 0) == (good_batches > 0, True)
    assert started.engine == ("layered" if good_batches == 0 else "liveportrait")
    assert (use.cause, renderer.name) == (cause, "layered")

    # The next speech does not ask the card; after the pause a card that was full is asked again.
    renderer.card.batches_left = -1
    reader = FakeReader(media=[*audio_chunks(10, speech="s2")], newest=watching())
    [started, *_] = [one async for one in speeches.frames(speech_started("s2"), reader)]
    assert isinstance(started, FramesStarted)
    assert started.engine == "layered"
    clock.now += PAUSES[0]
    reader = FakeReader(media=[*audio_chunks(10, speech="s3")], newest=watching())
    [started, *_] = [one async for one in speeches.frames(speech_started("s3"), reader)]
    assert isinstance(started, FramesStarted)
    assert (started.engine, use.cause) == (("liveportrait", None) if cause == "full" else ("layered", "lost"))


async def test_an_idle_loop_is_of_one_engine_and_one_of_the_card_stays_while_the_card_is_full() -> None:
    clock = Clock()
    use = GpuUse(clock=clock)
    renderer = PortraitRenderer(Card(3), use)
    thread = RenderThreads(renderer, NO_PORTRAITS)
    loops = IdleLoopRenderer(thread, use=use, check_interval=0.0)
    photo = msgspec.structs.replace(BUILTIN_CHARACTERS["ada"], look=f"{PHOTO_LOOK}1")
    batches = [one async for one in loops.batches("ada", photo, FakeReader())]
    assert [one.frame for one in batches if one.version != batches[0].version] == list(range(0, LOOP_FRAMES, 10))
    assert [one.final for one in batches].count(True) == 1
    assert (use.cause, drawn(renderer.card.faces)) == ("full", 3 * MAX_BATCH)

    by_the_card = IdleBatch(
        character="ada", version=idle_version("ada", CardFace(renderer.card), Named()), index=19, frame=190, fps=25,
        loop=LOOP_FRAMES, units=(), final=True,
    )  # fmt: skip
    unseen = msgspec.structs.replace(photo, look=f"{PHOTO_LOOK}2")
    whole = [msgspec.structs.replace(by_the_card, index=index, final=index == 19) for index in range(20)]
    reader = FakeReader(media=[*whole], characters={"ada": photo, "milo": unseen})
    async with aclosing(loops.keep_current(reader)) as kept:
        assert {(await anext(kept)).character for _ in range(LOOP_FRAMES // 10)} == {"milo"}  # type: ignore[union-attr]


class Named:
    """What a version says of the renderer that has the card."""

    name = "liveportrait"
    width = height = 64

    def face(self, look: str) -> AnimatedFace:
        raise AssertionError(look)


async def test_until_it_is_loaded_the_card_is_not_asked() -> None:
    use = GpuUse()
    deferred: Deferred[Any] = Deferred(None, Processor(), "m", fallback_name="layered")
    animator = GpuAnimator(deferred, cast("Any", Processor()), use)
    animator.face(cast("Any", "look")).render([Pose()])
    assert (animator.name, use.cause) == ("layered", None)
