"""Lip shapes for a voice that does not tell its times: eSpeak NG says the same text, and both are laid over each other.

Dynamic time warping of spectra (Sakoe and Chiba, 1978), one frame of the voice after the other, so that it works while
the voice is still being made. Each frame of the voice moves 0, 1 or 2 frames on in the reference; every path to a frame
has then as many steps, and the cheapest place in the reference is known without the end. Pure: no clock, no sockets.
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
"""Hz; every voice has at least twice the upper one as its rate."""
_STAY, _LEAP = 0.05, 0.04
"""Cost of standing still in the reference, and of going twice as fast: it has about the right pace."""
_LOUDNESS_WEIGHT = 1.5
_LEAD = 5
"""Frames of silence before the reference, for the silence before the voice."""
_LAG = 3
"""Frames behind the newest one up to which shapes are given while the voice goes on: the very end is still in doubt."""


class VisemeStream(Protocol):
    """Finds the shapes of a speech while it is made."""

    def push(self, samples: Samples, *, last: bool = False) -> tuple[VisemeMark, ...]:
        """Hear the next samples; returns the shapes that begin since those given before, in their order."""
        ...


class Spectra:
    """Sound to what is compared: 20 mel bands, their mean taken away, and the loudness; one row every 10 ms."""

    def __init__(self, rate: int) -> None:
        self.hop = rate // HOPS_PER_SECOND
        self._window = np.hanning(self.hop * 3).astype(np.float32)
        self._filters = _mel_filters(rate, len(self._window))
        self._held = np.zeros(self.hop, np.float32)
        self._loudest = -4.0
        self._sum = np.zeros(_BANDS, np.float32)
        self._voiced = 0

    def push(self, samples: Samples) -> Floats:
        """Rows [frames, 21] for the frames that are complete."""
        self._held = np.concatenate([self._held, samples.astype(np.float32) / 32768.0])
        count = (len(self._held) - len(self._window)) // self.hop + 1
        if count <= 0:
            return np.zeros((0, _BANDS + 1), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(self._held, len(self._window))[:: self.hop][:count]
        power = np.abs(np.fft.rfft(frames * self._window)).astype(np.float32) ** 2
        self._held = self._held[count * self.hop :]
        bands: Floats = np.log10(power @ self._filters + 1e-7)
        loudness = bands.max(axis=1)
        self._loudest = max(self._loudest, float(loudness.max()))
        level = np.clip((loudness - self._loudest) / 3.0 + 1.0, 0.0, 1.0)
        shape = bands - bands.mean(axis=1, keepdims=True)
        # What a voice always sounds like says nothing about what it says.
        voiced = level > 0.4
        self._sum += shape[voiced].sum(axis=0)
        self._voiced += int(voiced.sum())
        shape = (shape - self._sum / max(1, self._voiced)) * np.sqrt(level)[:, None]
        return np.concatenate([shape, _LOUDNESS_WEIGHT * level[:, None]], axis=1).astype(np.float32)


def _mel_filters(rate: int, window: int) -> Floats:
    """Triangles [window / 2 + 1, 20]."""
    edges = np.linspace(_mel(_LOWEST), _mel(min(_HIGHEST, rate / 2)), _BANDS + 2)
    hertz = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    bins = np.arange(window // 2 + 1) * rate / window
    rising = (bins[:, None] - hertz[None, :-2]) / (hertz[1:-1] - hertz[:-2])
    falling = (hertz[None, 2:] - bins[:, None]) / (hertz[2:] - hertz[1:-1])
    return np.clip(np.minimum(rising, falling), 0.0, None).astype(np.float32)


def _mel(hertz: float) -> float:
    return 2595.0 * float(np.log10(1.0 + hertz / 700.0))


class AlignedVisemes:
    """The shapes of a reference, moved to where the voice says the same.

    Args:
        reference: all of it, with its shapes.
        rate: of the voice.
    """

    def __init__(self, reference: SpeechPiece, rate: int) -> None:
        spectra = Spectra(reference.rate)
        before, after = np.zeros(_LEAD * spectra.hop, np.int16), np.zeros(3 * spectra.hop, np.int16)
        self._reference = spectra.push(np.concatenate([before, reference.samples, after]))
        self._marks = [(_LEAD + mark.sample // spectra.hop, mark) for mark in reference.visemes]
        self._spectra = Spectra(rate)
        self._cost: Floats | None = None
        """[reference frames] of the cheapest path that ends there."""
        self._came: list[npt.NDArray[np.int8]] = []
        """For each frame of the voice and each place in the reference: how far the step to it was."""
        self._given = 0
        self._latest = 0

    def push(self, samples: Samples, *, last: bool = False) -> tuple[VisemeMark, ...]:
        if last:
            samples = np.concatenate([samples, np.zeros(3 * self._spectra.hop, np.int16)])
        for frame in self._spectra.push(samples):
            self._step(frame)
        return self._settled(last=last)

    def _step(self, frame: Floats) -> None:
        distance = np.abs(self._reference - frame).mean(axis=1)
        if self._cost is None:
            start = np.full(len(distance), np.inf, np.float32)
            start[: _LEAD + 2] = 0.0
            self._cost = start + distance
            self._came.append(np.zeros(len(distance), np.int8))
            return
        stay, along, leap = self._cost + _STAY, _shifted(self._cost, 1), _shifted(self._cost, 2)
        choices = np.stack([stay, along, leap + _LEAP])
        self._came.append(np.argmin(choices, axis=0).astype(np.int8))
        self._cost = choices.min(axis=0) + distance

    def _settled(self, *, last: bool) -> tuple[VisemeMark, ...]:
        if self._cost is None or not len(self._marks):
            return ()
        place = len(self._cost) - 1 if last and np.isfinite(self._cost[-1]) else int(np.argmin(self._cost))
        path = np.zeros(len(self._came), np.int64)
        for index in range(len(self._came) - 1, -1, -1):
            path[index] = place
            place -= int(self._came[index][place])
        until = len(path) if last else max(0, len(path) - _LAG)
        if last and path[-1] < len(self._cost) - 1:
            return self._spread(len(path) * self._spectra.hop)
        found: list[VisemeMark] = []
        while self._given < len(self._marks):
            wanted, mark = self._marks[self._given]
            frame = int(np.searchsorted(path[:until], wanted))
            if frame >= until:
                break
            self._latest = max(self._latest, frame * self._spectra.hop)
            found.append(VisemeMark(self._latest, mark.viseme, mark.weight))
            self._given += 1
        return tuple(found)

    def _spread(self, end: int) -> tuple[VisemeMark, ...]:
        """The rest evenly over what is left, of a voice that is over before it can have said all of the reference."""
        rest = self._marks[self._given :]
        self._given = len(self._marks)
        if not rest:
            return ()
        first, share = rest[0][0], (end - self._latest) / (len(self._reference) - rest[0][0])
        return tuple(
            VisemeMark(self._latest + round((frame - first) * share), mark.viseme, mark.weight) for frame, mark in rest
        )


def _shifted(cost: Floats, places: int) -> Floats:
    moved = np.full_like(cost, np.inf)
    moved[places:] = cost[:-places] if len(cost) > places else moved[places:]
    return moved


class LoudnessVisemes:
    """Opens the mouth as far as the voice is loud: for where there is no eSpeak NG to say which sounds these are.

    Args:
        rate: of the voice.
    """

    def __init__(self, rate: int) -> None:
        self._step = rate * 6 // HOPS_PER_SECOND
        self._held = np.zeros(0, np.int16)
        self._position = 0
        self._loudest = 0.02
        self._shape: tuple[Viseme, float] | None = None

    def push(self, samples: Samples, *, last: bool = False) -> tuple[VisemeMark, ...]:
        self._held = np.concatenate([self._held, samples])
        found: list[VisemeMark] = []
        while len(self._held) >= self._step or (last and len(self._held)):
            block, self._held = self._held[: self._step], self._held[self._step :]
            loudness = float(np.sqrt(np.mean(np.square(block.astype(np.float32))))) / 32768.0
            self._loudest = max(self._loudest, loudness)
            shape = _opening(loudness / self._loudest)
            if shape != self._shape:
                found.append(VisemeMark(self._position, *shape))
            self._shape = shape
            self._position += len(block)
        return tuple(found)


def _opening(share: float) -> tuple[Viseme, float]:
    """The shape for a loudness as a share of the loudest so far."""
    if share < 0.08:
        return ("sil", 1.0)
    if share < 0.3:
        return ("ih", 0.5)
    return ("E", 0.7) if share < 0.6 else ("aa", 1.0)
