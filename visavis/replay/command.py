"""`visavis replay`: shows a past conversation with its turns, what took how long in them, and its events."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import webbrowser
from collections.abc import Iterator
from heapq import merge

from bus.errors import InvalidInput
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from projections.__main__ import gateway_file
from projections.conversation import Conversation, fold_all
from projections.finding import find_conversation, unabbreviated
from projections.printable import json_text
from projections.read_model import ReadModel
from projections.recording_reader import media_of, read_recording
from projections.replay.recording import Recording
from projections.replay.view import ReplayEvent, ReplayView, replay_view
from services.characters import current_characters
from visavis.page_address import operator_address
from visavis.replay import texts
from visavis.replay.finding import find_turn
from visavis.replay.pace import print_at_pace
from visavis.replay.texts import Style
from visavis.replay.waterfall import latency

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for the server."""
_NEWEST = 20
"""Conversations in the list."""


def run(arguments: argparse.Namespace, settings: Settings, *, color: bool) -> int:
    """Show a conversation as the arguments say (`visavis.commands.replay`); returns the exit status.

    Raises:
        NotFound: there is no such conversation, turn or event.
        BusError: there is no server.
    """
    if arguments.json and arguments.speed:
        raise InvalidInput("--json is one document, and --speed prints bit by bit; leave one out")
    if arguments.conversation is None:
        return show_newest(settings, as_json=arguments.json)
    columns = shutil.get_terminal_size((100, 24)).columns
    return asyncio.run(replay(settings, arguments, Style(width=columns, color=color)))


def show_newest(settings: Settings, *, as_json: bool) -> int:
    """List the newest conversations; returns the exit status.

    Raises:
        NotFound: the gateway has no read model in the data folder.
    """
    model = ReadModel(gateway_file(settings), read_only=True)
    try:
        newest = model.all_conversations()[:_NEWEST]
    finally:
        model.close()
    if as_json:
        _print(json_text(newest))
    else:
        for one in newest:
            _print(texts.summary_line(one))
    return 0


async def replay(settings: Settings, arguments: argparse.Namespace, style: Style) -> int:
    """See `run`."""
    async with connect(settings, name="replay", wait=CONNECT_TIMEOUT, update_streams=False) as event_log:
        conversation = await find_conversation(event_log, arguments.conversation)
        recording = await read_recording(event_log, conversation)
        view = await read_view(event_log, recording)
    number = None if arguments.turn is None else find_turn(view, arguments.turn)
    if arguments.event:
        _show_event(recording, arguments.event, style, as_json=arguments.json)
    elif arguments.events:
        rows = _rows(recording, view, number)
        if arguments.speed:
            lines = ((row.at, texts.event_line(row, style)) for row in sorted(rows, key=lambda row: row.at))
            await print_at_pace(lines, arguments.speed, _print)
        else:
            _print(json_text(rows) if arguments.json else "\n".join(texts.event_line(row, style) for row in rows))
    elif arguments.json:
        _print(json_text(view if number is None else view.turns[number - 1]))
    elif arguments.speed:
        await print_at_pace(_told(view, number, style), arguments.speed, _print)
    else:
        for line in _written(recording, view, number, style):
            _print(line)
    _lead_to_page(settings, view, number, opens=arguments.open)
    return 0


async def read_view(event_log: EventLog, recording: Recording) -> ReplayView:
    """A recording as the page gets it."""
    return replay_view(
        fold_all(Conversation(id=recording.conversation), recording.events()),
        recording.timeline(),
        words=recording.words,
        characters=await current_characters(event_log),
        media=await media_of(event_log, recording.conversation),
    )


def _rows(recording: Recording, view: ReplayView, number: int | None) -> list[ReplayEvent]:
    count = len(recording.timeline().events)
    return recording.rows(range(count) if number is None else recording.of_turn(view.turns[number - 1].id, count))


def _show_event(recording: Recording, wanted: str, style: Style, *, as_json: bool) -> None:
    event = unabbreviated("event", wanted, [one.id for one in recording.timeline().events])
    detail = recording.detail(event)
    _print(json_text(detail) if as_json else "\n".join(texts.detail_lines(detail, style)))


def _written(recording: Recording, view: ReplayView, number: int | None, style: Style) -> Iterator[str]:
    """The whole conversation, or one turn of it."""
    yield from texts.head(view, style)
    for place in range(1, len(view.turns) + 1) if number is None else [number]:
        yield ""
        yield from texts.turn_lines(view, place, style)
    if number is None and recording.given_up:
        yield ""
        for one in recording.given_up:
            yield texts.given_up_line(one, style)
    if recording.undecodable:
        yield f"{recording.undecodable} events are of kinds that this version does not know"


def _told(view: ReplayView, number: int | None, style: Style) -> Iterator[tuple[float, str]]:
    """What was said and what went wrong, each with its time, in order."""
    turns = view.turns if number is None else [view.turns[number - 1]]
    said = sorted(
        (at, texts.caption_line(at, name, text, style))
        for turn in turns
        for at, name, text in texts.captions(view, turn)
    )
    marked = sorted((mark.at, texts.mark_line(mark, style)) for turn in turns for mark in turn.marks)
    took = sorted((turn.end, f"    {found}") for turn in turns if (found := latency(turn)))
    return merge(said, marked, took)


def _lead_to_page(settings: Settings, view: ReplayView, number: int | None, *, opens: bool) -> None:
    moment = "" if number is None else f"&t={view.turns[number - 1].start:.0f}"
    address = operator_address(settings, f"replay={view.conversation}{moment}")
    print(f"in the page: {address}", file=sys.stderr)
    if opens and not webbrowser.open(address):
        print("no browser could be opened", file=sys.stderr)


def _print(text: str) -> None:
    print(text, flush=True)
