"""Commands on what is folded from the log: `python -m projections list | show | diff | rebuild | build`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from bus import subjects
from bus.errors import ConfigurationError, InvalidInput, NotFound, VisavisError
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings, read_settings
from projections.differences import differences, readable
from projections.finding import find_conversation
from projections.moment import NOW, TIME_FORMS, local_time, parse_moment
from projections.printable import json_lines, printable
from projections.read_model import ReadModel
from projections.read_model_builder import building_path
from projections.read_model_tables import VERSION, put_in_place
from projections.readable import readable_lines
from projections.rebuilding import Progress, build, compare
from projections.states import PROJECTIONS, conversation_at, sequence_at, state_at
from projections.view import view

_NICE = 5
"""Steps by which the build beside a running gateway gives way to it."""


def gateway_file(settings: Settings) -> Path:
    """The read model that the gateway writes."""
    return settings.data_folder / "gateway.sqlite"


async def _rebuild(settings: Settings, *, check: bool, until: str | None) -> int:
    moment = parse_moment(until) if until else None
    with tempfile.TemporaryDirectory(prefix="visavis-rebuild-") as folder:
        path = Path(folder) / "model.sqlite"
        async with connect(settings, name="projections", wait=5.0, update_streams=False) as event_log:
            if check:
                with closing(ReadModel(gateway_file(settings), read_only=True)) as live:
                    if live.version != VERSION:
                        raise NotFound(f"{live.path} is of version {live.version}, this program's is {VERSION}")
                    await build(event_log, path, until=live.position, report=_say)
                    with closing(ReadModel(path, read_only=True)) as fresh:
                        return _print_comparison(live, fresh)
            end = None
            if moment is not None:
                end = await sequence_at(event_log, streams.CONVERSATIONS, subjects.ALL_FACTS, moment)
            done = await build(event_log, path, until=end, report=_say)
        print(f"{done.done} is the last sequence folded, {done.rate:.0f} events/s", file=sys.stderr)
        target = gateway_file(settings).with_name("rebuilt.sqlite")
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = target.with_name(f"{target.name}.new")
        copy.write_bytes(path.read_bytes())
        put_in_place(copy, target)
        print(target)
        return 0


def _print_comparison(live: ReadModel, fresh: ReadModel) -> int:
    difference = compare(live, fresh)
    if difference is not None:
        print(f"differs: {difference}")
        return 1
    count = len(fresh.all_conversations())
    print(f"equal: {count} conversations at {live.position}, digest {fresh.digest()[:16]}")
    return 0


def _say(progress: Progress) -> None:
    print(progress, file=sys.stderr)


async def _build(settings: Settings, target: Path) -> int:
    """Build the file that takes the place of the gateway's; one JSON object a line tells how far it is."""
    os.nice(_NICE)
    with suppress(OSError):  # a file or a terminal's end tells nothing
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _exit_with_parent)
    async with connect(settings, name="gateway", update_streams=False) as event_log:
        await build(event_log, building_path(target), report=_print_progress)
    return 0


def _print_progress(progress: Progress) -> None:
    print(msgspec.json.encode(progress).decode(), flush=True)


def _exit_with_parent() -> None:
    """Called where standard input has ended: who has started this process has died, and another one may begin."""
    if not os.read(sys.stdin.fileno(), 1):
        os._exit(1)  # what is committed is kept


async def _show(settings: Settings, projection: str, name: str, until: str | None, *, as_json: bool) -> int:
    moment = parse_moment(until) if until else NOW
    async with connect(settings, name="projections", wait=5.0, update_streams=False) as event_log:
        name = await _full_id(event_log, projection, name)
        if projection == "conversation" and name:
            conversation = await conversation_at(event_log, name, moment)
            if not as_json:
                print("\n".join(readable_lines(conversation)))
                return 0
            found = msgspec.to_builtins(view(conversation))
        else:
            found = await state_at(event_log, projection, name, moment)
    print(json_lines(found))
    return 0


async def _diff(settings: Settings, projection: str, name: str, start: str, end: str, *, as_json: bool) -> int:
    moments = [parse_moment(start), parse_moment(end) if end else NOW]
    async with connect(settings, name="projections", wait=5.0, update_streams=False) as event_log:
        name = await _full_id(event_log, projection, name)
        states = []
        for moment in moments:
            try:
                states.append(await state_at(event_log, projection, name, moment))
            except NotFound:
                states.append({})  # there was nothing yet: everything is new
    if not any(states):
        raise NotFound(f"there is no {projection} {name!r}")
    found = list(differences(*states))
    if as_json:
        print(json_lines(found))
    else:
        print("\n".join(readable(found)) or "no difference")
    return 0


async def _list(settings: Settings, projection: str) -> int:
    if projection not in PROJECTIONS:
        raise InvalidInput(f"expected one of {', '.join(PROJECTIONS)}, got {projection!r}")
    if PROJECTIONS[projection].needs_id:
        with closing(ReadModel(gateway_file(settings), read_only=True)) as model:
            for one in model.all_conversations():
                print(f"{one.id}\t{local_time(one.updated_at)}\t{one.character}\t{printable(one.title)}")
        return 0
    async with connect(settings, name="projections", wait=5.0, update_streams=False) as event_log:
        for id_, one in (await state_at(event_log, projection, "")).items():
            parts = (id_, one.get("state"), one.get("channel"), one.get("name"))
            print("\t".join(printable(str(part)) for part in parts if part))
    return 0


async def _full_id(event_log: EventLog, projection: str, name: str) -> str:
    """Ids of conversations may be abbreviated."""
    if name and projection in PROJECTIONS and PROJECTIONS[projection].needs_id:
        return await find_conversation(event_log, name)
    return name


def _parser(prog: str = "python -m projections") -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Show what is folded from the log, at any sequence or time; compare it, rebuild it.",
        epilog="Projections: " + "; ".join(f"{name}: {one.about}" for name, one in PROJECTIONS.items()) + "."
        f" SEQ is a sequence of the log, as `visavis replay --events` shows it, TIME such as {TIME_FORMS}.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("list", help="all conversations in the gateway's read model, newest first; or others")
    one.add_argument("projection", nargs="?", default="conversation")
    one = commands.add_parser("show", help="a projection, folded from the log")
    _add_names(one)
    one.add_argument("--until", metavar="SEQ|TIME", help="as it was then")
    one = commands.add_parser("diff", help="what has changed in a projection between two moments")
    _add_names(one)
    one.add_argument("--from", dest="start", required=True, metavar="SEQ|TIME", help="as it was then")
    one.add_argument("--to", default="", metavar="SEQ|TIME", help="default: now")
    one = commands.add_parser("rebuild", help="fold the whole log into a fresh file")
    one.add_argument("--check", action="store_true", help="compare with the gateway's read model instead of keeping it")
    one.add_argument("--until", metavar="SEQ|TIME", help="the last event to fold")
    one = commands.add_parser("build", help="build the file that takes the place of the gateway's; the gateway runs it")
    one.add_argument("target", type=Path)
    return parser


def _add_names(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("projection", help=f"{', '.join(PROJECTIONS)}; or the id of a conversation")
    parser.add_argument("id", nargs="?", default="", help="of one, or the beginning of the id of a conversation")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _run(options: argparse.Namespace, settings: Settings) -> int:
    match options.command:
        case "rebuild":
            if options.check and options.until is not None:
                raise InvalidInput("--check compares at the read model's own position; leave --until out")
            return asyncio.run(_rebuild(settings, check=options.check, until=options.until))
        case "build":
            return asyncio.run(_build(settings, options.target))
        case "list":
            return asyncio.run(_list(settings, options.projection))
    projection, name = options.projection, options.id
    if projection not in PROJECTIONS and not name:
        projection, name = "conversation", projection
    if options.command == "show":
        return asyncio.run(_show(settings, projection, name, options.until, as_json=options.json))
    return asyncio.run(_diff(settings, projection, name, options.start, options.to, as_json=options.json))


def main(arguments: Sequence[str] | None = None, prog: str = "python -m projections") -> int:
    """Run a command; 0 done or equal, 1 different or failed, 2 wrong usage.

    Args:
        prog: what its help calls it.
    """
    options = _parser(prog).parse_args(arguments)
    try:
        return _run(options, read_settings(os.environ))
    except VisavisError as error:
        print(f"error: {printable(error.detail)}", file=sys.stderr)
        wrong_usage = isinstance(error, InvalidInput) and not isinstance(error, NotFound | ConfigurationError)
        return 2 if wrong_usage else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
