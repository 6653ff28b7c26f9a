"""What voice activity, turn end detection and recognition tell of a phrase, and when, on the clock of its samples.

Nothing waits in real time: each network runs where the system would run it, and what it tells counts from the moment at
which the system would know it. The processor time of each run is measured. `bench.endpointing` then tries settings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bus.events import MICROPHONE_RATE
from services.audio import Samples
from services.gateway.listening.endpointing import Endpointer, StartOfSpeech
from services.gateway.listening.turn_end import MAX_SAMPLES
from services.silero import WINDOW
from services.stt.segments import Segmenter
from services.stt.service import BLOCK_BYTES
from services.stt.streaming import DecodedWindow, StreamingTranscription, Window
from tests.voices.hesitant import Phrase

MS = MICROPHONE_RATE // 1000
HOP = 4 * MS
"""Samples that pass while a message goes over the bus; `bench.turn` measures 2 to 4 ms."""


@dataclass
class Heard:
    """What is known of one phrase, in windows of 512 samples from its beginning."""

    phrase: Phrase
    probabilities: list[float]
    """Of speech, each window's."""
    start: int
    """The first sample of the utterance; -1 if there is none."""
    turn_end: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Smart Turn's probability at the end of a window, by its number, and the seconds that it took."""
    partials: list[tuple[int, str]] = field(default_factory=list)
    """The sample at which each partial transcript is known at the gateway, and the transcript."""
    decodings: list[tuple[float, float]] = field(default_factory=list)
    """Seconds of sound and of the processor of each decoding."""


class SampleClock:
    """A recogniser's batcher on the clock of the samples: each decoding takes the processor time that it needs."""

    mean_batch_seconds = 0.05

    def __init__(self, decode: Callable[[Sequence[Window]], list[DecodedWindow]]) -> None:
        self._decode = decode
        self.now = 0.0
        """Samples."""
        self._free_at = 0.0
        self.decodings: list[tuple[float, float]] = []

    def submit(self, window: Window, *, urgent: bool = False) -> SampleFuture:
        begun = max(self.now, self._free_at)
        before = time.thread_time()
        (decoded,) = self._decode([window])
        seconds = time.thread_time() - before
        self.decodings.append((len(window.samples) / MICROPHONE_RATE, seconds))
        previous, self._free_at = self._free_at, begun + seconds * MICROPHONE_RATE
        return SampleFuture(self, decoded, begun, self._free_at, previous)

    def rewind(self, free_at: float) -> None:
        self._free_at = free_at


class SampleFuture:
    """A decoding that is done at a sample."""

    def __init__(self, clock: SampleClock, decoded: DecodedWindow, begun: float, ready: float, before: float) -> None:
        self._clock, self._decoded, self._begun, self._ready, self._before = clock, decoded, begun, ready, before
        self._cancelled = False

    def done(self) -> bool:
        return self._clock.now >= self._ready

    def cancel(self) -> bool:
        if self._begun <= self._clock.now:
            return False
        self._cancelled = True
        self._clock.rewind(self._before)
        return True

    def cancelled(self) -> bool:
        return self._cancelled

    def result(self, timeout: float | None = None) -> DecodedWindow:
        return self._decoded


def hear(
    phrase: Phrase,
    vad: Callable[[Samples], float],
    turn_end: Callable[[bytes], float],
    asked: Sequence[int],
) -> Heard:
    """Voice activity, and Smart Turn's judgement after so many windows of each silence."""
    windows = [phrase.samples[at : at + WINDOW] for at in range(0, len(phrase.samples) - WINDOW + 1, WINDOW)]
    heard = Heard(phrase, [vad(window) for window in windows], -1)
    endpointer = Endpointer(10**6, window=WINDOW)
    for number, probability in enumerate(heard.probabilities):
        boundary = endpointer.push(probability)
        if isinstance(boundary, StartOfSpeech):
            heard.start = boundary.sample
        silence = endpointer.silence // WINDOW if endpointer.in_utterance else 0
        if silence in asked:
            now = (number + 1) * WINDOW
            pcm = phrase.samples[max(heard.start, now - MAX_SAMPLES) : now].tobytes()
            before = time.thread_time()
            heard.turn_end[number] = (turn_end(pcm), time.thread_time() - before)
    return heard


def transcribe(
    heard: Heard,
    decode: Callable[[Sequence[Window]], list[DecodedWindow]],
    vad: Callable[[Samples], float],
    *,
    pause: int,
    prompt_in: range,
    chunk: int = 100 * MS,
) -> None:
    """The partial transcripts, with the sample at which the gateway knows them.

    Args:
        pause: samples of silence after which the recogniser decodes what was said.
        prompt_in: windows of a silence in which the gateway sends what it has at once.
        chunk: samples of a message otherwise.
    """
    clock = SampleClock(decode)
    batcher: Any = clock
    utterance = StreamingTranscription(batcher, Segmenter(vad, WINDOW), "en", "", fast_prefill=False, pause=pause)
    endpointer = Endpointer(10**6, window=WINDOW)
    pcm = heard.phrase.samples.tobytes()
    heard.partials = []
    sent = -1
    for number, probability in enumerate(heard.probabilities):
        endpointer.push(probability)
        now = (number + 1) * WINDOW
        if not endpointer.in_utterance:
            continue
        if sent < 0:
            sent = heard.start
        prompt = endpointer.silence // WINDOW in prompt_in
        if now - sent < chunk and not prompt:
            continue
        clock.now = now + HOP
        for at in range(2 * sent, 2 * now, BLOCK_BYTES):
            text = utterance.push(pcm[at : min(at + BLOCK_BYTES, 2 * now)])
            if text:
                heard.partials.append((int(clock.now) + HOP, text))
        sent = now
    heard.decodings = clock.decodings
