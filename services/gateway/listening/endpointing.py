"""Finds where utterances start and end in a stream of speech probabilities. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from bus.events import MICROPHONE_RATE, UtteranceEndReason
from services.gateway.listening.completeness import Completeness, completeness

_MS = MICROPHONE_RATE // 1000

WINDOW = 30 * _MS
"""Samples in a window unless the detector has another length: 30 ms at 16 kHz."""
PRE_ROLL = 450 * _MS
"""Samples kept from before the onset; the beginning of a word is soft."""
ONSET_WINDOWS, ONSET_SPAN = 6, 8
"""Speech windows, out of the last so many, that make an onset: 180 ms within 240."""
MAX_UTTERANCE = 30_000 * _MS
"""Samples after which an utterance is cut."""
COMPLETE_SILENCE = 300 * _MS
"""Samples of silence after which an utterance ends, at the most, where it is judged complete."""
UNFINISHED_SILENCE = 900 * _MS
"""Samples of silence after which an utterance ends, at the least, where it is judged unfinished."""
MAX_PARTIAL_LAG = 150 * _MS
"""A partial transcript this much older than the last speech cannot contain the last words yet."""
EAGER_SILENCE = 120 * _MS
"""Samples of silence after which an utterance may have ended, though a longer silence has to confirm it."""
TURN_CHECK_SILENCE = 200 * _MS
"""Samples of silence after which the turn end detector may judge the utterance."""
ONSET_THRESHOLD, OFFSET_THRESHOLD = 0.5, 0.35
"""Probability at which speech begins, and under which it ceases."""


@dataclass(frozen=True)
class StartOfSpeech:
    """An utterance starts."""

    sample: int
    """The first sample of its recording, pre-roll included."""


@dataclass(frozen=True)
class EndOfSpeech:
    """The utterance has ended."""

    speech_ended: int
    """The sample at which its last speech ended."""
    reason: UtteranceEndReason


Boundary: TypeAlias = StartOfSpeech | EndOfSpeech


class Endpointer:
    """The state of endpointing in one stream of sound, advanced window by window.

    Args:
        silence_ms: silence that ends an utterance which is judged neither complete nor unfinished.
        language: of the partial transcripts, BCP-47.
        window: samples in a window.
    """

    def __init__(self, silence_ms: int = 500, *, language: str = "en", window: int = WINDOW) -> None:
        self._silence = silence_ms * _MS
        self._language = language
        self._window = window
        self._recent: deque[tuple[int, bool]] = deque(maxlen=ONSET_SPAN)
        self._now = 0
        """End of the last window, in samples from the start of the stream."""
        self._free_from = 0
        """Sample before which the sound belongs to an earlier utterance."""
        self._started: int | None = None
        self._last_speech = 0
        """End of the last window with speech in this utterance."""
        self._was_speech = False
        self._text_judgement: Completeness = "undecided"
        self._partial_at = 0
        """Sample at which the last partial transcript came."""
        self._sound_judgement: Completeness = "undecided"

    @property
    def in_utterance(self) -> bool:
        return self._started is not None

    @property
    def silent_since(self) -> int | None:
        """The sample at which the present silence began, once it is long enough for the turn end detector."""
        silence = self._now - self._last_speech
        return self._last_speech if self.in_utterance and silence >= TURN_CHECK_SILENCE else None

    @property
    def may_have_ended(self) -> bool:
        """Whether the person is silent, the transcript is up to date, and it does not break off in mid-sentence."""
        return (
            self.in_utterance
            and self._now - self._last_speech >= EAGER_SILENCE
            and self._text_judgement != "unfinished"
            and self._partial_is_current()
        )

    def push(self, probability: float) -> Boundary | None:
        """Advance by one window; returns the boundary that it completes.

        Args:
            probability: of speech in the window, 0 to 1.
        """
        self._now += self._window
        if self._started is None:
            return self._detect_start(probability >= ONSET_THRESHOLD)
        return self._detect_end(probability >= (OFFSET_THRESHOLD if self._was_speech else ONSET_THRESHOLD))

    def set_partial(self, text: str) -> None:
        """Take the newest partial transcript of the utterance into account."""
        if self.in_utterance:
            self._text_judgement, self._partial_at = completeness(text, self._language), self._now

    def set_sound_judgement(self, judgement: Completeness, silent_since: int) -> None:
        """Take the turn end detector's judgement into account, unless the person has spoken since that silence."""
        if self.in_utterance and self._last_speech == silent_since:
            self._sound_judgement = judgement

    def stop(self, reason: UtteranceEndReason) -> EndOfSpeech | None:
        """End the utterance now, if there is one: the microphone is muted or gone."""
        return self._end(reason) if self.in_utterance else None

    def _detect_start(self, is_speech: bool) -> StartOfSpeech | None:
        self._recent.append((self._now - self._window, is_speech))
        speech_windows = [start for start, was_speech in self._recent if was_speech]
        if not is_speech or len(speech_windows) < ONSET_WINDOWS:
            return None
        self._started = max(self._free_from, speech_windows[0] - PRE_ROLL)
        self._last_speech = self._now
        self._was_speech = True
        self._text_judgement, self._partial_at = "undecided", self._now
        self._sound_judgement = "undecided"
        self._recent.clear()
        return StartOfSpeech(self._started)

    def _detect_end(self, is_speech: bool) -> EndOfSpeech | None:
        assert self._started is not None
        # A single window is a click or a breath, not speech that goes on.
        if is_speech and self._was_speech:
            self._last_speech = self._now
            self._sound_judgement = "undecided"
        self._was_speech = is_speech
        if self._now - self._started >= MAX_UTTERANCE:
            return self._end("too_long")
        if self._now - self._last_speech >= self._required_silence():
            return self._end("silence")
        return None

    def _required_silence(self) -> int:
        """Samples of silence that end the utterance. Where text and sound contradict each other, neither counts."""
        text_counts = self._text_judgement == "unfinished" or self._partial_is_current()
        judgements = {self._text_judgement if text_counts else "undecided", self._sound_judgement} - {"undecided"}
        if judgements == {"unfinished"}:
            return max(self._silence, UNFINISHED_SILENCE)
        if judgements == {"complete"}:
            return min(self._silence, COMPLETE_SILENCE)
        return self._silence

    def _partial_is_current(self) -> bool:
        return self._partial_at >= self._last_speech - MAX_PARTIAL_LAG

    def _end(self, reason: UtteranceEndReason) -> EndOfSpeech:
        self._started = None
        self._was_speech = False
        self._free_from = self._now
        return EndOfSpeech(self._last_speech, reason)
