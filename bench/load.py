"""People who talk with a running system at once: `python -m bench.load --people N [--url URL …]`.

Each person is a WebRTC call in which recorded sentences are said, to nobody two the same, so that a leak between
conversations is seen: what was heard, what was answered and every packet of sound must be the person's own. Without
`--url` a system of its own is started, with a language model that repeats what it is told, without delay. `--find`
looks for the most people at whom 19 of 20 answers begin within a second. Ctrl-C ends it with what there is.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from bench.loading.checking import check
from bench.loading.costs import report as costs_report
from bench.loading.lines import Line, Lines, recorded_lines
from bench.loading.notes import NoteSender
from bench.loading.people import IdlePictures, Person
from bench.loading.report import SUMMARY_HEAD, Result, details, result, summary_row
from bench.loading.system import Shape, Target, running, started
from bench.loading.watch import Watch
from bench.machine import machine, table
from bench.peer import now
from bench.turn import ENGINES
from bus.errors import BusError, ConfigurationError
from bus.log.event_log import EventLog, connect
from bus.log.passwords import OPERATOR
from bus.settings import read_settings
from services.channels.folder import folder_of
from visavis.commands.values import number, seconds

_LEARNING = 200
"""Packets of pictures in a row that are known, after which the idle loop has been seen whole."""
_LEARNING_PATIENCE = 90.0


class LoadTest:
    """Puts a target under load, again and again.

    Args:
        pause: seconds between an answer and a person's next words.
        ramp: seconds from one call to the next at the beginning.
        settle: seconds from the last call to the first turn that counts.
        notes: voice notes a minute.
    """

    def __init__(
        self, target: Target, lines: Lines, event_log: EventLog | None, *,
        pause: float, ramp: float, settle: float = 2.0, notes: float = 0,
    ) -> None:  # fmt: skip
        self._target = target
        self._lines = lines
        self._watch = Watch(event_log)
        self._pause = pause
        self._ramp = ramp
        self._settle = settle
        self._notes = notes
        self.persons: list[Person] = []
        """Those who call now."""
        self.notes: NoteSender | None = None
        self._idle = IdlePictures()

    async def learn(self, stop: asyncio.Event) -> None:
        """Watch the idle face until every picture has been seen, in one call, or until it is stopped.

        Raises:
            BusError: the system showed no face in time.
        """
        call = self._person(0, (), [])
        calling = asyncio.create_task(call.call())
        try:
            async with asyncio.timeout(_LEARNING_PATIENCE):
                while self._idle.since_new < _LEARNING and not stop.is_set():
                    if call.broken:
                        raise BusError(f"{self._target.urls[0]}: {call.broken}")
                    await _wait(stop, 0.2)
        except TimeoutError:
            raise BusError(f"{self._target.urls[0]} shows no idle face") from None
        finally:
            await _end([call], [calling])
        self._idle.learning = False

    async def run(self, people: int, seconds: float, stop: asyncio.Event, *, talking: bool = True) -> Result:
        """Let so many people talk; the figures of what began after the last of them had called."""
        dealt, left = ([()] * people, ()) if not talking else self._dealt(people)
        notes = self.notes = self._sender(left) if left else None
        open_calls: list[int] = []
        persons = self.persons = [self._person(number, lines, open_calls) for number, lines in enumerate(dealt)]
        calls: list[asyncio.Task[None]] = []
        try:
            for person in persons:
                calls.append(asyncio.create_task(person.call()))
                await _wait(stop, self._ramp)
            await _wait(stop, self._settle if talking else 5 * self._settle)
            await self._watch.begin()
            began, before = now(), _received(persons)
            beside = [asyncio.create_task(self._watch.watch())]
            if notes is not None:
                beside.append(asyncio.create_task(notes.send()))
            await _wait(stop, seconds)
            took, received = now() - began, _received(persons) - before
            looks = await self._watch.end()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            if talking and not stop.is_set():
                await _finish_turns(persons)
            checked = await check(persons, began)
        finally:
            await _end(persons, calls)
        turns = [turn for person in persons for turn in person.turns if began < turn.at <= began + took]
        lines = {person.number: person.lines for person in persons}
        broken = [person.broken for person in persons if person.broken]
        return result(lines, turns, took, checked, looks=looks, received=received, notes=notes, broken=broken)

    def _dealt(self, people: int) -> tuple[list[tuple[Line, ...]], tuple[Line, ...]]:
        """The lines of each person, and those of the voice notes where there are some."""
        dealt = self._lines.deal(people + 1 if self._notes else people)
        return dealt[:people], dealt[people] if self._notes else ()

    def _sender(self, lines: Sequence[Line]) -> NoteSender:
        folder = None if self._target.settings is None else folder_of(self._target.settings)
        if folder is None:
            raise ConfigurationError("there is no folder for notes: VISAVIS_NOTES_FOLDER=off")
        return NoteSender(folder, lines, self._notes)

    def _person(self, number: int, lines: Sequence[Line], open_calls: list[int]) -> Person:
        base = self._target.urls[number % len(self._target.urls)]
        return Person(number, base, lines, self._idle, pause=self._pause, open_calls=open_calls)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _received(persons: Sequence[Person]) -> int:
    return sum(person.peer.bytes_received for person in persons)


async def _finish_turns(persons: Sequence[Person]) -> None:
    """Let everybody hear the answer to what they have said."""
    for person in persons:
        person.ending = True
    await asyncio.gather(*(person.ended.wait() for person in persons))


async def _end(persons: Sequence[Person], calls: Sequence[asyncio.Task[None]]) -> None:
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.gather(*(person.peer.close() for person in persons), return_exceptions=True)


async def find(run: Callable[[int], Awaitable[bool]], most: int) -> int:
    """The most people with whom all goes well: doubled until it does not, then the distance is halved.

    Args:
        run: lets so many people talk; whether all went well.
    """
    good, bad, people = 0, most + 1, 1
    while good + 1 < bad:
        if await run(people):
            good = people
        else:
            bad = people
        people = min(2 * good, most) if bad > most else (good + bad) // 2
    return good


@asynccontextmanager
async def target_of(arguments: argparse.Namespace, folder: Path) -> AsyncIterator[tuple[Target, EventLog | None]]:
    """The system under load, and its log where that can be reached."""
    async with AsyncExitStack() as stack:
        if arguments.url:
            target = running(arguments.url, read_settings(os.environ))
        else:
            more = {name: int(count) for name, _, count in (one.partition("=") for one in arguments.service)}
            shape = Shape(arguments.workers, more, arguments.gateways, arguments.idle_gateways, arguments.nodes)
            target = await stack.enter_async_context(started(folder, shape, ENGINES[arguments.engines]))
        try:
            assert target.settings is not None
            connecting = connect(target.settings, name=OPERATOR, wait=3.0, update_streams=False)
            event_log = await stack.enter_async_context(connecting)
        except BusError as error:
            print(f"looked at from outside only: {error.detail}", file=sys.stderr)
            yield target, None
            return
        yield target, event_log


async def measure(arguments: argparse.Namespace, folder: Path) -> list[Result]:
    """All runs that the arguments ask for."""
    lines = recorded_lines()
    stop = asyncio.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    results: list[Result] = []
    async with target_of(arguments, folder) as (target, event_log):
        print(f"{target.description}; {lines.voices}", file=sys.stderr, flush=True)
        test = LoadTest(target, lines, event_log, pause=arguments.pause, ramp=arguments.ramp,
                        notes=arguments.notes)  # fmt: skip
        await test.learn(stop)

        async def run(people: int) -> bool:
            if stop.is_set():
                return False
            results.append(await test.run(people, arguments.seconds, stop))
            print(" ".join(summary_row(results[-1])), file=sys.stderr, flush=True)
            return results[-1].is_quick

        if arguments.costs:
            people = arguments.people[-1]
            results.append(await test.run(0, arguments.seconds, stop, talking=False))
            results.append(await test.run(people, arguments.seconds, stop, talking=False))
            await run(people)
        elif arguments.find:
            most = await find(run, len(lines.lines) - (1 if arguments.notes else 0))
            print(f"the most people with answers within a second: {most}", file=sys.stderr)
        else:
            for people in arguments.people:
                await run(people)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", action="append", help="of a gateway that runs, several times; else one is started")
    parser.add_argument("--people", type=number, nargs="+", default=[1, 2, 4])
    parser.add_argument("--find", action="store_true", help="the most people with p95 under a second")
    parser.add_argument("--costs", action="store_true", help="of a call and of a turn, in three runs")
    parser.add_argument("--notes", type=float, default=0, help="voice notes a minute, by the folder for them")
    parser.add_argument("--seconds", type=seconds, default=60, help="for each number of people")
    parser.add_argument("--pause", type=float, default=3, help="seconds between an answer and the next words")
    parser.add_argument("--ramp", type=float, default=0.5, help="seconds from one call to the next")
    parser.add_argument("--workers", type=number, default=1, help="of each service of the system that is started")
    parser.add_argument("--service", action="append", default=[], metavar="NAME=N", help="workers of one service")
    parser.add_argument("--gateways", type=number, default=1)
    parser.add_argument("--idle-gateways", type=int, default=0, help="further ones, which nobody calls")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="of NATS")
    parser.add_argument("--engines", choices=list(ENGINES), default=next(iter(ENGINES)))
    parser.add_argument("--json", type=Path, help="file for all figures")
    arguments = parser.parse_args()
    where = machine()
    try:
        with tempfile.TemporaryDirectory() as folder:
            results = asyncio.run(measure(arguments, Path(folder)))
    except (ConfigurationError, BusError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": where, "runs": results})))
    print(f"Machine: {where}\n\n{table(SUMMARY_HEAD, map(summary_row, results))}")
    if arguments.costs and len(results) == 3 and results[-1].turns:
        print(f"\n{costs_report(*results)}")
    for one in results:
        print(f"\n{details(one)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
