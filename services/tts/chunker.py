"""A speech cut into the chunks that go out: packets, lip shapes and loudness on one clock of 48 kHz samples. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bus.events import OPUS_FRAME, SPEECH_RATE, AudioOut, VisemeMark
from services.audio import OpusEncoder, Resampler, Samples, packet_loudness, rms
from services.tts.engine import SpeechPiece

FIRST_CHUNK = 5
"""Packets, 100 ms: it leaves as soon as there is something to hear."""
NEXT_CHUNK = 20
"""Packets, 400 ms: few messages."""
AUDIBLE = 0.004
"""Root mean square of 5 ms from which a voice counts as heard (-48 dB)."""
LEAD = 0.01
"""Seconds of silence that are left before the voice."""


@dataclass
class _Onset:
    """Drops the silence that engines put before the first word."""

    rate: int
    cut: int = 0
    """Samples dropped."""
    found: bool = False

    def push(self, held: Samples) -> Samples:
        """What of these samples is to be heard; an empty array while there is silence only."""
        if self.found:
            return held
        window = self.rate // 200
        for start in range(0, len(held) - window + 1, window):
            if rms(held[start : start + window]) >= AUDIBLE:
                self.found = True
                self.cut += max(0, start - round(self.rate * LEAD))
                return held[max(0, start - round(self.rate * LEAD)) :]
        return held[:0]


class SpeechChunker:
    """Takes the pieces of one speech and gives chunks as soon as they are full."""

    def __init__(self, conversation: str, speech: str) -> None:
        self._conversation = conversation
        self._speech = speech
        self._encoder = OpusEncoder()
        self._onset: _Onset | None = None
        self._resampler: Resampler | None = None
        self._held = np.zeros(0, np.int16)
        """At the engine's rate, not yet heard a voice in."""
        self._unmeasured = np.zeros(0, np.int16)
        """At 48 kHz, less than a packet."""
        self._early: list[VisemeMark] = []
        """At the engine's rate, waiting for the onset."""
        self._packets: list[bytes] = []
        self._loudness: list[float] = []
        self._next_mark = 0
        self._chunks = 0
        self._sent = 0
        self.visemes: list[VisemeMark] = []
        """All lip shapes so far, at 48 kHz."""

    @property
    def samples(self) -> int:
        """At 48 kHz, in the chunks given so far: whole packets."""
        return self._sent * OPUS_FRAME

    def push(self, piece: SpeechPiece) -> Iterator[AudioOut]:
        """The chunks that this fills. Encoded step by step, so that the first one need not wait for the rest."""
        if self._onset is None or self._resampler is None:
            self._onset = _Onset(piece.rate)
            self._resampler = Resampler(piece.rate, SPEECH_RATE)
        self._early += piece.visemes
        self._held = np.concatenate([self._held, piece.samples])
        heard = self._onset.push(self._held)
        if not self._onset.found:
            return
        self._place_marks()
        self._held = self._held[:0]
        step = piece.rate // 10
        for start in range(0, len(heard), step):
            self._take(self._resampler.push(heard[start : start + step]))
            yield from self._full()

    def finish(self) -> list[AudioOut]:
        """The rest; the last chunk says that it is the last. A silent speech has no packets at all."""
        if self._resampler is not None:
            self._take(self._resampler.flush())
        self._packets += self._encoder.flush()
        self._loudness += packet_loudness(self._unmeasured)
        end = (self._sent + len(self._packets)) * OPUS_FRAME
        # An engine may place its closing silence a little behind its last sample.
        self.visemes = [mark for mark in self.visemes if mark.sample < end]
        return [*self._full(), self._chunk(len(self._packets), final=True)]

    def _place_marks(self) -> None:
        assert self._onset is not None
        for mark in self._early:
            sample = max(0, round((mark.sample - self._onset.cut) * SPEECH_RATE / self._onset.rate))
            if sample == 0 and self._next_mark == 0:
                # Of all the shapes before the voice is heard the last one holds when it is.
                self.visemes.clear()
            self.visemes.append(VisemeMark(sample, mark.viseme, mark.weight))
        self._early.clear()

    def _take(self, samples: Samples) -> None:
        self._packets += self._encoder.push(samples)
        self._unmeasured = np.concatenate([self._unmeasured, samples])
        whole = len(self._unmeasured) // OPUS_FRAME * OPUS_FRAME
        self._loudness += packet_loudness(self._unmeasured[:whole])
        self._unmeasured = self._unmeasured[whole:]

    def _full(self) -> Iterator[AudioOut]:
        # One packet more than asked for is waited for, so that the last chunk is not an empty one.
        while len(self._packets) > (size := NEXT_CHUNK if self._chunks else FIRST_CHUNK):
            yield self._chunk(size)

    def _chunk(self, size: int, *, final: bool = False) -> AudioOut:
        start, end = self.samples, self.samples + size * OPUS_FRAME
        first = self._next_mark
        while self._next_mark < len(self.visemes) and self.visemes[self._next_mark].sample < end:
            self._next_mark += 1
        chunk = AudioOut(
            conversation=self._conversation,
            speech=self._speech,
            index=self._chunks,
            sample=start,
            packets=tuple(self._packets[:size]),
            visemes=tuple(self.visemes[first : self._next_mark]),
            loudness=tuple(self._loudness[:size]),
            final=final,
        )
        del self._packets[:size], self._loudness[:size]
        self._chunks += 1
        self._sent += size
        return chunk
