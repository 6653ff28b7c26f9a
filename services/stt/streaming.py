"""Streaming recognition with a network that decodes whole windows.

Partial transcripts come during speech, the final one soon after the last word.

Such a network has no state between windows. So the open segment is decoded again and again as it grows. The words on
which two successive hypotheses agree are stable (Macháček et al., 2023, "LocalAgreement") and shown; where the network
prefills them fast, the next decoding begins after them. In each pause of the speaker the segment is decoded as if the
utterance had ended: if nothing follows, that is the transcript, ready when the phrase is over.

When words become stable depends on the speed of the device. If decoding begins after them, the same audio can give a
different word the next time; a recording that is pushed at once is decoded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

import numpy as np

from bus.errors import EngineError
from bus.events import MICROPHONE_RATE, Word
from services.audio import Samples
from services.command_phrases import Phrase
from services.gpu_faults import GpuFault
from services.stt.batcher import Batcher
from services.stt.engine import Transcript
from services.stt.hallucination_filter import is_hallucination, without_hallucinated_words
from services.stt.local_agreement import LocalAgreement
from services.stt.segments import Segment, Segmenter

MIN_SPEECH = MICROPHONE_RATE * 200 // 1000
"""Samples of speech below which nothing is decoded: a cough, a click."""
PARTIAL_STEP = MICROPHONE_RATE // 2
"""Samples of new audio that are worth another partial hypothesis."""
PAUSE = MICROPHONE_RATE * 200 // 1000
"""Samples of silence after which the segment is decoded as if the utterance had ended."""
PARTIAL_SHARE = 4
"""Partial hypotheses of one speaker take at most a quarter of the device's time: the final one must not wait."""
AGREEMENT = 2
LANGUAGE_CONFIDENCE = 0.85
"""Probability from which a detected language is believed, and kept for the rest of the utterance. Whisper base gives
people more in 32 of 35 phrases of a second; to a synthetic voice's German "no, thanks" it gave 0.79 to 0.82, by the
processor, for Japanese."""
DECODE_TIMEOUT = 60.0
"""Seconds."""
_LANGUAGES_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})


@dataclass(frozen=True)
class Window:
    """Audio to be decoded."""

    samples: Samples
    """[n], 16 kHz, at most 30 s."""
    language: str = ""
    """Whisper's code, e.g. "en"; empty to detect it."""
    prompt: str = ""
    """Preceding text and names that may occur."""
    prefix: str = ""
    """The known beginning of the text, which is not decoded again."""
    phrases: tuple[Phrase, ...] = ()
    """Commands that the whole window may be, see `services.stt.engine.Transcriber.open`."""
    speech: tuple[tuple[int, int], ...] = ()
    """Spans of speech: first sample and the one after the last."""
    final: bool = True
    """Whether the text may become the transcript of the segment: only then word times are needed, and a second attempt
    if the first one fails."""
    likely: str = ""
    """The code of the language that is believed where the detected one is not certain; empty: none is."""


@dataclass(frozen=True)
class DecodedWindow:
    """The text of a window."""

    text: str
    """With the prefix."""
    language: str
    language_probability: float
    no_speech_prob: float
    """The network's probability that there is no speech, 0 to 1."""
    avg_logprob: float
    """Mean over the decoded tokens."""
    words: tuple[Word, ...] = ()
    """Times in seconds from the start of the window; only of a final window."""


@dataclass(frozen=True)
class _Decoding:
    """A segment submitted to the batcher."""

    segment: Segment
    future: Future[DecodedWindow]
    final: bool
    speech_end: int
    """Sample of the utterance at which the segment's last speech ends."""


class StreamingTranscription:
    """One utterance. See `Transcription`.

    Args:
        pause: samples of silence after which the segment is decoded as if the utterance had ended.
        likely: code of the language that is believed where the detected one is not certain.
    """

    def __init__(
        self,
        batcher: Batcher[Window, DecodedWindow],
        segmenter: Segmenter,
        language: str,
        prompt: str,
        *,
        fast_prefill: bool,
        phrases: tuple[Phrase, ...] = (),
        pause: int = PAUSE,
        likely: str = "",
    ) -> None:
        self._likely = likely
        self._pause = pause
        self._fast_prefill = fast_prefill
        self._batcher = batcher
        self._segmenter = segmenter
        self._language = language
        self._prompt = prompt
        self._phrases = phrases
        self._closed_segments: list[_Decoding] = []
        self._running: _Decoding | None = None
        """Of the open segment, not finished yet."""
        self._final: _Decoding | None = None
        """The last decoding of the open segment as if the utterance had ended."""
        self._agreement = LocalAgreement(AGREEMENT)
        self._stable = ""
        """Stable words of the open segment."""
        self._open_text = ""
        """Text shown for the open segment."""
        self._closed_text = ""
        """Text shown for the closed segments."""
        self._partial = ""
        """The last partial transcript returned."""
        self._pushed = 0
        """Samples."""
        self._submitted_at = 0
        """`_pushed` at the last submission."""
        self._over = False

    def push(self, pcm: bytes) -> str | None:
        if self._over:
            raise EngineError("the utterance is over: nothing can be pushed any more")
        closed = self._segmenter.push(pcm)
        self._pushed += len(pcm) // 2
        for segment in closed:
            self._close_segment(segment)
        if self._running is not None and self._running.future.done():
            self._take_hypothesis(self._running)
            self._running = None
        self._submit_if_due()
        return self._new_partial()

    def finish(self) -> Transcript:
        if self._over:
            raise EngineError("the utterance is over: it was finished before")
        self._over = True
        decodings = list(self._closed_segments)
        if self._segmenter.speech_samples >= MIN_SPEECH:
            decodings.append(self._last_decoding())
        parts = [self._segment_transcript(decoding) for decoding in decodings]
        words = tuple(word for part in parts for word in part.words)
        text = word_separator(self._language).join(part.text for part in parts if part.text)
        confidence = float(np.mean([word.confidence for word in words])) if words else 0.0
        return Transcript(text, round(confidence, 4), words, self._language or "en")

    def close(self) -> None:
        self._over = True
        for decoding in (*self._closed_segments, self._running, self._final):
            if decoding is not None:
                decoding.future.cancel()

    # Submitting windows

    def _submit_if_due(self) -> None:
        """Submit the open segment if a new hypothesis is worth its cost by now."""
        speech_end = self._segmenter.speech_end
        pause = self._segmenter.trailing_silence >= self._pause
        up_to_date = self._final is not None and self._final.speech_end == speech_end
        if self._segmenter.speech_samples < MIN_SPEECH or up_to_date:
            return
        if pause:
            if self._running is not None and not self._running.final and self._running.future.cancel():
                self._running = None  # still queued: the final decoding replaces it
            if self._running is None:
                self._final = self._running = self._submit(self._segmenter.open_segment(), final=True)
        elif self._running is None and self._pushed - self._submitted_at >= self._partial_step():
            self._running = self._submit(self._segmenter.open_segment(), final=False)

    def _partial_step(self) -> int:
        return max(PARTIAL_STEP, round(PARTIAL_SHARE * self._batcher.mean_batch_seconds * MICROPHONE_RATE))

    def _submit(self, segment: Segment, *, final: bool) -> _Decoding:
        self._submitted_at = self._pushed
        prefix = self._stable if self._fast_prefill else ""
        # The end of a long speech is no command.
        phrases = () if self._closed_segments or not final else self._phrases
        window = Window(
            segment.samples, self._language, self._prompt, prefix, phrases, segment.speech, final, self._likely
        )
        future = self._batcher.submit(window, urgent=final)
        return _Decoding(segment, future, final, segment.start + segment.speech[-1][1])

    def _close_segment(self, segment: Segment) -> None:
        """Submit a complete segment for its final decoding and reset the state of the open one."""
        if self._running is not None:
            self._running.future.cancel()
            self._running = None
        if segment.speech_samples >= MIN_SPEECH:
            self._closed_segments.append(self._submit(segment, final=True))
            self._closed_text = " ".join(filter(None, (self._closed_text, self._open_text)))
        self._final, self._stable, self._open_text = None, "", ""
        self._agreement = LocalAgreement(AGREEMENT)

    def _last_decoding(self) -> _Decoding:
        final = self._final
        if final is not None and final.speech_end == self._segmenter.speech_end and not final.future.cancelled():
            return final
        if self._running is not None:
            self._running.future.cancel()
        return self._submit(self._segmenter.open_segment(), final=True)

    # Reading results

    def _take_hypothesis(self, decoding: _Decoding) -> None:
        """Update the shown text with a finished hypothesis of the open segment."""
        try:
            decoded = decoding.future.result()
        except GpuFault:
            raise  # another engine hears the utterance, the sooner the better
        except (CancelledError, EngineError):
            return  # the final decoding raises the error if it persists
        if not self._language and decoded.language_probability >= LANGUAGE_CONFIDENCE:
            self._language = decoded.language
        if _is_hallucination(decoded, decoding.segment):
            return
        words = decoded.text.split()
        # The last word may still be incomplete.
        stable = self._agreement.push(words[:-1])
        if stable is not None:
            self._stable = stable
        shown = decoded.text if decoding.final else self._stable or " ".join(words[:-1])
        if not self._open_text.startswith(shown):  # the text of a final decoding is longer than the stable words
            self._open_text = shown

    def _new_partial(self) -> str | None:
        """The text of all segments, None if it is the same as last time."""
        text = " ".join(filter(None, (self._closed_text, self._open_text)))
        if text in ("", self._partial):
            return None
        self._partial = text
        return text

    def _segment_transcript(self, decoding: _Decoding) -> Transcript:
        """The final text of a segment; waits for its decoding."""
        try:
            decoded = decoding.future.result(DECODE_TIMEOUT)
        except CancelledError as error:
            raise EngineError("the decoding was cancelled", retryable=True) from error
        except TimeoutError as error:
            raise EngineError(f"the recogniser did not answer within {DECODE_TIMEOUT:g} s", retryable=True) from error
        self._language = self._language or decoded.language
        if _is_hallucination(decoded, decoding.segment):
            return Transcript("", 0.0)
        speech = [(start / MICROPHONE_RATE, end / MICROPHONE_RATE) for start, end in decoding.segment.speech]
        words = without_hallucinated_words(decoded.words, speech)
        text = decoded.text
        if len(words) < len(decoded.words):
            text = word_separator(decoded.language).join(word.text for word in words)
        return Transcript(text, 0.0, shift_times(words, decoding.segment.start / MICROPHONE_RATE))


def _is_hallucination(decoded: DecodedWindow, segment: Segment) -> bool:
    return is_hallucination(
        decoded.text,
        speech=segment.speech_samples / MICROPHONE_RATE,
        no_speech_prob=decoded.no_speech_prob,
        avg_logprob=decoded.avg_logprob,
    )


def word_separator(language: str) -> str:
    """The text between two words."""
    return "" if language in _LANGUAGES_WITHOUT_SPACES else " "


def shift_times(words: Sequence[Word], seconds: float) -> tuple[Word, ...]:
    """The words, so many seconds later."""
    return tuple(
        Word(text=w.text, start=round(w.start + seconds, 3), end=round(w.end + seconds, 3), confidence=w.confidence)
        for w in words
    )
