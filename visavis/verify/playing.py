"""Makes the decisions of a session's play-out and barge-in detector again, from the traces of its playback facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bus.events import (
    OPUS_FRAME,
    AudioOut,
    Event,
    FrameBatch,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    PlayoutInput,
    PlayoutTrace,
    SpeechStarted,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
)
from services.gateway.playing.floor import VERDICTS, Floor
from services.gateway.playing.idle_loops import IdleLoop
from services.gateway.playing.playout import PlayoutEvent, PlayoutFinished, PlayoutProgress, PlayoutStarted
from visavis.verify.decisions import Decision, Fact, compared, not_recorded
from visavis.verify.listening import partial_texts

_JUDGED = ("partial", "final", "heard_twice")
Playback = PlaybackStarted | PlaybackProgress | PlaybackFinished
_NOTHING = "nothing"
MAX_TICKS = 50 * 3600 * 24
"""Of a session that is played again: a day."""
_LOOP = IdleLoop("", "", (b"",), (0,))
"""Which picture of a loop is shown decides nothing else."""


@dataclass(frozen=True)
class Verdict:
    """A verdict that interrupts, as found in the traces of a session."""

    session: str
    utterance: str
    replies: tuple[str, ...]
    """What was interrupted before anything else was judged."""


def playing_decisions(facts: Sequence[Fact]) -> Iterator[Decision]:
    """The decisions of each session, in order."""
    sessions: dict[str, list[tuple[int, Event, Playback]]] = {}
    for seq, event in facts:
        if isinstance(event.body, PlaybackStarted | PlaybackProgress | PlaybackFinished):
            sessions.setdefault(event.body.session, []).append((seq, event, event.body))
    known = _Known(facts)
    for played in sessions.values():
        yield from _session(known, played)


def interrupting_verdicts(facts: Sequence[Fact]) -> list[Verdict]:
    """All verdicts in the traces by which words interrupted, with the replies that were stopped then."""
    found: list[Verdict] = []
    for session, inputs, names in _by_session(facts):
        for place, one in enumerate(inputs):
            if one.kind in ("partial", "final") and VERDICTS[one.count] == "interrupt":
                replies: list[str] = []
                for after in inputs[place + 1 :]:
                    if after.kind in ("partial", "final"):
                        break
                    if after.kind == "interrupt":
                        replies.append(names[after.name])
                found.append(Verdict(session, names[one.name], tuple(replies)))
    return found


def _by_session(facts: Sequence[Fact]) -> Iterator[tuple[str, list[PlayoutInput], list[str]]]:
    traces: dict[str, list[PlayoutTrace]] = {}
    for _, event in facts:
        body = event.body
        if isinstance(body, PlaybackStarted | PlaybackProgress | PlaybackFinished) and body.trace is not None:
            traces.setdefault(body.session, []).append(body.trace)
    for session, found in traces.items():
        unbroken = _unbroken(found)
        yield session, [one for trace in unbroken for one in trace.inputs], [n for t in unbroken for n in t.names]


def _unbroken(traces: Sequence[PlayoutTrace]) -> list[PlayoutTrace]:
    """The traces up to the first that is missing or damaged: they may come from a file."""
    found: list[PlayoutTrace] = []
    names = tick = 0
    for place, one in enumerate(sorted(traces, key=lambda one: one.number)):
        names += len(one.names)
        ticks = [tick, *(told.tick for told in one.inputs), one.tick]
        numbers = [told.name for told in one.inputs]
        if one.number != place or ticks != sorted(ticks) or one.tick > MAX_TICKS or not _are_valid(one, numbers, names):
            break
        tick = one.tick
        found.append(one)
    return found


def _are_valid(trace: PlayoutTrace, numbers: list[int], names: int) -> bool:
    """Whether the inputs of a trace name what is known, and bring no more than a session would take."""
    verdicts = (told.count for told in trace.inputs if told.kind in _JUDGED)
    amounts = (amount for told in trace.inputs for amount in (told.count, told.position))
    return (
        all(-1 <= number < names for number in numbers)
        and all(0 <= verdict < len(VERDICTS) for verdict in verdicts)
        and all(0 <= amount <= MAX_TICKS for amount in amounts)
        and sum(told.count for told in trace.inputs) <= MAX_TICKS
    )


class _Known:
    """The facts to which the inputs in the traces refer."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.speeches: dict[str, SpeechStarted] = {}
        self.finals: dict[str, str] = {}
        self.sessions: dict[str, str] = {}
        """Those whose microphones heard each utterance."""
        self.partials: dict[str, list[str]] = {}
        self.traced: set[str] = set()
        for _, event in facts:
            match event.body:
                case SpeechStarted(speech=speech) as started:
                    self.speeches[speech] = started
                case UtteranceStarted(utterance=utterance, session=str() as session):
                    self.sessions[utterance] = session
                case TranscriptFinal(utterance=utterance, text=text):
                    self.finals[utterance] = text
                case UtteranceEnded(utterance=utterance, trace=trace) if trace is not None:
                    self.partials[utterance] = partial_texts(trace.partials)
                case _:
                    pass


def _session(known: _Known, played: list[tuple[int, Event, Playback]]) -> Iterator[Decision]:
    traced = [(trace, seq, event, body) for seq, event, body in played if (trace := body.trace) is not None]
    usable = {one.number for one in _unbroken([trace for trace, *_ in traced])}
    replay = _SessionReplay(known)
    for trace, seq, event, body in sorted(traced, key=lambda one: one[0].number):
        if trace.number not in usable:
            continue
        yield from replay.decisions(trace, seq, event, body)
    for seq, event, body in played:
        if body.trace is None or body.trace.number not in usable:
            reason = (
                "the fact has no trace: an older version played it, its gateway crashed, or less of it arrived"
                if body.trace is None
                else "a trace of the session before it is missing or damaged, or it lasted more than a day"
            )
            yield not_recorded("playback", seq, event, reason, recorded=_told(body))


class _SessionReplay:
    """A floor that is told again what is in the traces of one session."""

    def __init__(self, known: _Known) -> None:
        self._known = known
        self._floor = Floor()
        self._ticks = 0
        self._names: list[str] = []
        self._partials: dict[str, int] = {}
        self._pending: list[str] = []
        """What was played now, each with its tick, and is not compared yet."""

    def decisions(self, trace: PlayoutTrace, seq: int, event: Event, body: Playback) -> Iterator[Decision]:
        """Advance to a playback fact."""
        self._names += trace.names
        for one in trace.inputs:
            self._run_until(one.tick)
            told = self._tell(one)
            if told is not None:
                kind, recorded, replayed = told
                if replayed is None:
                    yield not_recorded("voice", seq, event, kind, recorded=recorded)
                else:
                    yield compared("voice", seq, event, f"{kind}: {recorded}", f"{kind}: {replayed}")
        self._run_until(trace.tick)
        recorded = f"tick {trace.tick}: {_told(body)}"
        # Two facts of one tick are compared one after the other; a fact too many shows at the next.
        replayed = self._pending.pop(0) if self._pending else _NOTHING
        yield compared("playback", seq, event, recorded, replayed)

    def _run_until(self, tick: int) -> None:
        while self._ticks < tick:
            self._ticks += 1
            for one in self._floor.tick().events:
                self._add(one)

    def _add(self, event: PlayoutEvent | None) -> None:
        if event is not None:
            self._pending.append(f"tick {self._ticks}: {_decided(event)}")

    def _tell(self, one: PlayoutInput) -> tuple[str, str, str | None] | None:
        """Tell the floor an input; returns what it decides, if anything: of what, then as recorded, and now."""
        floor, name = self._floor, self._names[one.name] if one.name >= 0 else ""
        match one.kind:
            case "speech":
                started = self._known.speeches.get(name)
                if started is None:
                    return f"speech.started of {name} is missing", _pause(one.count), None
                return f"speech {name}", _pause(one.count), _pause(floor.add_speech(started))
            case "utterance":
                paused = floor.start_utterance(name, None, self._known.sessions.get(name, ""))
                return f"sound {name}", _pause(one.count), _pause(paused)
            case "partial":
                return self._judge_partial(name, VERDICTS[one.count])
            case "final":
                text = self._known.finals.get(name, "")
                return f"final words of {name}", VERDICTS[one.count], floor.judge_final(name, text)
            case "heard_twice":
                return f"sound {name}, heard twice", VERDICTS[one.count], floor.drop_utterance(name)
            case "audio" | "last_audio":
                self._add_audio(one, name)
            case "frames":
                units = (b"",) * one.count
                floor.add_frames(
                    FrameBatch(conversation="", speech=name, index=0, frame=one.position, fps=25, phase=0, units=units)
                )
            case "no_audio":
                floor.fail_audio(name)
            case "no_frames":
                floor.fail_frames(name)
            case "idle_loop":
                floor.set_idle_loop(_LOOP)
            case "resume":
                floor.resume()
            case "hold":
                floor.hold(bool(one.count))
            case "interrupt":
                self._add(floor.interrupt(name))
            case "stop":
                self._add(floor.stop())
        return None

    def _judge_partial(self, utterance: str, recorded: str) -> tuple[str, str, str | None]:
        number = self._partials[utterance] = self._partials.get(utterance, -1) + 1
        texts = self._known.partials.get(utterance, [])
        if number >= len(texts):
            return f"the partial transcripts of {utterance} are missing", recorded, None
        return f"partial words of {utterance}", recorded, self._floor.judge_partial(utterance, texts[number])

    def _add_audio(self, one: PlayoutInput, speech: str) -> None:
        packets = (b"",) * one.count
        chunk = AudioOut(
            conversation="", speech=speech, index=one.position, sample=one.position * OPUS_FRAME, packets=packets,
            final=one.kind == "last_audio",
        )  # fmt: skip
        self._floor.add_audio(chunk)


def _pause(paused: int | bool) -> str:
    return "the voice pauses" if paused else "nothing pauses"


def _told(body: Playback) -> str:
    match body:
        case PlaybackStarted(video=video):
            return _line("starts", body.speech, "with a picture" if video else "without a picture")
        case PlaybackProgress(samples=samples):
            return _line("goes on", body.speech, f"{samples} samples")
        case PlaybackFinished(samples=samples, frames=frames, complete=complete):
            return _finished(body.speech, samples, frames, complete)


def _decided(event: PlayoutEvent) -> str:
    match event:
        case PlayoutStarted(speech, video):
            return _line("starts", speech.speech, "with a picture" if video else "without a picture")
        case PlayoutProgress(speech, samples):
            return _line("goes on", speech.speech, f"{samples} samples")
        case PlayoutFinished(speech, samples, frames, complete):
            return _finished(speech.speech, samples, frames, complete)


def _finished(speech: str, samples: int, frames: int, complete: bool) -> str:
    return _line("finishes" if complete else "breaks off", speech, f"{samples} samples, {frames} pictures")


def _line(act: str, speech: str, detail: str) -> str:
    return f"{speech} {act}, {detail}"
