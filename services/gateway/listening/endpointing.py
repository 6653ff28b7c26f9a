"""Finds where utterances start and end in a stream of speech probabilities. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from bus.events import MICROPHONE_RATE, UtteranceEndReason
from services.gateway.listening.completeness import Completeness, completeness
from services.gateway.listening.end_of_turn import (
    MANNER,
    EndProbability,
    Habit,
    Manner,
    required_silence_ms,
    sound_odds,
    word_odds,
)
from services.gateway.listening.holding import is_holding
from services.gateway.listening.onset import STEADY, Evidence, Onset

_MS = MICROPHONE_RATE // 1000

WINDOW = 30 * _MS
"""Samples in a window unless the detector has another length: 30 ms at 16 kHz."""
PRE_ROLL = 450 * _MS
"""Samples kept from before the onset; the beginning of a word is soft."""
MAX_UTTERANCE = 30_000 * _MS
"""Samples after which an utterance is cut."""
MAX_PARTIAL_LAG = 150 * _MS
"""A partial transcript this much older than the last speech cannot contain the last words yet."""
EAGER_SILENCE = 120 * _MS
"""Samples of silence after which an utterance may have ended, though a longer silence has to confirm it."""
TURN_CHECK_SILENCE = 150 * _MS
"""Samples of silence after which the turn end detector may judge the utterance."""
PAUSE = 250 * _MS
"""Samples of silence from which speaking on counts as a habit of pausing; shorter silences are between words."""
HOLDING_SILENCE = 2_000 * _MS
"""The least silence that ends an utterance after "let me think", "my name is", or letters and digits one by one."""
CUT_SILENCE = 1_000 * _MS
"""A new utterance this soon after the last speech is the rest of the one before, which was cut."""
ONSET_THRESHOLD, OFFSET_THRESHOLD = 0.5, 0.35
"""Probability at which speech begins again in an utterance, and under which it ceases."""


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


@dataclass(frozen=True)
class Before:
    """What an endpointer remembers between two utterances; samples count from the start of the stream."""

    free_from: int
    """Before it the sound belongs to the utterance before."""
    last_speech: int | None
    """The end of the speech in the utterance before, if that ended by silence."""
    ends: float
    pauses: float
    """The speaker's habit."""


class Endpointer:
    """The state of endpointing in one stream of sound, advanced window by window.

    Args:
        silence_ms: silence that ends an utterance where neither its sound nor its words tell anything.
        language: of the partial transcripts, BCP-47.
        window: samples in a window.
        end_probability: how likely a sentence ends after a text, for this language.
        onset: what makes it certain that somebody speaks.
        manner: how sure an end has to be.
    """

    def __init__(
        self,
        silence_ms: int = 500,
        *,
        language: str = "en",
        window: int = WINDOW,
        end_probability: EndProbability | None = None,
        onset: tuple[Evidence, ...] = STEADY,
        manner: Manner = MANNER,
    ) -> None:
        self.silence_ms = silence_ms
        self.language = language
        self.window = window
        self._end_probability = end_probability
        self._manner = manner
        self._habit = Habit(manner.habit_limit)
        self.onset_rule = onset
        self._onset = Onset(onset)
        self._now = 0
        """End of the last window, in samples from the start of the stream."""
        self._free_from = 0
        """Sample before which the sound belongs to an earlier utterance."""
        self._started: int | None = None
        self._ended = False
        """Whether the last utterance ended by silence."""
        self._last_speech = 0
        """End of the last window with speech in this utterance."""
        self._was_speech = False
        self._text_judgement: Completeness = "undecided"
        self._partial_at = 0
        """Sample at which the last partial transcript came."""
        self._holding = False
        self._word_odds: float | None = None
        self._sound_odds: float | None = None
        """What the last partial transcript and the turn end detector add to the log odds that the utterance is over."""

    @property
    def in_utterance(self) -> bool:
        return self._started is not None

    @property
    def now(self) -> int:
        """End of the last window, in samples from the start of the stream."""
        return self._now

    @property
    def before(self) -> Before:
        """What is remembered of the utterances so far; between two utterances it is all that counts."""
        ends, pauses = self._habit.weights
        return Before(self._free_from, self._last_speech if self._ended else None, ends, pauses)

    def continue_from(self, before: Before, now: int, windows: Iterable[tuple[float, float]]) -> None:
        """Go on, between two utterances, from what another endpointer remembered.

        Args:
            now: the end of the last of the windows.
            windows: the newest, probability and loudness, none of which began an utterance.
        """
        self._now = now
        self._onset.remember(windows)
        self._free_from = before.free_from
        self._ended = before.last_speech is not None
        self._last_speech = before.last_speech or 0
        self._habit = Habit(self._manner.habit_limit, ends=before.ends, pauses=before.pauses)

    @property
    def silence(self) -> int:
        """Samples since the last speech of the utterance; 0 outside of one."""
        return self._now - self._last_speech if self.in_utterance else 0

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

    def push(self, probability: float, loudness: float = 1.0) -> Boundary | None:
        """Advance by one window; returns the boundary that it completes.

        Args:
            probability: of speech in the window, 0 to 1.
            loudness: root mean square of the window, in any unit.
        """
        self._now += self.window
        if self._started is None:
            return self._detect_start(probability, loudness)
        return self._detect_end(probability >= (OFFSET_THRESHOLD if self._was_speech else ONSET_THRESHOLD))

    def set_partial(self, text: str) -> None:
        """Take the newest partial transcript of the utterance into account."""
        if self.in_utterance:
            self._text_judgement, self._partial_at = completeness(text, self.language), self._now
            self._word_odds = word_odds(text, self.language, self._end_probability)
            self._holding = is_holding(text, self.language)

    def set_turn_end(self, probability: float, silent_since: int) -> None:
        """Take the turn end detector's judgement into account, unless the person has spoken since that silence.

        Args:
            probability: that the turn is over, 0 to 1.
            silent_since: the silence that was judged.
        """
        if self.in_utterance and self._last_speech == silent_since:
            self._sound_odds = sound_odds(probability)

    def stop(self, reason: UtteranceEndReason) -> EndOfSpeech | None:
        """End the utterance now, if there is one: the microphone is muted or gone."""
        return self._end(reason) if self.in_utterance else None

    def _detect_start(self, probability: float, loudness: float) -> StartOfSpeech | None:
        windows = self._onset.push(probability, loudness)
        if windows is None:
            return None
        began = self._now - windows * self.window
        if self._ended and began - self._last_speech < CUT_SILENCE:
            self._habit.take_back_end()
        self._started = max(self._free_from, began - PRE_ROLL)
        self._last_speech = self._now
        self._was_speech = True
        self._text_judgement, self._partial_at = "undecided", self._now
        self._word_odds = self._sound_odds = None
        self._holding = False
        self._onset.clear()
        return StartOfSpeech(self._started)

    def _detect_end(self, is_speech: bool) -> EndOfSpeech | None:
        assert self._started is not None
        # A single window is a click or a breath, not speech that goes on.
        if is_speech and self._was_speech:
            if self._now - self._last_speech > PAUSE:
                self._habit.add_pause()
            self._last_speech = self._now
            self._sound_odds = None
        self._was_speech = is_speech
        if self._now - self._started >= MAX_UTTERANCE:
            return self._end("too_long")
        if self._now - self._last_speech >= self._required_silence():
            return self._end("silence")
        return None

    def _required_silence(self) -> float:
        """Samples of silence that end the utterance."""
        words = self._word_odds if self._partial_is_current() or (self._word_odds or 0.0) < 0 else None
        required = _MS * required_silence_ms(self.silence_ms, self._sound_odds, words, self._habit.odds, self._manner)
        return max(required, HOLDING_SILENCE) if self._holding else required

    def _partial_is_current(self) -> bool:
        return self._partial_at >= self._last_speech - MAX_PARTIAL_LAG

    def _end(self, reason: UtteranceEndReason) -> EndOfSpeech:
        self._started = None
        self._was_speech = False
        self._ended = reason == "silence"
        if self._ended:
            self._habit.add_end()
        self._free_from = self._now
        return EndOfSpeech(self._last_speech, reason)
