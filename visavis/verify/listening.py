"""Makes the decisions of endpointing again, from the trace in `utterance.ended`."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Sequence

from bus.events import EndpointingTrace, PartialTold, UtteranceEnded, UtteranceStarted
from services.gateway.listening.endpointing import Before, EndOfSpeech, Endpointer, StartOfSpeech
from services.gateway.listening.onset import MEMORY, RULES
from services.gateway.listening.recorded_endpointer import heard
from services.gateway.listening.sentence_end import end_probability
from visavis.verify.decisions import Decision, Fact, compared, not_recorded

LONGEST = 2_000
"""Windows of a trace at the most, and partial transcripts: an utterance has 30 s, and a window 30 ms."""
_OLD = "the utterance has no trace: an older version heard it, or its gateway crashed"


def listening_decisions(facts: Sequence[Fact]) -> Iterator[Decision]:
    """The decisions about each utterance that a microphone heard."""
    started: dict[str, Fact] = {}
    for seq, event in facts:
        match event.body:
            case UtteranceStarted(utterance=utterance, session=session) if session is not None:
                started[utterance] = seq, event
            case UtteranceEnded(utterance=utterance) as ended if utterance in started:
                yield from _utterance(started[utterance], (seq, event), ended)
            case _:
                pass


def partial_texts(partials: Sequence[PartialTold]) -> list[str]:
    """The whole text of each partial transcript."""
    texts = [""]
    for one in partials[:LONGEST]:
        texts.append(texts[-1][: one.kept] + one.text)
    return texts[1:]


def _utterance(start: Fact, end: Fact, ended: UtteranceEnded) -> Iterator[Decision]:
    trace = ended.trace
    reason = _OLD if trace is None else _problem(trace)
    if trace is None or reason:
        yield not_recorded("onset", *start, reason)
        yield not_recorded("end", *end, reason, recorded=_told(ended))
        return
    replay = _Replay(trace)
    yield compared("onset", *start, f"window {trace.onset}, {trace.lead} samples before it", replay.find_onset())
    replay.run(ended)
    yield compared("stable", *end, _windows(trace.stable), _windows(replay.stable))
    if trace.judgements:
        yield compared("turn_end", *end, _windows(one.asked for one in trace.judgements), _windows(replay.asked))
    yield compared("end", *end, _told(ended), replay.end)


def _problem(trace: EndpointingTrace) -> str:
    """Why a trace cannot be used: it may come from a file, and from another version; empty where it can."""
    if trace.onset_rule not in RULES:
        return f"the onset rule {trace.onset_rule!r} is none of this version"
    try:
        windows, levels = (len(base64.b64decode(one, validate=True)) for one in (trace.speech, trace.loudness))
    except ValueError:
        return "the trace is damaged"
    is_whole = (
        0 < trace.onset <= windows <= LONGEST
        and levels == 2 * trace.onset
        and trace.window > 0
        and min(trace.ends, trace.pauses) >= 1
        and max(len(trace.partials), len(trace.judgements)) <= LONGEST
    )
    return "" if is_whole else "the trace is damaged"


def _told(ended: UtteranceEnded) -> str:
    return f"{ended.reason} after {ended.samples} samples, speech until {ended.speech_ended}"


def _windows(numbers: Iterator[int] | Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers))
    return f"at windows {listed}" if listed else "never"


class _Replay:
    """An endpointer that is told again what is in a trace."""

    def __init__(self, trace: EndpointingTrace) -> None:
        self._trace = trace
        codes, levels = base64.b64decode(trace.speech), base64.b64decode(trace.loudness)
        loudness = struct.unpack(f"<{len(levels) // 2}H", levels)
        self._windows = [
            heard(code, loudness[place]) if place < len(loudness) else heard(code) for place, code in enumerate(codes)
        ]
        self._endpointer = self._before(trace.onset - 1)
        self._text = self._stable_text = ""
        self.stable: list[int] = []
        self.asked: list[int] = []
        self.end = "no end"
        self._silence: int | None = None

    def _before(self, place: int) -> Endpointer:
        """The endpointer as it was before the window at this place, outside of an utterance."""
        trace = self._trace
        rule = RULES[trace.onset_rule]
        endpointer = Endpointer(
            trace.silence_ms, language=trace.language, window=trace.window,
            end_probability=end_probability(trace.language), onset=rule,
        )  # fmt: skip
        known = self._windows[max(0, place - MEMORY * max(one.span for one in rule)) : place]
        before = Before(trace.free_from, trace.last_speech, trace.ends, trace.pauses)
        endpointer.continue_from(before, place * trace.window, known)
        return endpointer

    def find_onset(self) -> str:
        """When the utterance begins: its first windows are tried, each with those before it."""
        memory = MEMORY * max(one.span for one in RULES[self._trace.onset_rule])
        # What came before the first windows is not in the trace, unless an utterance had just ended.
        first = 0 if self._trace.free_from == 0 else min(memory, self._trace.onset - 1)
        for place in range(first, self._trace.onset):
            match self._before(place).push(*self._windows[place]):
                case StartOfSpeech(sample):
                    return f"window {place + 1}, {(place + 1) * self._trace.window - sample} samples before it"
        return f"none until window {self._trace.onset}"

    def run(self, ended: UtteranceEnded) -> None:
        """Go through the windows after the onset with what was told between them."""
        trace, endpointer = self._trace, self._endpointer
        texts = partial_texts(trace.partials)
        for number, window in enumerate(self._windows[trace.onset - 1 :], start=trace.onset):
            boundary = endpointer.push(*window)
            if isinstance(boundary, EndOfSpeech):
                self._finish(boundary, number)
                return
            self._look(number)
            for partial, text in zip(trace.partials, texts, strict=True):
                if partial.window == number:
                    endpointer.set_partial(text)
                    self._text = text
                    self._look_at_text(number)
            for judged in trace.judgements:
                if judged.told == number and self._silence is not None:
                    endpointer.set_turn_end(judged.probability, self._silence)
        if ended.reason in ("muted", "session_closed"):  # these come from outside
            stopped = endpointer.stop(ended.reason)
            if stopped is not None:
                self._finish(stopped, len(self._windows))

    def _look(self, number: int) -> None:
        self._look_at_text(number)
        since = self._endpointer.silent_since
        if since is not None and since != self._silence:
            self._silence = since
            self.asked.append(number)

    def _look_at_text(self, number: int) -> None:
        if self._endpointer.may_have_ended and self._text not in ("", self._stable_text):
            self._stable_text = self._text
            self.stable.append(number)

    def _finish(self, boundary: EndOfSpeech, windows: int) -> None:
        start = self._trace.onset * self._trace.window - self._trace.lead
        samples, speech_ended = windows * self._trace.window - start, max(0, boundary.speech_ended - start)
        left = len(self._windows) - windows
        self.end = f"{boundary.reason} after {samples} samples, speech until {speech_ended}"
        if left:
            self.end += f" ({left} windows too soon)"
