"""How faces move when they speak: `python -m bench.lips [--sentences N] [--voice flite] [--photo FILE]`.

The product's voice says sentences; the control track is made of its chunks. Printed are how fast lips move, whether
they shut in each p, b and m, and what a pose costs. Then each face is drawn, encoded and decoded, and the opening of
its mouth is measured in the decoded pictures by the face mesh, and correlated with the loudness of the sound: of its
own sentence and, as control, of the others. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from bench.machine import machine, table
from bench.render import portrait
from bench.sentences import sentences
from bus.errors import VisavisError
from bus.events import FRAMES_PER_SECOND, OPUS_FRAME, SPEECH_RATE, AudioOut
from bus.process.engines import load_engine
from bus.settings import Settings
from services.models.catalogue import FACE_LANDMARKS
from services.models.loading import fetch_and_verify
from services.render.encoder import H264Encoder
from services.render.engine import AnimatedFace
from services.render.layered.renderer import LayeredRenderer
from services.render.motion import FRAME_SAMPLES, SpeechMotion
from services.render.photo.face_detector import FaceDetector
from services.render.photo.portrait import portrait_from_photo
from services.render.photo.warp import WarpedFace
from services.render.pose import Pose
from services.tts.__main__ import ENGINES
from services.tts.chunker import SpeechChunker
from services.tts.engine import Synthesizer, Voice
from services.tts.text.spoken_form import to_spoken_form

Curve = NDArray[np.float64]
SIZE = 512
_BITRATE = 1_000_000
_FIELDS = ("jaw", "press", "tuck", "tongue", "pucker", "width", "teeth", "upper")
_LAGS = np.arange(-0.2, 0.2001, 0.005)
_SHUT = 0.1
"""Of the largest opening; less is shut."""


@dataclass(frozen=True)
class Speech:
    text: str
    chunks: tuple[AudioOut, ...]
    poses: tuple[Pose, ...]
    seconds: float
    """Processor time that the poses took."""

    @property
    def loudness(self) -> Curve:
        return np.array([value for chunk in self.chunks for value in chunk.loudness])

    @property
    def spoken(self) -> int:
        """Frames until the sound ends."""
        return len(self.loudness) * OPUS_FRAME // FRAME_SAMPLES


def speak(synthesizer: Synthesizer, text: str) -> Speech:
    chunker = SpeechChunker("bench", text)
    chunks: list[AudioOut] = []
    for piece in synthesizer.speak(to_spoken_form(text, "en"), Voice(), seed=1):
        chunks += chunker.push(piece)
    chunks += chunker.finish()
    motion = SpeechMotion("ada", text, phase=0)
    began = time.process_time()
    poses: list[Pose] = []
    for chunk in chunks:
        motion.add_audio(chunk)
        poses += [motion.pose(frame) for frame in range(len(poses), motion.frames_ready)]
    return Speech(text, tuple(chunks), tuple(poses), time.process_time() - began)


def opening(pose: Pose) -> float:
    """How far the lips are apart, 0 to 1, as renderers draw it."""
    return pose.jaw * (1.0 - max(pose.press, 0.85 * pose.tuck))


def shut(speech: Speech) -> tuple[int, int]:
    """In how many p, b and m the lips shut, and how many there are."""
    marks = [mark for chunk in speech.chunks for mark in chunk.visemes]
    found = total = 0
    for mark, following in itertools.pairwise(marks):
        if mark.viseme == "PP":
            first, last = mark.sample // FRAME_SAMPLES - 1, following.sample // FRAME_SAMPLES + 1
            around = speech.poses[max(0, first) : last + 1]
            total += 1
            found += any(pose.press > 0.9 and opening(pose) < _SHUT for pose in around)
    return found, total


def speeds(speeches: Sequence[Speech]) -> Iterator[list[str]]:
    """Rows: a field, its largest step in a frame, and how often in a second it makes more than a third of its range."""
    duration = sum(len(one.poses) for one in speeches) / FRAMES_PER_SECOND
    for name in ("opening", *_FIELDS):
        whole = 2.0 if name == "width" else 1.0
        steps: list[float] = []
        for one in speeches:
            values = [opening(pose) if name == "opening" else getattr(pose, name) for pose in one.poses]
            steps += [abs(b - a) / whole for a, b in itertools.pairwise(values)]
        often = sum(step > 1 / 3 for step in steps) / duration
        yield [name, f"{max(steps):.2f}", f"{np.percentile(steps, 95):.2f}", f"{often:.2f}"]


def decoded(face: AnimatedFace, poses: Sequence[Pose]) -> Iterator[NDArray[np.uint8]]:
    """The pictures as a browser has them, [512, 512, 3], red green blue."""
    encoder = H264Encoder(SIZE, SIZE, FRAMES_PER_SECOND, bitrate=_BITRATE)
    decoder = VideoCodecContext.create("h264", "r")
    units: list[bytes] = []
    for start in range(0, len(poses), 5):
        units += encoder.encode(face.render(poses[start : start + 5]), key=start % 10 == 0)
    for packet in (*map(av.Packet, units), None):
        yield from (frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in decoder.decode(packet))


def mouth_opening(detector: FaceDetector, picture: NDArray[np.uint8]) -> float:
    """The distance of the inner lips over the distance of the eyes; NaN where no face is found."""
    try:
        mesh = detector.detect(picture).mesh
    except VisavisError:
        return float("nan")
    return float(np.linalg.norm(mesh[13, :2] - mesh[14, :2]) / np.linalg.norm(mesh[33, :2] - mesh[263, :2]))


def correlations(curve: Curve, loudness: Curve) -> Curve:
    """Of the mouth and the sound at each of _LAGS; a positive lag is a late mouth."""
    # The envelope as an ear hears it, smoothed over about a syllable.
    envelope = np.convolve(np.sqrt(loudness), np.hanning(7) / np.hanning(7).sum(), mode="same")
    times = (np.arange(len(curve)) + 0.5) / FRAMES_PER_SECOND
    middles = (np.arange(len(envelope)) + 0.5) * OPUS_FRAME / SPEECH_RATE
    known = np.isfinite(curve)
    return np.array([
        np.corrcoef(curve[known], np.interp(times - lag, middles, envelope)[known])[0, 1] for lag in _LAGS
    ])


def agreement(name: str, face: AnimatedFace, detector: FaceDetector, speeches: Sequence[Speech]) -> list[str]:
    """A row: how well a face's mouth goes with its own sound and with others'."""
    curves = [
        np.array([mouth_opening(detector, picture) for picture in decoded(face, one.poses[: one.spoken])])
        for one in speeches
    ]
    own = np.array([correlations(curve, one.loudness) for curve, one in zip(curves, speeches, strict=True)])
    best = int(np.argmax(np.nanmean(own, axis=0)))
    others: list[float] = []
    for (i, curve), (j, one) in itertools.product(enumerate(curves), enumerate(speeches)):
        length = min(len(curve), one.spoken)
        if i != j and length > FRAMES_PER_SECOND:
            others.append(float(correlations(curve[:length], one.loudness[: 2 * length])[best]))
    unseen = sum(int(np.isnan(curve).sum()) for curve in curves)
    low, high = np.percentile(own[:, best], [10, 90])
    return [
        name, str(len(speeches)), str(sum(map(len, curves)) - unseen), f"{own[:, best].mean():.2f}",
        f"{low:.2f} to {high:.2f}", f"{np.mean(others):.2f}", f"{1000 * _LAGS[best]:.0f}",
    ]  # fmt: skip


def faces(models: Path, folder: Path, photos: Sequence[Path]) -> Iterator[tuple[str, AnimatedFace]]:
    yield "drawn, milo", LayeredRenderer(SIZE).face("milo")
    yield "photo warp of a drawn face", WarpedFace(portrait(models), SIZE)
    for photo in photos:
        made = portrait_from_photo(photo.read_bytes(), FaceDetector(folder))
        yield f"photo warp of {photo.name}", WarpedFace(made, SIZE)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.lips")
    parser.add_argument("--sentences", type=int, default=12)
    parser.add_argument("--voice", default="auto", help="the engine that speaks, as VISAVIS_TTS_ENGINE")
    parser.add_argument("--photo", type=Path, action="append", default=[], help="of a face; may be given several times")
    parser.add_argument("--models", type=Path, default=Path("data/models"))
    parser.add_argument("--no-pictures", action="store_true", help="measure the control track alone")
    parsed = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    print(f"Machine: {machine()}\n")
    try:
        settings = Settings(models=str(parsed.models))
        _, synthesizer = load_engine(ENGINES, parsed.voice, settings, setting="--voice")
        speeches = [speak(synthesizer, text) for text in sentences(parsed.sentences, seed=3)]
        print(table(["part", "largest step in 40 ms", "95 %", "over a third, a second"], speeds(speeches)))
        counts = [shut(one) for one in speeches]
        frames = sum(len(one.poses) for one in speeches)
        print(f"\nShut in {sum(a for a, _ in counts)} of {sum(b for _, b in counts)} p, b and m; "
              f"{1e6 * sum(one.seconds for one in speeches) / frames:.0f} µs a pose\n")
        if parsed.no_pictures:
            return 0
        folder = fetch_and_verify(FACE_LANDMARKS, Settings(models=str(parsed.models)))
        detector = FaceDetector(folder)
        head = ["face", "sentences", "pictures", "own sound", "10 to 90 %", "other sentences", "lag, ms"]
        print(table(head, ()))
        for name, face in faces(parsed.models, folder, parsed.photo):
            print("| " + " | ".join(agreement(name, face, detector, speeches)) + " |", flush=True)
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
