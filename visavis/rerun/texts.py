"""The report of a re-run as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from projections.printable import printable
from projections.replay.word_error_rate import AlignedWord
from visavis.rerun.comparison import Comparison, Verdict
from visavis.rerun.report import Report, Turn, Utterance
from visavis.terminal import painted

_RED, _GREY = "31", "90"
MOST_TURNS = 40
"""Turns up to which all are shown; of more, only those that differ from the recording."""


def report_text(report: Report, *, color: bool) -> str:
    """The whole report; of many turns, only those in which something is another than before."""
    lines: list[str] = []
    shows_all = sum(len(one.turns) for one in report.conversations) <= MOST_TURNS
    for conversation in report.conversations:
        lines.append(f"{conversation.conversation}{f' → {conversation.copy}' if conversation.copy else ''}")
        shown = [(number, turn) for number, turn in enumerate(conversation.turns, 1) if shows_all or differs(turn)]
        for number, turn in shown:
            lines += [f"  {line}" for line in _turn(number, turn, color)]
        if left := len(conversation.turns) - len(shown):
            lines.append(f"  {counted(left, 'other turn')} as recorded")
        if conversation.error:
            lines.append(f"  not to its end: {printable(conversation.error)}")
        lines.append("")
    return "\n".join([*lines, *map(printable, summary(report))])


def differs(turn: Turn) -> bool:
    """Whether a turn went another way than in the recording."""
    heard = turn.utterance
    return bool(
        turn.notes
        or turn.after.failures
        or turn.before.reply != turn.after.reply
        or (heard is not None and heard.aligned_before != heard.aligned_after)
    )


def summary(report: Report) -> Iterator[str]:
    """All conversations in numbers, and the rules."""
    engines = ", ".join(f"{service} {engine}" for service, engine in report.engines.items()) or "none"
    yield f"engines: {engines}; kept: {', '.join(report.kept) or 'nothing'}"
    yield amount_sentence(report)
    yield error_rate_sentence(report)
    for name, one in report.latency.items():
        yield f"{name:14} {latency_sentence(one)}"
    for name, why in report.not_compared.items():
        yield f"{name:14} not compared: {why}"
    yield f"failures       {report.failures_before} before, {report.failures_after} now"
    for service, count in report.deaths.items():
        yield f"{service} died {counted(count, 'time')} during the re-run"
    if not report.complete:
        yield "it was ended early: not everything was re-run"
    for rule in report.rules:
        yield f"{'kept  ' if rule.kept else 'BROKEN'} {rule.rule}: {rule.why}"


def amount_sentence(report: Report) -> str:
    """How much was re-run, and how fast."""
    turns = sum(len(one.turns) for one in report.conversations)
    pace = "at real pace" if report.real_time else "as fast as it goes"
    return (
        f"{counted(turns, 'turn')} of {counted(len(report.conversations), 'conversation')} in {report.seconds:.1f} s "
        f"{pace}; recorded in {report.recorded_seconds:.1f} s"
    )


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def error_rate_sentence(report: Report) -> str:
    """Word error rates, what they are measured against, and the verdict."""
    errors = report.errors
    if errors.before is None or errors.after is None:
        return "word errors    nothing to measure: no utterance was recognised anew"
    if report.against == "recording":
        return (
            f"word errors    {percent(errors.after)} of {counted(errors.words, 'word')} differ from the recorded "
            f"transcripts of {counted(errors.utterances, 'utterance')}; who is right, only `visavis truth` can tell"
        )
    return (
        f"word errors    {percent(errors.before)} before, {percent(errors.after)} now, of "
        f"{counted(errors.words, 'word')} in {counted(errors.utterances, 'utterance')} with a truth: "
        f"{verdict_words(errors.verdict, errors.confidence)}"
    )


def latency_sentence(one: Comparison) -> str:
    """One latency before and after, with the verdict."""
    low, high = one.interval
    return (
        f"p50 {_ms(one.before_p50)} → {_ms(one.after_p50)}, p95 {_ms(one.before_p95)} → {_ms(one.after_p95)} over "
        f"{counted(one.pairs, 'turn')}: {one.difference:+.0f} ms ({low:+.0f} to {high:+.0f}), "
        f"{verdict_words(one.verdict, one.confidence)}"
    )


def verdict_words(verdict: Verdict, confidence: float) -> str:
    """The verdict with its confidence."""
    if verdict == "cannot be told":
        return "too few to tell whether that is chance"
    return f"{verdict} (confidence {min(confidence, 0.9999):.2%})"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _ms(value: float) -> str:
    return f"{value:.0f} ms"


def _turn(number: int, turn: Turn, color: bool) -> Iterator[str]:
    if turn.utterance is None:
        yield f"{number}. wrote:  {printable(turn.said)}"
    else:
        yield from _utterance(number, turn.utterance, color)
    yield from _reply(turn, color)
    for note in turn.notes:
        yield painted(printable(f"   {note}"), _GREY, color=color)
    for failure in turn.after.failures:
        yield painted(printable(f"   failed: {failure}"), _RED, color=color)


def _utterance(number: int, utterance: Utterance, color: bool) -> Iterator[str]:
    if not utterance.aligned_after and not utterance.aligned_before:
        yield f"{number}. said:   {_words(utterance.after or utterance.before)}"
        return
    if utterance.against == "recording" and not utterance.errors_after:
        yield f"{number}. said:   {_words(utterance.after)}  [as recorded]"
        return
    measured = f"{utterance.errors_before} → {utterance.errors_after} of {utterance.words} words wrong"
    if utterance.against == "truth":
        yield f"{number}. truth:  {_words(utterance.reference, '(nothing was said)')}  [{measured}]"
        yield f"   before: {_aligned(utterance.aligned_before, color)}"
    else:
        yield f"{number}. before: {_words(utterance.before)}  [{counted(utterance.errors_after, 'difference')}]"
    yield f"   now:    {_aligned(utterance.aligned_after, color)}"


def _words(text: str | None, nothing: str = "(no words)") -> str:
    return printable(text or "") or nothing


def _reply(turn: Turn, color: bool) -> Iterator[str]:
    before, after = (f"{printable(side.reply)}{' ✂' if side.interrupted else ''}" for side in (turn.before, turn.after))
    if before == after:
        yield painted(f"   reply:  {after or '(none)'}", _GREY, color=color)
        return
    yield f"   reply before: {before or '(none)'}"
    yield f"   reply now:    {after or '(none)'}"


def _aligned(words: Sequence[AlignedWord], color: bool) -> str:
    """The recognised words; wrong ones are marked with what was said."""
    shown = []
    for word in words:
        match word.change:
            case "same":
                shown.append(printable(word.recognised))
            case "substituted":
                shown.append(painted(printable(f"[{word.expected}→{word.recognised}]"), _RED, color=color))
            case "deleted":
                shown.append(painted(printable(f"[-{word.expected}]"), _RED, color=color))
            case "inserted":
                shown.append(painted(printable(f"[+{word.recognised}]"), _RED, color=color))
    return " ".join(shown) or "(no words)"
