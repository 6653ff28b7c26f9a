"""Commands on the read model: `python -m projections rebuild | show | list`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

import msgspec

from bus import subjects
from bus.codec import decode_event
from bus.errors import InvalidInput, NotFound, UndecodableEvent, VisavisError
from bus.log import streams
from bus.log.event_log import EventLog, Record, connect
from bus.settings import Settings, read_settings
from projections.conversation import Conversation, Turn, fold
from projections.read_model import ReadModel
from projections.view import view

BATCH = 2000
"""Events folded in one transaction."""
_PROGRESS_EVERY = 20_000
"""Events between two lines of progress."""


def gateway_file(settings: Settings) -> Path:
    """The read model that the gateway writes."""
    return settings.data_folder / "gateway.sqlite"


async def rebuild(event_log: EventLog, target: ReadModel, *, until: int | None = None) -> float:
    """Fold the log into an empty read model; returns the events per second.

    Args:
        until: the last sequence to fold; None: the newest one at the start.
    """
    end = await event_log.last_sequence(streams.CONVERSATIONS)
    end = end if until is None else min(until, end)
    began, count = time.perf_counter(), 0
    batch: list[Record] = []
    async for record in _records(event_log, subjects.ALL_FACTS, end):
        batch.append(record)
        count += 1
        if len(batch) >= BATCH:
            target.apply_records(batch)
            batch.clear()
        if count % _PROGRESS_EVERY == 0:
            print(f"{count} events, at {record.sequence} of {end}", file=sys.stderr)
    target.apply_records(batch)
    return count / max(time.perf_counter() - began, 1e-9)


async def _records(event_log: EventLog, subject: str, end: int) -> AsyncIterator[Record]:
    if not end:
        return
    async with aclosing(event_log.read(streams.CONVERSATIONS, subject)) as records:
        async for record in records:
            if record.sequence > end:
                return
            yield record


async def _rebuild(settings: Settings, *, check: bool, until: int | None) -> int:
    live: ReadModel | None = None
    if check:
        live = ReadModel(gateway_file(settings), read_only=True)
        until = live.position
    with tempfile.TemporaryDirectory(prefix="visavis-rebuild-") as folder:
        fresh = ReadModel(Path(folder) / "model.sqlite")
        async with connect(settings, name="projections", wait=5.0, update_streams=False) as event_log:
            rate = await rebuild(event_log, fresh, until=until)
        print(f"{fresh.position} is the last sequence folded, {rate:.0f} events/s", file=sys.stderr)
        if live is None:
            target = gateway_file(settings).with_name("rebuilt.sqlite")
            _move(fresh, target)
            print(target)
            return 0
        try:
            return _compare(live, fresh)
        finally:
            live.close()
            fresh.close()


def _move(fresh: ReadModel, target: Path) -> None:
    """Close a rebuilt read model and move its file, in the place of an older one."""
    fresh.close()
    target.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    target.write_bytes(fresh.path.read_bytes())


def _compare(live: ReadModel, fresh: ReadModel) -> int:
    if live.position > fresh.position:
        print(f"differs: {live.path} is at {live.position}, the log ends at {fresh.position}: it is another log")
        return 1
    stored, folded = dict(live.digests()), dict(fresh.digests())
    for name in sorted(stored.keys() | folded.keys()):
        if stored.get(name) != folded.get(name):
            difference = describe_difference(live.conversation(name), fresh.conversation(name))
            print(f"differs: conversation {name}: {difference}")
            return 1
    print(f"equal: {len(folded)} conversations at {live.position}, digest {fresh.digest()[:16]}")
    return 0


def describe_difference(live: Conversation | None, fresh: Conversation | None) -> str:
    """The first difference between a stored conversation and the one folded from the log, in words."""
    if live is None or fresh is None:
        return "is not in the read model" if live is None else "is not in the log"
    for number, (stored, folded) in enumerate(zip_longest(live.turns, fresh.turns), 1):
        if stored != folded:
            return f"turn {number}: stored {_json(stored)}, from the log {_json(folded)}"
    for field in msgspec.structs.fields(Conversation):
        stored_value, folded_value = getattr(live, field.name), getattr(fresh, field.name)
        if stored_value != folded_value:
            return f"{field.name}: stored {stored_value!r}, from the log {folded_value!r}"
    return "its search index"


def _json(turn: Turn | None) -> str:
    return "nothing" if turn is None else msgspec.json.encode(turn).decode()


async def fold_from_log(
    event_log: EventLog, name: str, *, until: int | None = None, at: int | None = None
) -> Conversation:
    """A conversation folded from the log, as it is or as it was.

    Args:
        until: the last sequence to fold.
        at: the time of the last event to fold, microseconds since 1970.
    Raises:
        NotFound: there is no event of the conversation, or none so early.
    """
    state = Conversation(id=name)
    end = await event_log.last_sequence(streams.CONVERSATIONS)
    async for record in _records(event_log, subjects.facts_of(name), end if until is None else min(until, end)):
        try:
            event = decode_event(record.data)
        except UndecodableEvent:
            continue
        if at is not None and event.at > at:
            continue
        state = fold(state, record.sequence, event)
    if not state.seq:
        raise NotFound(f"there is no event of conversation {name!r}{' so early' if until or at else ''}")
    return state


async def _show(settings: Settings, name: str, until: str | None, *, as_json: bool) -> int:
    seq, at = parse_sequence_or_time(until) if until else (None, None)
    async with connect(settings, name="projections", wait=5.0, update_streams=False) as event_log:
        conversation = await fold_from_log(event_log, name, until=seq, at=at)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(view(conversation)), indent=2).decode())
    else:
        print("\n".join(readable_lines(conversation)))
    return 0


def parse_sequence_or_time(text: str) -> tuple[int | None, int | None]:
    """A sequence, or a time in microseconds since 1970: of "118" or "2026-11-22T14:05", local where no zone is given.

    Raises:
        InvalidInput: the text is neither.
    """
    if text.isdigit():
        return int(text), None
    try:
        return None, int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000_000)
    except ValueError as error:
        raise InvalidInput(f"expected a sequence or a time such as 2026-11-22T14:05, got {text!r}") from error


_MARKS = {"written": "·", "spoken": "·", "playing": "♪", "played": "♪", "unspoken": "✗"}


def readable_lines(conversation: Conversation) -> list[str]:
    """A conversation as lines of text for people."""
    title = conversation.title or "(untitled)"
    lines = [f"{title} — {conversation.id}, {conversation.character}, at {conversation.seq}"]
    for turn in conversation.turns:
        lines.append("")
        time_of_turn = _local_time(turn.at)
        if turn.person is not None:
            state = "" if turn.person.state == "final" else f"({turn.person.state}) "
            lines.append(f"{time_of_turn}  you: {state}{turn.person.text}")
        if turn.reply is not None:
            reply = turn.reply
            for sentence in reply.sentences:
                mark = _MARKS[sentence.state]
                lines.append(f"{time_of_turn}  {reply.character}: {mark} {sentence.text} [{sentence.emotion}]")
            if reply.state == "interrupted":
                lines.append(f"{time_of_turn}  {reply.character} was interrupted; heard: {reply.heard!r}")
            if reply.state == "failed":
                lines.append(f"{time_of_turn}  {reply.character} failed: {reply.error}")
    return lines


def _local_time(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _list(settings: Settings) -> int:
    model = ReadModel(gateway_file(settings), read_only=True)
    for one in model.all_conversations():
        print(f"{one.id}\t{_local_time(one.updated_at)}\t{one.character}\t{one.title}")
    model.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m projections", description="Show the read model, rebuild it.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("rebuild", help="fold the whole log into a fresh file")
    one.add_argument("--check", action="store_true", help="compare with the gateway's read model instead of keeping it")
    one.add_argument("--until", type=int, metavar="SEQ", help="the last sequence to fold")
    one = commands.add_parser("show", help="a conversation, folded from the log")
    one.add_argument("conversation")
    one.add_argument("--until", metavar="SEQ|TIME", help="as it was then")
    one.add_argument("--json", action="store_true")
    commands.add_parser("list", help="all conversations in the gateway's read model, newest first")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 done or equal, 1 different or failed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings(os.environ)
        if options.command == "rebuild":
            if options.check and options.until is not None:
                raise InvalidInput("--check compares at the read model's own position; leave --until out")
            return asyncio.run(_rebuild(settings, check=options.check, until=options.until))
        if options.command == "show":
            return asyncio.run(_show(settings, options.conversation, options.until, as_json=options.json))
        return _list(settings)
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 2 if isinstance(error, InvalidInput) and not isinstance(error, NotFound) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
