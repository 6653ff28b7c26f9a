"""A conversation in time as lines of text for people. Pure: the same data that the page gets."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from projections.moment import local_time
from projections.printable import json_lines, printable
from projections.read_model_queries import ConversationSummary
from projections.replay.recording import GivenUp
from projections.replay.view import ReplayClip, ReplayEvent, ReplayEventDetail, ReplayMark, ReplayTurn, ReplayView
from visavis.replay.waterfall import latency, waterfall
from visavis.terminal import painted

_NAME = 10
"""Columns of who speaks."""
_COPIES = {"imported": "an import", "rerun": "a re-run"}
_MARKS = {
    "interrupted": "interrupted by",
    "taken_over": "another worker took over",
    "failed": "failed:",
    "discarded": "discarded:",
    "dead_letter": "given up:",
}


@dataclass(frozen=True)
class Style:
    """How lines are made."""

    width: int = 100
    """Columns."""
    color: bool = False
    zone: tzinfo | None = None
    """Of the times; None: the machine's own."""

    def paint(self, text: str, code: str) -> str:
        return painted(text, code, color=self.color)

    def wrapped(self, text: str, indent: int) -> str:
        """Words of people in columns, safe to print; the lines after the first are indented."""
        plain = printable(" ".join(text.split()))
        return textwrap.fill(plain, max(20, self.width - indent), subsequent_indent=" " * indent)


def moment(ms: float) -> str:
    """A time from the start of the conversation, such as 1:02.345."""
    whole = round(ms)
    sign, whole = ("-", -whole) if whole < 0 else ("", whole)
    minutes, rest = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{sign}{clock}:{rest // 1000:02}.{rest % 1000:03}"


def head(view: ReplayView, style: Style) -> Iterator[str]:
    """What the conversation is, and what of it is still there."""
    title = printable(view.title) or "(untitled)"
    yield f"{style.paint(title, '1')} — {view.conversation}"
    turns = f"{len(view.turns)} turn{'' if len(view.turns) == 1 else 's'}"
    yield f"{local_time(view.start, style.zone)}, {moment(view.length)}, {turns}, up to event {view.seq}"
    if view.copied:
        yield f"{_COPIES[view.copied]} of {printable(view.copy_of)}"
    yield f"on the log: {view.sounds} of the sound, {view.pictures} of the pictures"


def summary_line(one: ConversationSummary, zone: tzinfo | None = None) -> str:
    """A conversation in a list."""
    character = printable(one.character)[:_NAME]
    title = f"{printable(one.title)}{f' ({_COPIES[one.copied]})' if one.copied else ''}"
    return f"{one.id}  {local_time(one.updated_at, zone)}  {character:{_NAME}}  {title}".rstrip()


def turn_lines(view: ReplayView, number: int, style: Style) -> Iterator[str]:
    """One turn: what was said when, its waterfall, and what went wrong.

    Args:
        number: from 1 on.
    """
    turn = view.turns[number - 1]
    said = "spoken" if turn.spoken else "written"
    yield style.paint(f"{number:>3}  {moment(turn.start)}  {said}, {printable(turn.channel)}  {turn.id}", "1")
    for at, name, text in captions(view, turn):
        yield caption_line(at, name, text, style)
    yield from waterfall(turn, width=style.width, color=style.color)
    if found := latency(turn):
        yield f"    {found}"
    for mark in turn.marks:
        yield mark_line(mark, style)


def captions(view: ReplayView, turn: ReplayTurn) -> list[tuple[float, str, str]]:
    """When each said what in a turn: time, name, text. Of what was not spoken aloud, the text alone."""
    clips = [clip for clip in view.clips if clip.turn == turn.id]
    found = [(clip.start, _name(view, clip), clip.text) for clip in clips if clip.text]
    if turn.person is not None and turn.person.text and all(clip.kind != "person" for clip in clips):
        found.append((turn.start, "you", turn.person.text))
    if turn.reply is not None and turn.reply.text and all(clip.kind != "character" for clip in clips):
        found.append((turn.end, _character(view, turn.reply.character), turn.reply.text))
    return sorted(found, key=lambda one: one[0])


def _name(view: ReplayView, clip: ReplayClip) -> str:
    return "you" if clip.kind == "person" else _character(view, clip.character or "")


def _character(view: ReplayView, character: str) -> str:
    known = view.characters.get(character)
    return known.name if known is not None else character


def caption_line(at: float, name: str, text: str, style: Style) -> str:
    """What was said, and when."""
    shown = printable(name)[:_NAME]
    who = style.paint(f"{shown:{_NAME}}", "32" if name == "you" else "35")
    return f"    {moment(at):>10}  {who}  {style.wrapped(text, 20 + _NAME)}"


def mark_line(mark: ReplayMark, style: Style) -> str:
    """What went wrong, and when."""
    detail = " ".join(filter(None, (mark.service, mark.detail)))
    sign = style.paint("✗", "31")
    return f"    {moment(mark.at):>10}  {sign} {_MARKS[mark.kind]} {style.wrapped(detail, 20)}".rstrip()


def given_up_line(one: GivenUp, style: Style) -> str:
    """A dead letter that is about this conversation."""
    sign = style.paint("✗", "31")
    text = f"{one.service} gave up event {one.sequence} after {one.deliveries} tries: {one.code}: {one.detail}"
    return f"{sign} dead letter {one.number}: {style.wrapped(text, 20)}"


def event_line(row: ReplayEvent, style: Style) -> str:
    """One event of the list."""
    delay = "" if row.delay is None else f"+{row.delay:,.0f} ms"
    start = f"{row.seq:>7}  {moment(row.at):>10}  {delay:>9}  {row.tag:28}  {row.id[:8]}  "
    room = max(20, style.width - len(start))
    summary = row.summary if len(row.summary) <= room else row.summary[: room - 1] + "…"
    return f"{start}{summary}".rstrip()


def detail_lines(detail: ReplayEventDetail, style: Style) -> Iterator[str]:
    """Everything about one event."""
    event = detail.event
    lag = detail.stored - (detail.causes[0].stored if detail.causes else detail.stored)
    yield style.paint(f"event {event.id}", "1")
    yield f"sequence {detail.seq} on {detail.subject}, stored {moment(detail.stored)}"
    if detail.causes:
        yield f"{lag:,.0f} ms after its cause was stored"
    if detail.copy:
        yield "a copy: no service works on it"
    for service, count in sorted(detail.deliveries.items()):
        yield f"{service} was given it {count} times"
    yield from json_lines(event).split("\n")
    yield from _section("what led to it", detail.causes, style)
    yield from _section("what it caused", detail.consequences, style)


def _section(title: str, rows: Sequence[ReplayEvent], style: Style) -> Iterator[str]:
    yield style.paint(title, "1") + ("" if rows else ": nothing")
    for row in rows:
        yield event_line(row, style)
