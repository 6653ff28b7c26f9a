"""Cuts an utterance into segments that fit Whisper's window, with the help of voice activity detection. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bus.events import MICROPHONE_RATE
from services.audio import Samples, samples_from_pcm

MAX_SEGMENT = 28 * MICROPHONE_RATE
"""Samples of the longest segment: Whisper's window is 30 s."""
LONG_SEGMENT = 20 * MICROPHONE_RATE
"""Samples after which a segment ends at the next pause; not sooner, because context helps the recognition."""
MIN_PAUSE = MICROPHONE_RATE * 300 // 1000
"""Samples without speech at which a segment may end."""
PRE_ROLL = MICROPHONE_RATE * 400 // 1000
"""Samples kept before the first window of speech. Not the gateway's pre-roll, which is counted from the onset that its
endpointer found: here the detector may be another one, and an utterance may begin with a long silence."""
ONSET_THRESHOLD, OFFSET_THRESHOLD = 0.5, 0.35
"""Probability at which speech begins, and under which it ceases."""
_SEARCH = 5 * MICROPHONE_RATE
_LOUDNESS_WINDOW = MICROPHONE_RATE // 20


@dataclass(frozen=True)
class Segment:
    """Audio between two cuts."""

    start: int
    """Its first sample, counted from the start of the utterance."""
    samples: Samples
    speech: tuple[tuple[int, int], ...]
    """Spans of speech: first sample and the one after the last, counted from the start of the segment."""

    @property
    def speech_samples(self) -> int:
        """Samples of speech."""
        return sum(end - start for start, end in self.speech)


class Segmenter:
    """Takes audio and returns each segment once it is complete. Speech without a pause is cut after 28 s.

    Args:
        speech_probability: the voice activity detector: probability of speech in the next window, 0 to 1.
        window: samples of its window.
    """

    def __init__(self, speech_probability: Callable[[Samples], float], window: int) -> None:
        self._speech_probability = speech_probability
        self._window = window
        self._start = 0
        self._buffer = np.zeros(0, np.int16)
        self._classified = 0
        """Samples of `_buffer` that the detector has seen."""
        self._speech: list[tuple[int, int]] = []
        self._speaking = False

    @property
    def trailing_silence(self) -> int:
        """Samples since the last speech of the open segment; 0 if it has none yet."""
        return self._classified - self._speech[-1][1] if self._speech else 0

    @property
    def speech_samples(self) -> int:
        """Samples of speech in the open segment."""
        return sum(end - start for start, end in self._speech)

    @property
    def speech_end(self) -> int:
        """Sample of the utterance at which the last speech of the open segment ended; 0 if it has none yet."""
        return self._start + self._speech[-1][1] if self._speech else 0

    def push(self, pcm: bytes) -> list[Segment]:
        """The segments that end in this audio.

        Args:
            pcm: 16 kHz mono s16.
        Raises:
            InvalidInput: half a sample is left over.
        """
        self._buffer = np.concatenate([self._buffer, samples_from_pcm(pcm)])
        closed: list[Segment] = []
        while len(self._buffer) - self._classified >= self._window:
            self._classify()
            if self._classified >= MAX_SEGMENT:
                closed.append(self._cut(self._best_cut()))
            elif self._classified >= LONG_SEGMENT and self.trailing_silence >= MIN_PAUSE:
                closed.append(self._cut(self._classified - self.trailing_silence // 2))
        if not self._speech:
            self._drop(self._classified - PRE_ROLL)
        return [segment for segment in closed if segment.speech]

    def open_segment(self) -> Segment:
        """The audio since the last cut, so far."""
        return Segment(self._start, self._buffer.copy(), tuple(self._speech))

    def _classify(self) -> None:
        start, end = self._classified, self._classified + self._window
        self._classified = end
        threshold = OFFSET_THRESHOLD if self._speaking else ONSET_THRESHOLD
        self._speaking = self._speech_probability(self._buffer[start:end]) >= threshold
        if not self._speaking:
            return
        if self._speech and self._speech[-1][1] == start:
            self._speech[-1] = (self._speech[-1][0], end)
        else:
            self._speech.append((start, end))

    def _best_cut(self) -> int:
        """The middle of the longest pause in the second half; without any, the least loud place of the last 5 s."""
        gaps = [(after[0] - before[1], (before[1] + after[0]) // 2) for before, after in self._pairs()]
        late = [gap for gap in gaps if gap[1] >= MAX_SEGMENT // 2]
        if late:
            return max(late)[1]
        end = self._classified
        tail = self._buffer[end - _SEARCH : end].astype(np.float32)
        loudness = np.square(tail).reshape(-1, _LOUDNESS_WINDOW).mean(axis=1)
        return end - _SEARCH + int(loudness.argmin()) * _LOUDNESS_WINDOW + _LOUDNESS_WINDOW // 2

    def _pairs(self) -> zip[tuple[tuple[int, int], tuple[int, int]]]:
        return zip(self._speech, self._speech[1:], strict=False)

    def _cut(self, at: int) -> Segment:
        speech = tuple((start, min(end, at)) for start, end in self._speech if start < at)
        segment = Segment(self._start, self._buffer[:at].copy(), speech)
        self._drop(at)
        return segment

    def _drop(self, samples: int) -> None:
        if samples <= 0:
            return
        self._start += samples
        self._buffer = self._buffer[samples:]
        self._classified -= samples
        self._speech = [(max(0, s - samples), e - samples) for s, e in self._speech if e > samples]
