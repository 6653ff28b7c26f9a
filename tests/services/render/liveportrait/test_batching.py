"""Frames of several conversations in one run, compiled once; by small networks with random weights."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from bus.ids import PHOTO_LOOK
from services.gpu_faults import GpuFault
from services.render.liveportrait import batching
from services.render.liveportrait import drawing as drawing_module
from services.render.liveportrait.batching import BatchedDrawing
from services.render.liveportrait.drawing import SIZES, next_size
from services.render.liveportrait.generator import GeneratorSizes, SpadeGenerator
from services.render.liveportrait.renderer import LivePortraitFace
from services.render.liveportrait.source import compute_source
from services.render.liveportrait.weights import Networks
from services.render.photo.portrait import Portrait
from services.render.pose import Pose
from tests.services.render.liveportrait.small import SIZE, randomized

pytestmark = pytest.mark.usefixtures("one_thread")


def faces_of(drawing: BatchedDrawing, portrait: Portrait) -> list[LivePortraitFace]:
    """Two faces that share the networks."""
    other = replace(portrait, look=PHOTO_LOOK + "1" * 32, pixels=portrait.pixels[::-1].copy())
    return [LivePortraitFace(one, compute_source(one, drawing.networks), drawing) for one in (portrait, other)]


def poses(count: int, start: float = 0.0) -> list[Pose]:
    return [Pose(jaw=start + 0.1 * number, yaw=2.0 * number) for number in range(count)]


@contextmanager
def held(drawing: BatchedDrawing) -> Iterator[None]:
    """What is asked for while the context lasts waits until its end, as it does while the device is busy."""
    go_on = threading.Event()
    drawing._thread.submit(go_on.wait)
    yield
    go_on.set()


def asked_at_once(
    drawing: BatchedDrawing, pool: ThreadPoolExecutor, works: Sequence[Callable[[], Any]]
) -> list[Any]:
    with held(drawing):
        asked = [pool.submit(work) for work in works]
        while len(drawing._waiting) < len(works):
            pass
    return [one.exception() or one.result() for one in asked]


def test_conversations_are_drawn_together_as_each_would_be_alone(networks: Networks, portrait: Portrait) -> None:
    drawing = BatchedDrawing(networks, SIZE)
    first, second = faces_of(drawing, portrait)
    alone = [first.render(poses(5)), second.render(poses(4, 0.3)), first.render(poses(3, 0.2))]
    before = drawing.runs
    with ThreadPoolExecutor(3) as pool:
        together = asked_at_once(drawing, pool, [
            lambda: first.render(poses(5)), lambda: second.render(poses(4, 0.3)), lambda: first.render(poses(3, 0.2)),
        ])  # fmt: skip
    assert drawing.runs - before == 2, "five and four frames go into one run of ten, three no longer"
    for one, other in zip(alone, sorted(together, key=len, reverse=True), strict=True):
        assert len(one) == len(other)
        assert max(np.abs(a.astype(int) - b).max() for a, b in zip(one, other, strict=True)) <= 1
    assert not np.array_equal(alone[0][0], alone[1][0])


def test_nothing_is_compiled_once_the_first_conversation_has_begun(
    monkeypatch: pytest.MonkeyPatch, networks: Networks, portrait: Portrait
) -> None:
    for module in (batching, drawing_module):  # each size takes a second to compile
        monkeypatch.setattr(module, "SIZES", (5,))
    networks = replace(networks, generator=randomized(SpadeGenerator(GeneratorSizes(16, 16, 8, 0, 8))))
    compiled: list[int] = []

    def backend(graph: torch.fx.GraphModule, inputs: Sequence[Any]) -> Callable[..., Any]:
        compiled.extend(len(one) for one in inputs if isinstance(one, torch.Tensor) and one.shape[1:] == (2, 21, 3))
        return graph.forward

    drawing = BatchedDrawing(networks, SIZE, "graphs", backend)
    drawing.warm_up()
    assert compiled == [5], "warping and generator are one function"
    first, second = faces_of(drawing, portrait)
    for count in (2, 3, 5, 4, 1):
        assert len(first.render(poses(count))) == count
    with ThreadPoolExecutor(2) as pool:
        asked_at_once(drawing, pool, [lambda: first.render(poses(2)), lambda: second.render(poses(3))])
    assert compiled == [5]


def test_a_fault_reaches_all_whose_frames_it_took_and_the_next_are_drawn(
    networks: Networks, portrait: Portrait
) -> None:
    drawing = BatchedDrawing(networks, SIZE)
    first, second = faces_of(drawing, portrait)

    def full(module: object, inputs: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    hook = networks.generator.register_forward_pre_hook(full)
    with ThreadPoolExecutor(2) as pool:
        works = [lambda: first.render(poses(2)), lambda: second.render(poses(2))]
        found = asked_at_once(drawing, pool, works)
        hook.remove()
        assert [type(one) for one in found] == [GpuFault, GpuFault]
        assert all(one.retryable and "cannot draw a face: CUDA out of memory" in one.detail for one in found)
        assert [len(one) for one in asked_at_once(drawing, pool, works)] == [2, 2]


@pytest.mark.parametrize("count", [1, 4, 5, 6, 10])
def test_every_count_has_a_run(count: int) -> None:
    assert next_size(count) in SIZES
    assert next_size(count) >= count
