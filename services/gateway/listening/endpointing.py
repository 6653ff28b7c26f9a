"""When a phrase begins and when it is over. Pure: probabilities and positions in, boundaries out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bus.events import MICROPHONE_RATE
from services.gateway.listening.completeness import Completeness, completeness

_MS = MICROPHONE_RATE // 1000

WINDOW = 30 * _MS
"""Samples judged at once where the detector says nothing else: 30 ms at 16 kHz."""
PRE_ROLL = 450 * _MS
"""Samples kept from before the onset; what opens a word is soft."""
ONSET_WINDOWS, ONSET_SPAN = 6, 8
"""So many windows of so many must be speech: 180 ms within 240."""
LONGEST = 30_000 * _MS
"""Samples after which a phrase is cut."""
COMPLETE_WAIT = 300 * _MS
UNFINISHED_WAIT = 900 * _MS
FRESH = 150 * _MS
"""A partial transcript this much older than the last speech cannot have the last words in it yet."""
PAUSE = 120 * _MS
"""Samples of silence after which a phrase may be over, though a shorter or longer wait has to show it."""
JUDGED = 200 * _MS
"""Samples of silence after which it may be asked whether the person sounds as if they were done."""
SPEECH, STILL_SPEECH = 0.5, 0.35
"""Probability at which speech begins, and at which it goes on."""

EndReason: TypeAlias = Literal["silence", "too_long", "muted", "session_closed"]


@dataclass(frozen=True)
class Started:
    """A person speaks."""

    sample: int
    """Where the recording of the phrase begins, pre-roll included."""


@dataclass(frozen=True)
class Ended:
    """The phrase is over."""

    speech_ended: int
    """Sample after which nothing was spoken any more."""
    reason: EndReason


Boundary: TypeAlias = Started | Ended


class Endpointer:
    """Decides where phrases begin and end in one stream of sound, which it is told of window by window.

    Args:
        wait_ms: silence after which a phrase is over where its text says nothing.
        language: of the hints, BCP-47.
        window: samples judged at once.
    """

    def __init__(self, wait_ms: int = 500, *, language: str = "en", window: int = WINDOW) -> None:
        self._wait = wait_ms * _MS
        self._language = language
        self._window = window
        self._recent: deque[tuple[int, bool]] = deque(maxlen=ONSET_SPAN)
        self._now = 0
        """End of the last window, in samples from the start of the stream."""
        self._free_from = 0
        """Sample before which everything belongs to an earlier phrase."""
        self._started: int | None = None
        self._spoken = 0
        """End of the last window with speech in this phrase."""
        self._was_speech = False
        self._hint: Completeness = "open"
        self._hinted = 0
        self._sounds: Completeness = "open"

    @property
    def speaking(self) -> bool:
        """Whether a phrase is under way."""
        return self._started is not None

    @property
    def silent_since(self) -> int | None:
        """The sample from which on nothing was said in this phrase, where that is long enough to be judged."""
        return self._spoken if self._started is not None and self._now - self._spoken >= JUDGED else None

    @property
    def may_be_over(self) -> bool:
        """Whether the person has fallen silent within a phrase and all that was heard of it is understood, and does not
        break off in the middle of a sentence."""
        return (
            self._started is not None
            and self._now - self._spoken >= PAUSE
            and self._hint != "unfinished"
            and self._hinted >= self._spoken - FRESH
        )

    def push(self, probability: float) -> tuple[Boundary, ...]:
        """Judge the next window; gives the boundary that it makes, if it does.

        Args:
            probability: of speech in the window, 0 to 1.
        """
        self._now += self._window
        if self._started is None:
            boundary: Boundary | None = self._wait_for_onset(probability >= SPEECH)
        else:
            boundary = self._wait_for_end(probability >= (STILL_SPEECH if self._was_speech else SPEECH))
        return () if boundary is None else (boundary,)

    def hint(self, partial: str) -> None:
        """What has been understood of the phrase so far."""
        if self._started is not None:
            self._hint, self._hinted = completeness(partial, self._language), self._now

    def sounds(self, judgement: Completeness, silent_since: int) -> None:
        """How the phrase sounds up to a silence; of no account where the person has gone on meanwhile."""
        if self._started is not None and self._spoken == silent_since:
            self._sounds = judgement

    def stop(self, reason: EndReason) -> Ended | None:
        """End the phrase now, where there is one: the microphone is muted or gone."""
        return None if self._started is None else self._end(reason)

    def _wait_for_onset(self, speech: bool) -> Started | None:
        self._recent.append((self._now - self._window, speech))
        spoken = [start for start, was_speech in self._recent if was_speech]
        if not speech or len(spoken) < ONSET_WINDOWS:
            return None
        self._started = max(self._free_from, spoken[0] - PRE_ROLL)
        self._spoken = self._now
        self._was_speech = True
        self._hint, self._hinted = "open", self._now
        self._sounds = "open"
        self._recent.clear()
        return Started(self._started)

    def _wait_for_end(self, speech: bool) -> Ended | None:
        assert self._started is not None
        # One window alone is a click or a breath, not somebody who goes on.
        if speech and self._was_speech:
            self._spoken = self._now
            self._sounds = "open"
        self._was_speech = speech
        if self._now - self._started >= LONGEST:
            return self._end("too_long")
        if self._now - self._spoken >= self._patience():
            return self._end("silence")
        return None

    def _patience(self) -> int:
        """Samples of silence after which the phrase is over. Where its words and its sound disagree, neither counts."""
        fresh = self._hint == "unfinished" or self._hinted >= self._spoken - FRESH
        signs = {self._hint if fresh else "open", self._sounds} - {"open"}
        if signs == {"unfinished"}:
            return max(self._wait, UNFINISHED_WAIT)
        if signs == {"complete"}:
            return min(self._wait, COMPLETE_WAIT)
        return self._wait

    def _end(self, reason: EndReason) -> Ended:
        self._started = None
        self._was_speech = False
        self._free_from = self._now
        return Ended(self._spoken, reason)
