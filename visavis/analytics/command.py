"""`visavis analytics`: ready questions and SQL over the tables, their state, and making them anew."""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from bus import clock
from bus.errors import BusError, VisavisError
from bus.log.event_log import connect
from bus.settings import Settings
from projections.analytics.database import Answer, Database, parse_prices
from projections.analytics.follower import Follower
from projections.analytics.names import DEFAULT_SINCE
from projections.analytics.places import analytics_folder
from projections.analytics.questions import QUESTIONS, ask, picture, question
from projections.analytics.requests import FLUSH_WAIT, is_written, request
from projections.analytics.store import FACTS, SOURCES, Position, Store, lock, read_state
from projections.moment import parse_time
from projections.printable import json_lines
from visavis.analytics.charts import print_answer, print_table
from visavis.page_address import operator_address

_TRIES = 3

T = TypeVar("T")


def run(arguments: argparse.Namespace, settings: Settings, *, color: bool) -> int:
    """Carry out the command (`visavis.commands.analytics`); returns the exit status.

    Raises:
        VisavisError: a question is wrong, or there is nothing to ask.
    """
    match arguments.act:
        case "status":
            return asyncio.run(_status(settings, as_json=arguments.format == "json"))
        case "rebuild":
            return asyncio.run(_rebuild(settings))
        case "page":
            print(operator_address(settings, "analytics"))
            return 0
        case "sql":
            return _sql(settings, arguments, color=color)
    names = [*QUESTIONS] if arguments.act in (None, "all") else [arguments.act]
    since = parse_time(DEFAULT_SINCE) if arguments.since is None else arguments.since
    request(analytics_folder(settings), "flush", wait=FLUSH_WAIT)
    answers = _with_database(settings, lambda database: [(name, ask(database, name, since)) for name in names])
    if arguments.format == "json":
        pictures = [picture(question(name), answer) for name, answer in answers]
        _print_json(pictures if len(names) > 1 else pictures[0])
    elif arguments.format == "csv":
        for name, answer in answers:
            if len(names) > 1:
                print(f"# {name}")
            _print_csv(answer)
    else:
        for name, answer in answers:
            print_answer(question(name), answer, color=color)
    return 0


def _sql(settings: Settings, arguments: argparse.Namespace, *, color: bool) -> int:
    request(analytics_folder(settings), "flush", wait=FLUSH_WAIT)
    answer = _with_database(settings, lambda database: database.select(arguments.query))
    if arguments.format == "json":
        _print_json(answer.records())
    elif arguments.format == "csv":
        _print_csv(answer)
    else:
        print_table(answer, color=color)
    if answer.cut:
        print(f"only the first {len(answer.rows)} rows; ask with LIMIT and OFFSET for more", file=sys.stderr)
    return 0


def _with_database(settings: Settings, use: Callable[[Database], T]) -> T:
    """What `use` makes of the tables; tried again where files were merged meanwhile."""
    prices = parse_prices(settings.llm_prices)
    for left in reversed(range(_TRIES)):
        try:
            with closing(Database(analytics_folder(settings), prices)) as database:
                return use(database)
        except VisavisError as error:
            if error.code != "changed" or not left:
                raise
    raise AssertionError


def _print_json(value: object) -> None:
    print(json_lines(value))


def _print_csv(answer: Answer) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(record.values() for record in answer.records())


async def _rebuild(settings: Settings) -> int:
    """Make the tables anew: by the process that writes them, or here where there is none."""
    folder = analytics_folder(settings)
    if await asyncio.to_thread(request, folder, "rebuild", wait=60.0):
        print("`visavis up` makes them anew; `visavis analytics status` tells how far it is", file=sys.stderr)
        return 0
    with lock(folder):
        async with connect(settings, name="analytics", wait=5.0, update_streams=False) as event_log:
            end = await event_log.last_sequence(FACTS)
            store = Store(folder)
            store.begin_anew()

            def show(store: Store) -> None:
                print(f"{store.state.events} events, at {store.position(FACTS).seq} of {end}", file=sys.stderr)

            began = time.perf_counter()
            await Follower(event_log, store, on_progress=show).catch_up()
            rate = store.state.events / max(time.perf_counter() - began, 1e-9)
    print(f"{store.state.events} events, {rate:.0f} a second", file=sys.stderr)
    print(folder)
    return 0


async def _status(settings: Settings, *, as_json: bool) -> int:
    folder = analytics_folder(settings)
    state = read_state(folder)
    ends: dict[str, int] = {}
    try:
        async with connect(settings, name="analytics", wait=2.0, update_streams=False) as event_log:
            for source in SOURCES[:3]:
                ends[source] = await event_log.last_sequence(source, retry_for=2.0)
    except BusError as error:
        print(f"the lag is not known: {error.detail}", file=sys.stderr)
    positions = {} if state is None else state.positions
    rows = []
    for source in SOURCES[:3]:
        seq, end = positions.get(source, Position()).seq, ends.get(source)
        rows.append({"stream": source, "position": seq, "end": end, "lag": None if end is None else max(0, end - seq)})
    size = sum(path.stat().st_size for path in folder.glob("*/day=*/*.parquet"))
    found = {
        "folder": str(folder),
        "running": is_written(folder),
        "written_seconds_ago": None if state is None else round((clock.now() - state.written_at) / 1e6, 1),
        "events": 0 if state is None else state.events,
        "bytes": size,
        "streams": rows,
    }
    if as_json:
        _print_json(found)
        return 0
    ago = found["written_seconds_ago"]
    last = "" if ago is None else f", last {ago:.0f} s ago"
    now = "written now" if found["running"] else "not written now"
    print(f"{folder}: {size / 1e6:.1f} MB of {found['events']} events, {now}{last}")
    print_table(Answer(("stream", "position", "end", "lag"), [tuple(row.values()) for row in rows]), color=False)
    return 0
