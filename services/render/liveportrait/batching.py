"""Draws the frames of several conversations in one run of the networks, in the one thread that uses the device."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bus.errors import EngineError
from services.render.liveportrait.drawing import SIZES, Compiling, Drawing, compiled, next_size
from services.render.liveportrait.retargeting import KEYPOINTS
from services.render.liveportrait.source import NETWORK_SIDE
from services.render.liveportrait.weights import Networks

MOST_RUNS = 2
"""Runs that the device has at once: one that it computes, and the next, so that it never waits. What comes meanwhile
is drawn together."""
_REPEATS = 3
"""CUDA graphs are recorded at the second call of a shape, and replayed from the third on."""

R = TypeVar("R")


@dataclass
class _Run:
    """One run of the networks, which may still be under way."""

    rows: Tensor
    """[B, bytes], uint8, on the host."""
    done: Any
    """A CUDA event; None: it is done."""

    def wait(self) -> NDArray[np.uint8]:
        if self.done is not None:
            self.done.synchronize()
        rows: NDArray[np.uint8] = self.rows.numpy()
        return rows


@dataclass
class _Job:
    """Frames of one portrait."""

    features: Tensor
    """[1, 32, 16, 64, 64]"""
    compressed: Tensor
    """[1, 4, 16, 64, 64]"""
    points: Tensor
    """[B, 2, 21, 3], on the host"""
    result: Future[tuple[_Run, int]] = field(default_factory=Future)
    """The run and its first row of this job."""


class BatchedDrawing:
    """Draws for several threads at once, which wait for it.

    Everything that runs on the device runs in one thread: CUDA graphs belong to the thread that recorded them.

    Args:
        networks: all faces share them.
        size: width and height of the frames, pixels.
        backend: of torch's compiler.
    """

    def __init__(
        self, networks: Networks, size: int, compiling: Compiling = "off",
        backend: str | Callable[..., Any] = "inductor",
    ) -> None:  # fmt: skip
        self.networks = networks
        self.size = size
        self.runs = 0
        self._function = compiled(Drawing(networks.warping, networks.generator, size), compiling, backend)
        self._on_card = networks.device.type == "cuda"
        self._waiting: deque[_Job] = deque()
        self._under_way: deque[_Run] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="liveportrait")

    def run(self, work: Callable[[], R]) -> R:
        """Do some other work on the device, in its thread."""
        return self._thread.submit(_inferring, work).result()

    def draw(self, features: Tensor, compressed: Tensor, points: Tensor) -> NDArray[np.uint8]:
        """Frames of one portrait, [B, size * 3 / 2, size].

        Args:
            features, compressed: of the portrait, on the device, with a batch of one.
            points: driving and source key points, [B, 2, 21, 3], on the host; at most as many frames as the largest of
                SIZES.
        Raises:
            EngineError: the networks' output is not finite; and whatever torch raises.
        """
        job = _Job(features, compressed, points)
        self._waiting.append(job)
        self._thread.submit(_inferring, self._draw_waiting)
        run, first = job.result.result()
        rows = run.wait()[first : first + len(points)]
        if not rows[:, -1].all():
            raise EngineError("the networks' output is not finite; set VISAVIS_RENDER_PRECISION=float32")
        return rows[:, :-1].reshape(len(points), self.size * 3 // 2, self.size)

    def warm_up(self) -> None:
        """Draw frames of each size, by the way that all frames take: first runs take the longest."""
        networks = self.networks
        if self._on_card:
            torch.backends.cudnn.benchmark = True
            torch.backends.cudnn.allow_tf32 = False  # float32 is asked for where it is needed

        def blank() -> tuple[Tensor, Tensor]:
            features = networks.appearance(torch.zeros(1, 3, NETWORK_SIDE, NETWORK_SIDE, device=networks.device))
            return features, networks.compressed(features)

        features, compressed = self.run(blank)
        for size in SIZES:
            for _ in range(_REPEATS if self._on_card else 1):
                self.draw(features, compressed, torch.zeros(size, 2, KEYPOINTS, 3))

    def _draw_waiting(self) -> None:
        """Draw what waits, as much as goes into one run; what does not has a call of its own."""
        jobs: list[_Job] = []
        try:
            while len(self._under_way) >= MOST_RUNS:
                self._under_way.popleft().wait()
            jobs = self._next_jobs()
            if not jobs:
                return  # drawn together with what came before
            run = self._started(jobs)
        except Exception as error:  # noqa: BLE001 each caller raises it
            if isinstance(error, torch.OutOfMemoryError):
                torch.cuda.empty_cache()
            for job in jobs or self._next_jobs():
                job.result.set_exception(error)
            return
        first = 0
        for job in jobs:
            job.result.set_result((run, first))
            first += len(job.points)

    def _next_jobs(self) -> list[_Job]:
        jobs: list[_Job] = []
        left = SIZES[-1]
        while self._waiting and len(self._waiting[0].points) <= left:
            jobs.append(self._waiting.popleft())
            left -= len(jobs[-1].points)
        return jobs

    def _started(self, jobs: Sequence[_Job]) -> _Run:
        counts = [len(job.points) for job in jobs]
        unused = next_size(sum(counts)) - sum(counts)
        points = torch.cat([*(job.points for job in jobs), jobs[-1].points[-1:].expand(unused, -1, -1, -1)])
        counts[-1] += unused
        # Always new and whole tensors: views of others would be other inputs to the compiler.
        shares = list(zip(jobs, counts, strict=True))
        features = torch.cat([job.features.expand(count, -1, -1, -1, -1) for job, count in shares])
        compressed = torch.cat([job.compressed.expand(count, -1, -1, -1, -1) for job, count in shares])
        self.runs += 1
        if not self._on_card:
            return _Run(self._function(features, compressed, points), None)
        torch.compiler.cudagraph_mark_step_begin()
        rows = self._function(features, compressed, points.pin_memory().to(self.networks.device, non_blocking=True))
        on_host = torch.empty(rows.shape, dtype=rows.dtype, pin_memory=True)
        on_host.copy_(rows, non_blocking=True)
        done = torch.cuda.Event()
        done.record()
        run = _Run(on_host, done)
        self._under_way.append(run)
        return run


def _inferring(work: Callable[[], R]) -> R:
    with torch.inference_mode():
        return work()
