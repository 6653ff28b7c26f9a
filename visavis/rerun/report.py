"""What a re-run found: each turn before and after, and all of them in numbers. Pure.

The JSON report is this as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from bus.events import Event, ReplyFailed, ReplyInterrupted, StepFailed, TranscriptFinal
from projections.replay.build import build_timeline
from projections.replay.measures import MEASURES, Measure, measures
from projections.replay.timeline import Timeline
from projections.replay.word_error_rate import AlignedWord, align, normalised_words, word_errors
from visavis.rerun.comparison import Comparison, ErrorComparison, compare, compare_errors
from visavis.rerun.conversation_run import TurnRun
from visavis.rerun.engines import Kept
from visavis.rerun.recording import RecordedTurn, Recording, reply_text, transcript_text
from visavis.rerun.rules import RuleResult


class Utterance(Struct, frozen=True, kw_only=True):
    """What was understood of one utterance."""

    id: str
    before: str | None
    """None: it has no transcript."""
    after: str | None
    reference: str | None
    """What it is measured against; None: there is nothing."""
    against: Literal["truth", "recording"]
    """truth: `visavis truth`; recording: the recorded transcript, so only the difference shows, not who is right."""
    words: int = 0
    errors_before: int = 0
    errors_after: int = 0
    aligned_before: tuple[AlignedWord, ...] = ()
    aligned_after: tuple[AlignedWord, ...] = ()


class Side(Struct, frozen=True, kw_only=True):
    """A turn as it was recorded, or as it was re-run."""

    reply: str
    interrupted: bool
    heard: str
    """Of an interrupted reply."""
    engines: dict[str, str]
    """By service, as the facts name them."""
    latency: dict[Measure, float]
    """Milliseconds."""
    failures: tuple[str, ...] = ()


class Turn(Struct, frozen=True, kw_only=True):
    """One turn before and after."""

    id: str
    said: str
    """What the person said, as it was understood first, or wrote."""
    utterance: Utterance | None
    before: Side
    after: Side
    notes: tuple[str, ...] = ()


class ConversationReport(Struct, frozen=True, kw_only=True):
    """One conversation before and after."""

    conversation: str
    copy: str = ""
    """The conversation on the log that holds the re-run; empty: none was written."""
    turns: tuple[Turn, ...] = ()
    error: str = ""
    """Why it was not re-run to its end."""


class Report(Struct, frozen=True, kw_only=True):
    """A whole re-run."""

    engines: dict[str, str]
    """Of the services that worked anew."""
    kept: tuple[Kept, ...]
    real_time: bool
    seconds: float
    """That the re-run took, without the start of the services."""
    recorded_seconds: float
    """Of the conversations, pauses included."""
    conversations: tuple[ConversationReport, ...]
    errors: ErrorComparison
    """Against the truth where there is any, of those utterances only; else against the recorded transcripts."""
    against: Literal["truth", "recording"]
    latency: dict[Measure, Comparison]
    """Milliseconds."""
    not_compared: dict[Measure, str]
    """Why."""
    failures_before: int
    failures_after: int
    deaths: dict[str, int]
    """How often each process of the re-run died."""
    complete: bool = True
    rules: tuple[RuleResult, ...] = ()


def conversation_report(
    recording: Recording, runs: Sequence[TurnRun], *, kept: Sequence[Kept], real_time: bool, copy: str = "",
    error: str = "",
) -> ConversationReport:  # fmt: skip
    """One conversation before and after, as far as its turns were run."""
    before = build_timeline(recording.conversation, recording.facts)
    facts = list(enumerate((event for run in runs for event in run.facts), start=1))
    after = build_timeline(recording.conversation, facts)
    turns = tuple(_turn(recording, run, before, after, kept, real_time) for run in runs)
    return ConversationReport(conversation=recording.conversation, copy=copy, turns=turns, error=error)


def _turn(
    recording: Recording, run: TurnRun, before: Timeline, after: Timeline, kept: Sequence[Kept], real_time: bool
) -> Turn:
    recorded = run.recorded
    utterance = _utterance(recording, run, recognised="stt" not in kept and not run.sound_missing)
    notes = []
    if run.lost:
        notes.append(f"lost: {run.lost}")
    if run.sound_missing:
        notes.append("its sound is not on the log any more: the recorded transcript stands")
    if recorded.interrupted is not None and not run.interrupted:
        notes.append("not interrupted: the new reply ended before the words at which the recorded one was")
    was_silent, is_silent = (not reply_text(events) for events in (recorded.dialogue, run.facts))
    if was_silent and not is_silent:
        notes.append("the recording has no reply to it: newer words had overtaken it, or nothing was understood")
    heard = _heard_as_recorded(recorded, real_time=real_time)
    left_out = set(_not_compared(kept, heard, spoken=utterance is not None))
    return Turn(
        id=recorded.id,
        said=_said(run),
        utterance=utterance,
        before=_side(before, recorded.id, [event for _, event in recording.facts if event.turn == recorded.id], set()),
        after=_side(after, recorded.id, run.facts, left_out),
        notes=tuple(notes),
    )


def _said(run: TurnRun) -> str:
    understood = transcript_text(run.recorded.transcript)
    if understood is not None:
        return understood
    return next((one.body.text for one in run.recorded.inputs if hasattr(one.body, "text")), "")


def _utterance(recording: Recording, run: TurnRun, *, recognised: bool) -> Utterance | None:
    """
    Args:
        recognised: whether a recogniser heard it anew, so that its words are compared.
    """
    started = run.recorded.utterance
    if started is None:
        return None
    before, after = transcript_text(run.recorded.transcript), transcript_text(run.transcript)
    truth = recording.truth.get(started.utterance)
    reference = before if truth is None else truth
    against: Literal["truth", "recording"] = "recording" if truth is None else "truth"
    found = Utterance(id=started.utterance, before=before, after=after, reference=reference, against=against)
    if reference is None or after is None or not recognised:
        return found
    language = next(
        (one.body.language for one in (run.recorded.transcript, run.transcript)
         if one is not None and isinstance(one.body, TranscriptFinal)), "",
    )  # fmt: skip
    said, was, is_ = (normalised_words(text or "", language) for text in (reference, before, after))
    return Utterance(
        id=started.utterance,
        before=before,
        after=after,
        reference=reference,
        against=against,
        words=len(said),
        errors_before=word_errors(said, was),
        errors_after=word_errors(said, is_),
        aligned_before=tuple(align(said, was)),
        aligned_after=tuple(align(said, is_)),
    )


def _side(timeline: Timeline, turn: str, events: Sequence[Event], left_out: set[Measure]) -> Side:
    found = next((one for one in timeline.turns if one.id == turn), None)
    latency = {} if found is None else {n: us / 1000 for n, us in measures(found).items() if n not in left_out}
    interruption = next((one.body for one in events if isinstance(one.body, ReplyInterrupted)), None)
    engines: dict[str, str] = {}
    names = {"transcript": "stt", "first_sentence": "dialogue", "first_audio": "tts", "first_frame": "render"}
    for step in () if found is None else found.steps:
        if step.engine and step.name in names:
            engines.setdefault(names[step.name], step.engine)
    failures = [f"{one.body.service}: {one.body.detail}" for one in events if isinstance(one.body, StepFailed)]
    if not failures:
        failures = [f"dialogue: {one.body.detail}" for one in events if isinstance(one.body, ReplyFailed)]
    return Side(
        reply=reply_text(events),
        interrupted=interruption is not None,
        heard=interruption.heard if interruption is not None else "",
        engines=engines,
        latency=latency,
        failures=tuple(failures),
    )


def _heard_as_recorded(turn: RecordedTurn, *, real_time: bool) -> bool:
    """Whether the recogniser gets the sound as it did: at the pace of speech, or as a voice note at once."""
    return real_time or turn.utterance is None or turn.utterance.session is None


def _not_compared(kept: Sequence[Kept], heard_as_recorded: bool, *, spoken: bool) -> dict[Measure, str]:
    """The measures that say nothing about the engines of this re-run, each with the reason."""
    found: dict[Measure, str] = {"endpoint": "it is the recorded one: the re-run is fed whole utterances"}
    if "stt" in kept and spoken:
        found["transcript"] = "the transcripts are kept"
    elif spoken and not heard_as_recorded:
        found["transcript"] = "recorded while the person spoke, re-run from a whole utterance at once; use --real-time"
    if "dialogue" in kept:
        found["first_sentence"] = "the replies are kept"
    if "tts" in kept:
        found |= {"first_audio": "no speech is made", "playback_wait": "no speech is made"}
    parts: tuple[Measure, ...] = ("transcript", "first_sentence", "first_audio", "playback_wait")
    if missing := [name for name in parts if name in found]:
        found["answer"] = f"it has {' and '.join(missing)} in it, which cannot be compared"
    return found


def report(
    conversations: Sequence[ConversationReport], *, engines: dict[str, str], kept: Sequence[Kept], real_time: bool,
    seconds: float, recorded_seconds: float, deaths: dict[str, int], complete: bool = True,
) -> Report:  # fmt: skip
    """All conversations in numbers."""
    turns = [turn for one in conversations for turn in one.turns]
    utterances = [turn.utterance for turn in turns if turn.utterance is not None and turn.utterance.aligned_after]
    true = [one for one in utterances if one.against == "truth"]
    measured = true or utterances
    latency: dict[Measure, Comparison] = {}
    for name in MEASURES:
        pairs = [(t.before.latency[name], t.after.latency[name]) for t in turns
                 if name in t.before.latency and name in t.after.latency]  # fmt: skip
        found = compare([before for before, _ in pairs], [after for _, after in pairs])
        if found is not None:
            latency[name] = found
    spoken = [turn for turn in turns if turn.utterance is not None]
    heard = real_time or any("transcript" in turn.after.latency for turn in spoken)
    lost = sum(any(note.startswith("lost: ") for note in turn.notes) for turn in turns)
    return Report(
        engines=engines,
        kept=tuple(kept),
        real_time=real_time,
        seconds=seconds,
        recorded_seconds=recorded_seconds,
        conversations=tuple(conversations),
        errors=compare_errors(
            [one.words for one in measured],
            [one.errors_before for one in measured],
            [one.errors_after for one in measured],
        ),
        against="truth" if true else "recording",
        latency=latency,
        not_compared={
            name: why
            for name, why in _not_compared(kept, heard, spoken=bool(spoken)).items()
            if name not in latency
        },
        failures_before=sum(len(turn.before.failures) for turn in turns),
        failures_after=sum(len(turn.after.failures) for turn in turns)
        + lost
        + sum(bool(one.error) for one in conversations),
        deaths=deaths,
        complete=complete,
    )
