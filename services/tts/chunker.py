"""Cuts a speech into `audio.out` chunks: packets, visemes and loudness on one clock of 48 kHz samples. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bus.events import OPUS_FRAME, SPEECH_RATE, AudioOut, VisemeMark
from services.audio import OpusEncoder, Resampler, Samples, packet_loudness, rms
from services.tts.engine import SpeechPiece
from services.tts.pitch import PitchMeter

FIRST_CHUNK = 10
"""Packets, 200 ms: low latency, and enough for the first frames of a face, which depend on 157 ms after them."""
NEXT_CHUNK = 20
"""Packets, 400 ms: few messages."""
ONSET_RMS = 0.004
"""Root mean square of 5 ms from which the voice is audible (-48 dB)."""
LEAD = 0.01
"""Seconds of silence kept before the voice."""


@dataclass
class _OnsetTrimmer:
    """Drops the silence that engines put before the first word."""

    rate: int
    dropped: int = 0
    """Samples."""
    found: bool = False

    def push(self, samples: Samples) -> Samples:
        """The samples from the onset on; an empty array before it."""
        if self.found:
            return samples
        window = self.rate // 200
        for start in range(0, len(samples) - window + 1, window):
            if rms(samples[start : start + window]) >= ONSET_RMS:
                self.found = True
                self.dropped += max(0, start - round(self.rate * LEAD))
                return samples[max(0, start - round(self.rate * LEAD)) :]
        return samples[:0]


class SpeechChunker:
    """Takes the pieces of one speech and returns chunks as soon as they are full."""

    def __init__(self, conversation: str, speech: str) -> None:
        self._conversation = conversation
        self._speech = speech
        self._encoder = OpusEncoder()
        self._onset: _OnsetTrimmer | None = None
        self._resampler: Resampler | None = None
        self._before_onset = np.zeros(0, np.int16)
        """Audio before the onset, at the engine's rate."""
        self._partial_packet = np.zeros(0, np.int16)
        """Less than a packet, at 48 kHz."""
        self._pending_marks: list[VisemeMark] = []
        """At the engine's rate, until the onset is known."""
        self._packets: list[bytes] = []
        self._loudness: list[float] = []
        self._pitch: list[int] = []
        self._pitch_meter = PitchMeter()
        self._next_mark = 0
        self._chunks = 0
        self._sent_packets = 0
        self.visemes: list[VisemeMark] = []
        """All visemes so far, at 48 kHz."""

    @property
    def samples(self) -> int:
        """At 48 kHz, in the chunks returned so far: whole packets."""
        return self._sent_packets * OPUS_FRAME

    def push(self, piece: SpeechPiece) -> Iterator[AudioOut]:
        """The chunks that the piece fills. Encodes step by step, so that the first chunk does not wait for the rest."""
        if self._onset is None or self._resampler is None:
            self._onset = _OnsetTrimmer(piece.rate)
            self._resampler = Resampler(piece.rate, SPEECH_RATE)
        self._pending_marks += piece.visemes
        self._before_onset = np.concatenate([self._before_onset, piece.samples])
        audible = self._onset.push(self._before_onset)
        if not self._onset.found:
            return
        self._place_marks()
        self._before_onset = self._before_onset[:0]
        step = piece.rate // 10
        for start in range(0, len(audible), step):
            self._encode(self._resampler.push(audible[start : start + step]))
            yield from self._full_chunks()

    def finish(self) -> list[AudioOut]:
        """The remaining chunks, the last one marked final. A silent speech has one chunk without packets."""
        if self._resampler is not None:
            self._encode(self._resampler.flush())
        self._packets += self._encoder.flush()
        self._measure(self._partial_packet)
        end = (self._sent_packets + len(self._packets)) * OPUS_FRAME
        # An engine may place its closing silence slightly after its last sample.
        self.visemes = [mark for mark in self.visemes if mark.sample < end]
        return [*self._full_chunks(), self._chunk(len(self._packets), final=True)]

    def _place_marks(self) -> None:
        assert self._onset is not None
        for mark in self._pending_marks:
            sample = max(0, round((mark.sample - self._onset.dropped) * SPEECH_RATE / self._onset.rate))
            if sample == 0 and self._next_mark == 0:
                # Of the visemes before the onset, only the last one still holds at the onset.
                self.visemes.clear()
            self.visemes.append(VisemeMark(sample, mark.viseme, mark.weight))
        self._pending_marks.clear()

    def _encode(self, samples: Samples) -> None:
        self._packets += self._encoder.push(samples)
        self._partial_packet = np.concatenate([self._partial_packet, samples])
        complete = len(self._partial_packet) // OPUS_FRAME * OPUS_FRAME
        self._measure(self._partial_packet[:complete])
        self._partial_packet = self._partial_packet[complete:]

    def _measure(self, samples: Samples) -> None:
        """Loudness and pitch of the next packets; the last one may be shorter than a packet."""
        self._loudness += packet_loudness(samples)
        self._pitch += self._pitch_meter.push(samples)

    def _full_chunks(self) -> Iterator[AudioOut]:
        # Keeps one packet back, so that the final chunk is not empty.
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
            pitch=tuple(self._pitch[:size]),
            final=final,
        )
        del self._packets[:size], self._loudness[:size], self._pitch[:size]
        self._chunks += 1
        self._sent_packets += size
        return chunk
