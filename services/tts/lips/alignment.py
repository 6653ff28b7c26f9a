"""Visemes for a voice without phoneme times: aligns it with eSpeak NG's speech of the same text.

Dynamic time warping of spectra (Sakoe and Chiba, 1978), frame by frame, so that it works during synthesis. Each frame
of the voice advances the reference by 0, 1 or 2 frames. So every path to a frame has the same number of steps, and the
cheapest position in the reference is known before the end of the voice. Pure.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from bus.events import Viseme, VisemeMark
from services.audio import Samples
from services.tts.engine import SpeechPiece

Floats = npt.NDArray[np.float32]

HOPS_PER_SECOND = 100
_BANDS = 20
_LOWEST, _HIGHEST = 100.0, 5_500.0
"""Hz; the sample rate of every voice is at least twice the upper limit."""
_INSERTION_COST, _SKIP_COST = 0.05, 0.04
"""Cost of a frame inserted at the same reference frame, and of a skipped reference frame: the reference has about the
right pace."""
_LOUDNESS_WEIGHT = 1.5
_LEAD = 5
"""Frames of silence added before the reference, to match silence before the voice."""
_LAG = 3
"""Newest frames for which no visemes are returned yet: the end of the path still changes."""


class VisemeStream(Protocol):
    """Finds the visemes of a speech during synthesis."""

    def push(self, samples: Samples, *, last: bool = False) -> tuple[VisemeMark, ...]:
        """Take the next samples; returns the visemes found since the last call, in order."""
        ...


class SpectralFeatures:
    """Extracts the features to align: 20 mel bands without their mean, and the loudness; a row every 10 ms."""

    def __init__(self, rate: int) -> None:
        self.hop = rate // HOPS_PER_SECOND
        self._window = np.hanning(self.hop * 3).astype(np.float32)
        self._filters = _mel_filters(rate, len(self._window))
        self._buffer = np.zeros(self.hop, np.float32)
        self._loudest = -4.0
        self._sum = np.zeros(_BANDS, np.float32)
        self._voiced = 0

    def push(self, samples: Samples) -> Floats:
        """Rows [frames, 21] of the complete frames."""
        self._buffer = np.concatenate([self._buffer, samples.astype(np.float32) / 32768.0])
        count = (len(self._buffer) - len(self._window)) // self.hop + 1
        if count <= 0:
            return np.zeros((0, _BANDS + 1), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(self._buffer, len(self._window))[:: self.hop][:count]
        power = np.abs(np.fft.rfft(frames * self._window)).astype(np.float32) ** 2
        self._buffer = self._buffer[count * self.hop :]
        bands: Floats = np.log10(power @ self._filters + 1e-7)
        loudness = bands.max(axis=1)
        self._loudest = max(self._loudest, float(loudness.max()))
        level = np.clip((loudness - self._loudest) / 3.0 + 1.0, 0.0, 1.0)
        shape = bands - bands.mean(axis=1, keepdims=True)
        # The mean spectrum belongs to the voice, not to the phonemes.
        voiced = level > 0.4
        self._sum += shape[voiced].sum(axis=0)
        self._voiced += int(voiced.sum())
        shape = (shape - self._sum / max(1, self._voiced)) * np.sqrt(level)[:, None]
        return np.concatenate([shape, _LOUDNESS_WEIGHT * level[:, None]], axis=1).astype(np.float32)


def _mel_filters(rate: int, window: int) -> Floats:
    """Triangular filters [window / 2 + 1, 20]."""
    edges = np.linspace(_mel(_LOWEST), _mel(min(_HIGHEST, rate / 2)), _BANDS + 2)
    hertz = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    bins = np.arange(window // 2 + 1) * rate / window
    rising = (bins[:, None] - hertz[None, :-2]) / (hertz[1:-1] - hertz[:-2])
    falling = (hertz[None, 2:] - bins[:, None]) / (hertz[2:] - hertz[1:-1])
    return np.clip(np.minimum(rising, falling), 0.0, None).astype(np.float32)


def _mel(hertz: float) -> float:
    return 2595.0 * float(np.log10(1.0 + hertz / 700.0))


class AlignedVisemes:
    """The visemes of a reference, moved to the times of the voice.

    Args:
        reference: the whole speech, with visemes.
        rate: sample rate of the voice.
    """

    def __init__(self, reference: SpeechPiece, rate: int) -> None:
        features = SpectralFeatures(reference.rate)
        before, after = np.zeros(_LEAD * features.hop, np.int16), np.zeros(3 * features.hop, np.int16)
        self._reference = features.push(np.concatenate([before, reference.samples, after]))
        self._marks = [(_LEAD + mark.sample // features.hop, mark) for mark in reference.visemes]
        self._features = SpectralFeatures(rate)
        self._cost: Floats | None = None
        """[reference frames], cost of the cheapest path to each."""
        self._steps: list[npt.NDArray[np.int8]] = []
        """For each frame of the voice and of the reference: the last step (0, 1 or 2) of the cheapest path."""
        self._returned = 0
        self._latest = 0

    def push(self, samples: Samples, *, last: bool = False) -> tuple[VisemeMark, ...]:
        if last:
            samples = np.concatenate([samples, np.zeros(3 * self._features.hop, np.int16)])
        for frame in self._features.push(samples):
            self._advance(frame)
        return self._new_marks(last=last)

    def _advance(self, frame: Floats) -> None:
        distance = np.abs(self._reference - frame).mean(axis=1)
        if self._cost is None:
            start = np.full(len(distance), np.inf, np.float32)
            start[: _LEAD + 2] = 0.0
            self._cost = start + distance
            self._steps.append(np.zeros(len(distance), np.int8))
            return
        stay, advance, skip = self._cost + _INSERTION_COST, _shifted(self._cost, 1), _shifted(self._cost, 2)
        choices = np.stack([stay, advance, skip + _SKIP_COST])
        self._steps.append(np.argmin(choices, axis=0).astype(np.int8))
        self._cost = choices.min(axis=0) + distance

    def _new_marks(self, *, last: bool) -> tuple[VisemeMark, ...]:
        if self._cost is None or not len(self._marks):
            return ()
        position = len(self._cost) - 1 if last and np.isfinite(self._cost[-1]) else int(np.argmin(self._cost))
        path = np.zeros(len(self._steps), np.int64)
        for index in range(len(self._steps) - 1, -1, -1):
            path[index] = position
            position -= int(self._steps[index][position])
        until = len(path) if last else max(0, len(path) - _LAG)
        if last and path[-1] < len(self._cost) - 1:
            return self._spread(len(path) * self._features.hop)
        found: list[VisemeMark] = []
        while self._returned < len(self._marks):
            reference_frame, mark = self._marks[self._returned]
            frame = int(np.searchsorted(path[:until], reference_frame))
            if frame >= until:
                break
            self._latest = max(self._latest, frame * self._features.hop)
            found.append(VisemeMark(self._latest, mark.viseme, mark.weight))
            self._returned += 1
        return tuple(found)

    def _spread(self, end: int) -> tuple[VisemeMark, ...]:
        """The remaining marks, spread evenly: the voice ended too early to contain all of the reference."""
        rest = self._marks[self._returned :]
        self._returned = len(self._marks)
        if not rest:
            return ()
        first, step = rest[0][0], (end - self._latest) / (len(self._reference) - rest[0][0])
        return tuple(
            VisemeMark(self._latest + round((frame - first) * step), mark.viseme, mark.weight) for frame, mark in rest
        )


def _shifted(cost: Floats, frames: int) -> Floats:
    moved = np.full_like(cost, np.inf)
    moved[frames:] = cost[:-frames] if len(cost) > frames else moved[frames:]
    return moved


class LoudnessVisemes:
    """Opens the mouth by the loudness of the voice, where there is no reference.

    Args:
        rate: sample rate of the voice.
    """

    def __init__(self, rate: int) -> None:
        self._step = rate * 6 // HOPS_PER_SECOND
        self._buffer = np.zeros(0, np.int16)
        self._position = 0
        self._loudest = 0.02
        self._viseme: tuple[Viseme, float] | None = None

    def push(self, samples: Samples, *, last: bool = False) -> tuple[VisemeMark, ...]:
        self._buffer = np.concatenate([self._buffer, samples])
        found: list[VisemeMark] = []
        while len(self._buffer) >= self._step or (last and len(self._buffer)):
            block, self._buffer = self._buffer[: self._step], self._buffer[self._step :]
            loudness = float(np.sqrt(np.mean(np.square(block.astype(np.float32))))) / 32768.0
            self._loudest = max(self._loudest, loudness)
            viseme = _viseme_of(loudness / self._loudest)
            if viseme != self._viseme:
                found.append(VisemeMark(self._position, *viseme))
            self._viseme = viseme
            self._position += len(block)
        return tuple(found)


def _viseme_of(share: float) -> tuple[Viseme, float]:
    """The viseme for a loudness, given as a share of the loudest so far."""
    if share < 0.08:
        return ("sil", 1.0)
    if share < 0.3:
        return ("ih", 0.5)
    return ("E", 0.7) if share < 0.6 else ("aa", 1.0)
