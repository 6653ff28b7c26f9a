"""Endpointing that notes all that it is told of an utterance, so that its decisions can be made again. Pure.

The probabilities go into the log in steps of 1/200, and the loudness in 16 bit, so the endpointer is told just these:
every threshold is such a step, and rounding down leaves a probability on the side of it on which it was.
"""

from __future__ import annotations

import base64
import struct

from bus.events import EndpointingTrace, PartialTold, TurnEndJudged, UtteranceEndReason
from services.gateway.listening.endpointing import Boundary, EndOfSpeech, Endpointer, StartOfSpeech
from services.gateway.listening.onset import MEMORY, RULES

PROBABILITY_STEPS, LOUDNESS_STEPS = 200, 65_535
ECHO = 255
"""In place of a probability: the avatar's own voice."""
CHECKED_BEFORE_ONSET = 8
"""Windows before the onset for which the log shows that none of them was one yet."""
PROBABILITY_DIGITS = 4
"""Of the turn end detector's judgement."""


class RecordedEndpointer:
    """An endpointer as the microphone drives it, with the trace of the utterance under way."""

    def __init__(self, endpointer: Endpointer) -> None:
        self.endpointer = endpointer
        self._kept = MEMORY * max(one.span for one in endpointer.onset_rule) + CHECKED_BEFORE_ONSET
        """Windows before the one of the onset."""
        self._begin()

    def _begin(self) -> None:
        self._before = self.endpointer.before
        self._codes, self._levels = bytearray(), bytearray()
        self._onset = self._lead = 0
        self._text = ""
        self._partials: list[PartialTold] = []
        self._judgements: list[TurnEndJudged] = []
        self._stable: list[int] = []

    def push(self, probability: float, loudness: float, *, echo: bool = False) -> Boundary | None:
        """Advance by one window; returns the boundary that it completes.

        Args:
            probability: of speech in the window, 0 to 1.
            loudness: root mean square of the window, 0 to 1.
            echo: the microphone hears the playback, and nobody speaks.
        """
        code = ECHO if echo else int(probability * PROBABILITY_STEPS)
        level = round(min(loudness, 1.0) * LOUDNESS_STEPS)
        self._codes.append(code)
        if not self.endpointer.in_utterance:
            self._levels += struct.pack("<H", level)
            del self._codes[: -self._kept - 1], self._levels[: 2 * (-self._kept - 1)]
        boundary = self.endpointer.push(*heard(code, level))
        if isinstance(boundary, StartOfSpeech):
            self._onset = len(self._codes)
            self._lead = self.endpointer.now - boundary.sample
        return boundary

    def set_partial(self, text: str) -> None:
        """Take the newest partial transcript of the utterance into account."""
        if self.endpointer.in_utterance:
            kept = _common_length(self._text, text)
            self._partials.append(PartialTold(len(self._codes), kept, text[kept:]))
            self._text = text
        self.endpointer.set_partial(text)

    def ask_turn_end(self) -> int:
        """Note that the turn end detector is asked now; returns the number of the question."""
        self._judgements.append(TurnEndJudged(len(self._codes), -1))
        return len(self._judgements) - 1

    def set_turn_end(self, question: int, probability: float, silent_since: int) -> None:
        """Take the turn end detector's answer into account, unless the person has spoken since that silence."""
        probability = round(probability, PROBABILITY_DIGITS)
        if self.endpointer.silent_since == silent_since:  # of this utterance
            asked = self._judgements[question].asked
            self._judgements[question] = TurnEndJudged(asked, len(self._codes), probability)
        self.endpointer.set_turn_end(probability, silent_since)

    def note_stable(self) -> None:
        """Note that the transcript is taken as one that may be complete."""
        self._stable.append(len(self._codes))

    def stop(self, reason: UtteranceEndReason) -> EndOfSpeech | None:
        """End the utterance now, if there is one: the microphone is muted or gone."""
        return self.endpointer.stop(reason)

    def take_trace(self) -> EndpointingTrace:
        """The trace of the utterance that has ended; the next one begins."""
        endpointer, before = self.endpointer, self._before
        origin = endpointer.now - len(self._codes) * endpointer.window
        trace = EndpointingTrace(
            onset_rule=next((name for name, rule in RULES.items() if rule == endpointer.onset_rule), ""),
            language=endpointer.language,
            window=endpointer.window,
            silence_ms=endpointer.silence_ms,
            speech=base64.b64encode(self._codes).decode(),
            loudness=base64.b64encode(self._levels).decode(),
            onset=self._onset,
            lead=self._lead,
            free_from=before.free_from - origin,
            last_speech=None if before.last_speech is None else before.last_speech - origin,
            ends=before.ends,
            pauses=before.pauses,
            partials=tuple(self._partials),
            judgements=tuple(self._judgements),
            stable=tuple(self._stable),
        )
        self._begin()
        return trace


def heard(code: int, level: int = LOUDNESS_STEPS) -> tuple[float, float]:
    """The probability of speech and the loudness that a window of the trace stands for."""
    return (0.0 if code == ECHO else code / PROBABILITY_STEPS), level / LOUDNESS_STEPS


def _common_length(one: str, other: str) -> int:
    """Characters with which both begin."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))
