"""The cost of a picture by stage, and the frame rate with one conversation and with several.

`python -m bench.render` measures the engines of the processor; `--engine liveportrait` the networks, on a GPU where
there is one (without one: `--frames 1 --conversations 1 --precisions float32`, about a minute). Where the published
weights are not in the models folder, made-up ones of the same shapes are used, which take as long. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from bench.machine import machine, table
from bus.errors import VisavisError
from bus.events import FRAMES_PER_SECOND
from bus.settings import Settings
from services.gpu import gpus
from services.models.catalogue import FACE_LANDMARKS, LIVEPORTRAIT
from services.models.loading import fetch_and_verify
from services.models.verification import missing_files
from services.render.encoder import H264Encoder
from services.render.engine import AnimatedFace, Frame
from services.render.idle_motion import IdleMotion
from services.render.layered.renderer import LayeredRenderer
from services.render.photo.face_detector import FaceDetector
from services.render.photo.portrait import Portrait, portrait_from_photo
from services.render.photo.warp import WarpedFace
from services.render.pose import Pose

PIECE = 5
"""Frames drawn in one go, as the service does."""
FIRST = 2
"""Frames of a speech's first batch."""
_BITRATE = 1_000_000
_NEEDED = 1.23
"""TFLOP of a frame of 512 x 512 as the networks are published, before what is saved here."""


@dataclass
class Stages:
    """Seconds by stage, and frames."""

    seconds: dict[str, float] = field(default_factory=dict)
    frames: int = 0

    def timed(self, name: str, work: Callable[[], object]) -> object:
        began = time.perf_counter()
        result = work()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
        return result

    def cells(self) -> list[str]:
        return [f"{name} {1000 * spent / self.frames:.2f}" for name, spent in self.seconds.items()]


def poses(count: int) -> list[Pose]:
    """A face that talks and moves, so that no part of drawing is left out."""
    idle = IdleMotion(7)
    return [idle.pose(frame).plus(jaw=0.3 + 0.3 * np.sin(frame / 2.0), teeth=0.4, pucker=0.2) for frame in range(count)]


def portrait(models_folder: Path) -> Portrait:
    """A portrait like any other, of a drawn face: there is no photo that all may use."""
    folder = fetch_and_verify(FACE_LANDMARKS, Settings(models=str(models_folder)))
    pixels = LayeredRenderer(768).face("milo").pixels(Pose())[:, :, :3]
    return portrait_from_photo(cv2.imencode(".png", pixels)[1].tobytes(), FaceDetector(folder))


def encoder(size: int) -> H264Encoder:
    return H264Encoder(size, size, FRAMES_PER_SECOND, bitrate=_BITRATE)


def stages(face: AnimatedFace, size: int, frames: int) -> Stages:
    """One conversation, stage by stage."""
    measured = Stages(frames=frames)
    encode, wanted = encoder(size), poses(frames)
    for start in range(0, frames, PIECE):
        part = wanted[start : start + PIECE]
        pictures: Sequence[Frame] = measured.timed("draw", lambda part=part: face.render(part))  # type: ignore[assignment, misc]
        measured.timed("encode", lambda pictures=pictures, start=start: encode.encode(pictures, key=start % 10 == 0))  # type: ignore[misc]
    return measured


def together(faces: Sequence[AnimatedFace], size: int, frames: int) -> float:
    """Frames a second of all conversations, which take turns piece by piece in one thread, as in the service."""
    encoders = [encoder(size) for _ in faces]
    wanted = poses(frames)
    began = time.perf_counter()
    for start in range(0, frames, PIECE):
        for face, encode in zip(faces, encoders, strict=True):
            encode.encode(face.render(wanted[start : start + PIECE]), key=start % 10 == 0)
    return frames * len(faces) / (time.perf_counter() - began)


def first_frame(face: AnimatedFace, size: int) -> float:
    """Seconds from the poses of a first batch to its bytes."""
    wanted, encode = poses(FIRST), encoder(size)
    began = time.perf_counter()
    encode.encode(face.render(wanted))
    return time.perf_counter() - began


def row(
    name: str, make: Callable[[], AnimatedFace], size: int, frames: int, conversations: Sequence[int],
    all_of: Callable[[Sequence[AnimatedFace], int, int], float] = together,
) -> list[str]:  # fmt: skip
    """One line of the table."""
    began = time.perf_counter()
    face = make()
    ready = time.perf_counter() - began
    face.render(poses(min(PIECE, frames)))
    measured = stages(face, size, frames)
    rates = [all_of([face, *(make() for _ in range(count - 1))], size, frames) for count in conversations]
    shown = [f"{rate:.0f} ({rate / count:.0f} each)" for rate, count in zip(rates, conversations, strict=True)]
    return [
        name, ", ".join(measured.cells()), f"{1000 * first_frame(face, size):.0f}", f"{1000 * ready:.0f}", *shown
    ]


def on_the_processor(size: int, frames: int, conversations: Sequence[int], models_folder: Path) -> Iterator[list[str]]:
    made = portrait(models_folder)
    yield row("layered", lambda: LayeredRenderer(size).face("milo"), size, frames, conversations)
    yield row("photo warp", lambda: WarpedFace(made, size), size, frames, conversations)


def threads_together(faces: Sequence[AnimatedFace], size: int, frames: int) -> float:
    """Frames a second of conversations that have a thread each, as in the service, which waits for the networks and
    encodes."""
    wanted = poses(frames)

    def talk(face: AnimatedFace) -> None:
        encode = encoder(size)
        for start in range(0, frames, PIECE):
            encode.encode(face.render(wanted[start : start + PIECE]), key=start % 10 == 0)

    with ThreadPoolExecutor(len(faces)) as pool:
        began = time.perf_counter()
        for done in [pool.submit(talk, face) for face in faces]:
            done.result()
        return frames * len(faces) / (time.perf_counter() - began)


def by_networks(
    size: int, frames: int, conversations: Sequence[int], models_folder: Path, precisions: Sequence[str],
    compilings: Sequence[str], *, narrow: bool,
) -> Iterator[list[str]]:
    import torch

    from bench.liveportrait import compilations, drawing_of, face_maker, network_stages, networks, small

    made = portrait(models_folder)
    device = torch.device("cuda" if torch.cuda.is_available() and not narrow else "cpu")
    for precision, compiling in itertools.product(precisions, compilings):
        networks.cache_clear()  # one set of networks in memory at a time
        loaded = small(precision) if narrow else networks(models_folder, precision, device)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        drawing = drawing_of(loaded, size, compiling)
        warm, before = time.perf_counter() - began, compilations()
        make = face_maker(made, drawing)
        line = row(f"{precision}, {compiling}", make, size, frames, conversations, threads_together)
        again = compilations() - before
        line[1] += "; of it, not compiled, " + network_stages(make(), frames)
        line[0] += f", warm after {warm:.0f} s, compiled {again} times since"
        if device.type == "cuda":
            line[0] += f", {torch.cuda.max_memory_allocated() / (1 << 30):.1f} GiB at most"
            rate = float(line[4].split()[0])
            line[4] += f", {rate * _NEEDED:.0f} TFLOP/s"
        yield line


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def weights_note(models_folder: Path) -> str:
    return "made-up weights" if missing_files(LIVEPORTRAIT.files, models_folder) else "published weights"


def report(rows: Iterable[list[str]], conversations: Sequence[int]) -> None:
    head = ["engine", "ms a frame", "first frame, ms", "face ready, ms", *(f"frames/s, {n}" for n in conversations)]
    print(table(head, ()))
    for line in rows:  # each may take a minute
        print("| " + " | ".join(line) + " |", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.render")
    parser.add_argument("--engine", choices=("processor", "liveportrait"), default="processor")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--conversations", type=numbers, default=[1, 2, 4, 8])
    parser.add_argument("--precisions", default="float32,float16", help="for liveportrait")
    parser.add_argument("--compile", default="off", help="for liveportrait: off,compile,graphs")
    parser.add_argument("--narrow", action="store_true", help="liveportrait in small, to prove the way of a frame")
    parser.add_argument("--models", type=Path, default=Path("data/models"))
    parsed = parser.parse_args(arguments)
    print(f"Machine: {machine()}" + "".join(f"; {gpu}" for gpu in gpus()) + f"; {parsed.size} x {parsed.size}")
    try:
        if parsed.engine == "processor":
            print()
            report(on_the_processor(parsed.size, parsed.frames, parsed.conversations, parsed.models),
                   parsed.conversations)
        else:
            note = "narrow networks, of no meaning for its speed" if parsed.narrow else weights_note(parsed.models)
            from bench.liveportrait import flops

            print(f"LivePortrait with {note}; {flops():.2f} TFLOP a frame of the {_NEEDED} as published\n")
            report(by_networks(parsed.size, parsed.frames, parsed.conversations, parsed.models,
                               parsed.precisions.split(","), parsed.compile.split(","), narrow=parsed.narrow),
                   parsed.conversations)
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
