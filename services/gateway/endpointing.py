"""When a phrase begins and when it is over. Pure: probabilities and positions in, boundaries out."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bus.events import MICROPHONE_RATE

_MS = MICROPHONE_RATE // 1000

WINDOW = 30 * _MS
"""Samples judged at once: 30 ms at 16 kHz."""
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
SPEECH, STILL_SPEECH = 0.5, 0.35
"""Probability at which speech begins, and at which it goes on."""

Completeness: TypeAlias = Literal["complete", "open", "unfinished"]
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


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_UNFINISHED = _words(
    """
    a an the this these my your his her its our their some any every
    and or but because so if when while although though unless until than as since that which who whose
    of to in on at for with from by about into onto over under between without like through during against
    is are was were am be been being do does did have has had will would can could shall should may might must
    i'm you're we're they're i'd i'll let's very really too more most not
    um uh uhm er erm hmm well
    """
)
"""After these words a sentence goes on."""
_OPENERS = _words("what where who when why how which is are was do does did can could will would have has")
"""A question with one of these may end in a word that otherwise goes on: "what do you want that for"."""
_MAY_END_QUESTION = _words(
    "that this these about for with from like do does did is are am will would can could have on in to who by"
)
_WHOLE_ALONE = _words(
    """
    yes no yeah yep nope ok okay sure hello hi hey thanks bye goodbye stop wait quiet continue repeat please sorry
    right exactly really why what who where when how great good nice cool never maybe always help pause
    """
)
_WHOLE_WITH_ONE_MORE = _WHOLE_ALONE | {"thank", "shut", "go"}
_WORD = re.compile(r"[\w']+")


def completeness(text: str) -> Completeness:
    """Whether an English text reads as if the sentence were over. Anything that is hard to say is "open"."""
    text = text.strip().lower()
    words = _WORD.findall(text)
    if not words:
        return "open"
    if text.endswith((",", "...", "…", "-", "–", ":")):
        return "unfinished"
    if text.endswith((".", "?", "!")):
        return "complete"
    last = words[-1]
    if len(words) == 1 and last in _WHOLE_ALONE:
        return "complete"
    if last in _UNFINISHED:
        question = len(words) >= 4 and words[0] in _OPENERS and last in _MAY_END_QUESTION
        return "open" if question else "unfinished"
    if len(words) >= 3 or (len(words) == 2 and words[0] in _WHOLE_WITH_ONE_MORE):
        return "complete"
    return "open"


class Endpointer:
    """Decides where phrases begin and end in one stream of sound, which it is told of window by window.

    Args:
        wait_ms: silence after which a phrase is over where its text says nothing.
        english: whether the hints are English; others are not understood and change nothing.
    """

    def __init__(self, wait_ms: int = 500, *, english: bool = True) -> None:
        self._wait = wait_ms * _MS
        self._english = english
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

    @property
    def speaking(self) -> bool:
        """Whether a phrase is under way."""
        return self._started is not None

    def push(self, probability: float) -> tuple[Boundary, ...]:
        """Judge the next window of 30 ms; gives the boundary that it makes, if it does.

        Args:
            probability: of speech in the window, 0 to 1.
        """
        self._now += WINDOW
        if self._started is None:
            boundary: Boundary | None = self._wait_for_onset(probability >= SPEECH)
        else:
            boundary = self._wait_for_end(probability >= (STILL_SPEECH if self._was_speech else SPEECH))
        return () if boundary is None else (boundary,)

    def hint(self, partial: str) -> None:
        """What has been understood of the phrase so far."""
        if self._started is not None and self._english:
            self._hint, self._hinted = completeness(partial), self._now

    def stop(self, reason: EndReason) -> Ended | None:
        """End the phrase now, where there is one: the microphone is muted or gone."""
        return None if self._started is None else self._end(reason)

    def _wait_for_onset(self, speech: bool) -> Started | None:
        self._recent.append((self._now - WINDOW, speech))
        spoken = [start for start, was_speech in self._recent if was_speech]
        if not speech or len(spoken) < ONSET_WINDOWS:
            return None
        self._started = max(self._free_from, spoken[0] - PRE_ROLL)
        self._spoken = self._now
        self._was_speech = True
        self._hint, self._hinted = "open", self._now
        self._recent.clear()
        return Started(self._started)

    def _wait_for_end(self, speech: bool) -> Ended | None:
        assert self._started is not None
        # One window alone is a click or a breath, not somebody who goes on.
        if speech and self._was_speech:
            self._spoken = self._now
        self._was_speech = speech
        if self._now - self._started >= LONGEST:
            return self._end("too_long")
        if self._now - self._spoken >= self._patience():
            return self._end("silence")
        return None

    def _patience(self) -> int:
        """Samples of silence after which the phrase is over."""
        if self._hint == "unfinished":
            return max(self._wait, UNFINISHED_WAIT)
        if self._hint == "complete" and self._hinted >= self._spoken - FRESH:
            return min(self._wait, COMPLETE_WAIT)
        return self._wait

    def _end(self, reason: EndReason) -> Ended:
        self._started = None
        self._was_speech = False
        self._free_from = self._now
        return Ended(self._spoken, reason)
