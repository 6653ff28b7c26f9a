"""Cuts what somebody says into stretches that a recogniser takes at once. Pure: sound and probabilities in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bus.events import MICROPHONE_RATE
from services.audio import Samples, samples_from_pcm

LONGEST = 28 * MICROPHONE_RATE
"""Samples of the longest stretch: Whisper hears 30 s at once."""
LONG_ENOUGH = 20 * MICROPHONE_RATE
"""Samples after which a stretch ends in the next pause: more of what was said helps with what is said."""
PAUSE = MICROPHONE_RATE * 300 // 1000
"""Samples without voice in which a stretch may end."""
LEAD = MICROPHONE_RATE * 400 // 1000
"""Samples kept before the first voice."""
SPEECH, STILL_SPEECH = 0.5, 0.35
"""Probability at which speech begins, and at which it goes on."""
_SEARCH = 5 * MICROPHONE_RATE
_QUIETEST = MICROPHONE_RATE // 20


@dataclass(frozen=True)
class Stretch:
    """Sound between two cuts."""

    start: int
    """Its first sample, counted from the start of the utterance."""
    samples: Samples
    voiced: tuple[tuple[int, int], ...]
    """Where there is speech: first sample and the one after the last, counted from the start of the stretch."""

    @property
    def voice(self) -> int:
        """Samples with speech in them."""
        return sum(end - start for start, end in self.voiced)


class Stretches:
    """Feed sound; get the stretches that are complete. Whoever speaks without a pause for 28 s is cut all the same.

    Args:
        probability: of speech in the next window, 0 to 1.
        window: samples that it takes.
    """

    def __init__(self, probability: Callable[[Samples], float], window: int) -> None:
        self._probability = probability
        self._window = window
        self._start = 0
        self._held = np.zeros(0, np.int16)
        self._judged = 0
        """Samples of `_held` that were judged."""
        self._voiced: list[tuple[int, int]] = []
        self._speaking = False

    @property
    def quiet(self) -> int:
        """Samples since the last speech in the open stretch; 0 while there was none."""
        return self._judged - self._voiced[-1][1] if self._voiced else 0

    @property
    def voice(self) -> int:
        """Samples with speech in the open stretch."""
        return sum(end - start for start, end in self._voiced)

    @property
    def voice_end(self) -> int:
        """Sample of the utterance after which nothing was said any more; 0 where nothing was."""
        return self._start + self._voiced[-1][1] if self._voiced else 0

    def push(self, pcm: bytes) -> list[Stretch]:
        """The stretches that end in this sound.

        Args:
            pcm: 16 kHz mono s16.
        Raises:
            InvalidInput: half a sample is left over.
        """
        self._held = np.concatenate([self._held, samples_from_pcm(pcm)])
        closed: list[Stretch] = []
        while len(self._held) - self._judged >= self._window:
            self._judge()
            if self._judged >= LONGEST:
                closed.append(self._cut(self._best_cut()))
            elif self._judged >= LONG_ENOUGH and self.quiet >= PAUSE:
                closed.append(self._cut(self._judged - self.quiet // 2))
        if not self._voiced:
            self._forget(self._judged - LEAD)
        return [stretch for stretch in closed if stretch.voiced]

    def open(self) -> Stretch:
        """What was said since the last cut, so far."""
        return Stretch(self._start, self._held.copy(), tuple(self._voiced))

    def _judge(self) -> None:
        start, end = self._judged, self._judged + self._window
        self._judged = end
        threshold = STILL_SPEECH if self._speaking else SPEECH
        self._speaking = self._probability(self._held[start:end]) >= threshold
        if not self._speaking:
            return
        if self._voiced and self._voiced[-1][1] == start:
            self._voiced[-1] = (self._voiced[-1][0], end)
        else:
            self._voiced.append((start, end))

    def _best_cut(self) -> int:
        """In the middle of the longest pause of the second half; where there is none, where it is least loud."""
        gaps = [(after[0] - before[1], (before[1] + after[0]) // 2) for before, after in self._pairs()]
        late = [gap for gap in gaps if gap[1] >= LONGEST // 2]
        if late:
            return max(late)[1]
        end = self._judged
        tail = self._held[end - _SEARCH : end].astype(np.float32)
        loudness = np.square(tail).reshape(-1, _QUIETEST).mean(axis=1)
        return end - _SEARCH + int(loudness.argmin()) * _QUIETEST + _QUIETEST // 2

    def _pairs(self) -> zip[tuple[tuple[int, int], tuple[int, int]]]:
        return zip(self._voiced, self._voiced[1:], strict=False)

    def _cut(self, at: int) -> Stretch:
        voiced = tuple((start, min(end, at)) for start, end in self._voiced if start < at)
        stretch = Stretch(self._start, self._held[:at].copy(), voiced)
        self._forget(at)
        return stretch

    def _forget(self, samples: int) -> None:
        if samples <= 0:
            return
        self._start += samples
        self._held = self._held[samples:]
        self._judged -= samples
        self._voiced = [(max(0, s - samples), e - samples) for s, e in self._voiced if e > samples]
