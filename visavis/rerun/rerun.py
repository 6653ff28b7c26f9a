"""`visavis rerun`: recorded conversations through today's engines, without touching the running system."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import structs

from bus import codec, subjects
from bus.errors import InvalidInput, NotFound, VisavisError
from bus.events import AudioIn, MessageReceived, UtteranceStarted
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from projections.finding import find_conversation
from projections.replay.build import build_timeline
from visavis.rerun.conversation_run import ConversationRun
from visavis.rerun.engines import SERVICES, Engines, Kept, choose
from visavis.rerun.private_system import PrivateSystem, private_system
from visavis.rerun.recording import Recording, read_recording
from visavis.rerun.report import ConversationReport, Report, conversation_report, report
from visavis.rerun.rules import Numbers, Rule, judge
from visavis.rerun.texts import report_text
from visavis.rerun.written import Sounds, collect_sounds, write_back

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for the log."""
INTERRUPTED = 130
"""Exit status after Ctrl-C."""
_SECOND = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a re-run is asked to do, as the command line says it."""

    conversations: Sequence[str] = ()
    since: int | None = None
    """Conversations in which something was said since this time, microseconds since 1970."""
    until: int | None = None
    engines: Sequence[str] = ()
    kept: Sequence[Kept] = ()
    rules: Sequence[Rule] = ()
    real_time: bool = False
    parallel: int = 1
    tools: bool = False
    write: bool = True
    json: Path | None = None
    html: Path | None = None


@dataclass
class Progress:
    """What has been done so far; it is reported even if the rest fails."""

    done: list[ConversationReport] = field(default_factory=list)
    recorded_seconds: float = 0.0
    sounds: Sounds = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    took: float = 0.0
    deaths: dict[str, int] = field(default_factory=dict)
    engines: dict[str, str] = field(default_factory=dict)


async def rerun(settings: Settings, wanted: Wanted, *, color: bool = False) -> int:
    """Re-run conversations and print the report; returns the exit status: 1 where a rule is broken or not all was done.

    Raises:
        ConfigurationError: an engine cannot run here.
        NotFound: there is no such conversation, or none in that time.
        BusError: there is no log.
    """
    engines = choose(settings, wanted.engines, wanted.kept, tools=wanted.tools)
    progress = Progress()
    stopped, status = "", 1
    task = asyncio.current_task()
    assert task is not None
    # Ctrl-C does the same by itself.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with connect(settings, name="rerun", wait=CONNECT_TIMEOUT, update_streams=False) as main:
        try:
            await run_all(main, engines, await recordings(main, wanted), wanted, progress)
        except asyncio.CancelledError:
            if not progress.done:
                raise
            stopped, status = "ended early", INTERRUPTED
        except VisavisError as error:
            if not progress.done:
                raise
            stopped = error.detail
    found = report(
        progress.done,
        engines={one: progress.engines[one] for one in SERVICES if one in progress.engines},
        kept=wanted.kept,
        real_time=wanted.real_time,
        seconds=progress.took,
        recorded_seconds=progress.recorded_seconds,
        deaths=progress.deaths,
        complete=not stopped,
    )
    rules = tuple(judge(rule, numbers(found)) for rule in wanted.rules)
    found = structs.replace(found, rules=rules)
    if stopped:
        print(f"error: {stopped}; what was done is reported", file=sys.stderr)
    _write_files(found, progress.sounds, wanted)
    print(report_text(found, color=color))
    if stopped:
        return status
    return int(not all(rule.kept for rule in rules))


async def run_all(
    main: EventLog, engines: Engines, recorded: Sequence[Recording], wanted: Wanted, progress: Progress
) -> None:
    """Run them in one private system, `parallel` at once, and write each back when it is done.

    Raises:
        VisavisError: the private system does not start, or does not run any more.
    """
    characters = {name for one in recorded for name in one.characters}
    async with private_system(main, engines, characters, show=_show) as system:
        progress.engines = system.engines
        progress.began = time.monotonic()
        free = asyncio.Semaphore(wanted.parallel)

        async def run(recording: Recording) -> None:
            async with free:
                await _run_one(main, system, engines, recording, wanted, progress)

        tasks = [asyncio.create_task(run(one)) for one in recorded]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            order = [one.conversation for one in recorded]
            progress.done.sort(key=lambda one: order.index(one.conversation))
            progress.took = time.monotonic() - progress.began
            progress.deaths = system.deaths


async def _run_one(
    main: EventLog, system: PrivateSystem, engines: Engines, recording: Recording, wanted: Wanted, progress: Progress
) -> None:
    sounds = await _recorded_sounds(main, recording)
    run = ConversationRun(
        system, engines, recording, sounds, real_time=wanted.real_time, on_turn=_progress_line(recording)
    )
    error, copy = "", ""
    try:
        await run.run()
        if wanted.html is not None:
            progress.sounds |= await collect_sounds(main, system.event_log, recording, sounds)
        if wanted.write:
            copy = await write_back(main, system, recording, laid_out=not wanted.real_time)
    except VisavisError as failed:
        error = failed.detail
        raise
    except asyncio.CancelledError:
        error = "ended early"
        raise
    finally:
        if run.turns:
            progress.recorded_seconds += _length(recording)
            progress.done.append(
                conversation_report(
                    recording, run.turns, kept=wanted.kept, real_time=wanted.real_time, copy=copy, error=error
                )
            )
            _show(f"{recording.conversation}: {len(run.turns)} turns; conversations done: {len(progress.done)}")


def _length(recording: Recording) -> float:
    timeline = build_timeline(recording.conversation, recording.facts)
    return (timeline.end - timeline.start) / _SECOND


async def recordings(main: EventLog, wanted: Wanted) -> list[Recording]:
    """The conversations that are asked for.

    Raises:
        NotFound: there is no such one, or none in that time.
        InvalidInput: nothing is said in one that is named.
    """
    names = list(dict.fromkeys([await find_conversation(main, name) for name in wanted.conversations]))
    if not names:
        assert wanted.since is not None
        names = await conversations_between(main, wanted.since, wanted.until)
    found = []
    for name in names:
        recording = read_recording(name, await main.facts(name))
        if recording is None:
            raise NotFound(f"there is no conversation {name}")
        if not any(turn.has_words for turn in recording.turns):
            if wanted.conversations:
                raise InvalidInput(f"nothing is said in conversation {name}: there is nothing to re-run")
            continue
        found.append(recording)
    if not found:
        raise NotFound("nothing was said in that time: there is nothing to re-run")
    _check_apart(found)
    return found


def _check_apart(recorded: Sequence[Recording]) -> None:
    """Raises InvalidInput if two conversations are copies of one: their facts have the same ids, also in a re-run."""
    conversations: dict[str, str] = {}
    for recording in recorded:
        for _, event in recording.facts:
            other = conversations.setdefault(event.id, recording.conversation)
            if other != recording.conversation:
                raise InvalidInput(
                    f"{other} and {recording.conversation} are copies of one conversation: re-run one at a time"
                )


async def conversations_between(main: EventLog, since: int, until: int | None) -> list[str]:
    """The conversations in which something was said or written in that time, by their first words; copies are none.

    Reads only the words of that time, by the server's index of times.
    """
    found: dict[str, int] = {}
    for kind in (UtteranceStarted, MessageReceived):
        records = main.read(streams.CONVERSATIONS, subjects.facts_of_kind(kind), since=since)
        async with aclosing(records):
            async for record in records:
                if until is not None and record.time > until:
                    break
                if not record.is_copy:
                    found.setdefault(subjects.conversation_of(record.subject), record.sequence)
    return sorted(found, key=lambda name: found[name])


async def _recorded_sounds(main: EventLog, recording: Recording) -> dict[str, list[AudioIn]]:
    """The chunks of each utterance, as far as they are on the log."""
    found: dict[str, list[AudioIn]] = {}
    for turn in recording.turns:
        utterance = turn.utterance
        if utterance is None:
            continue
        subject = subjects.audio_in(recording.conversation, utterance.utterance)
        chunks: dict[int, AudioIn] = {}
        async for record in main.read(streams.AUDIO, subject):
            message = codec.decode_media(record.data)
            if isinstance(message, AudioIn):
                chunks.setdefault(message.index, message)
        # The oldest chunks go first: what is left would be another utterance.
        found[utterance.utterance] = [chunks[index] for index in sorted(chunks)] if 0 in chunks else []
    return found


def numbers(found: Report) -> Numbers:
    """What rules are about, before and after."""
    named: dict[str, tuple[float, float]] = {"failures": (found.failures_before, found.failures_after)}
    if found.errors.before is not None and found.errors.after is not None:
        named["wer"] = (found.errors.before, found.errors.after)
    for name, one in found.latency.items():
        named[f"{name}.p50"] = (one.before_p50, one.after_p50)
        named[f"{name}.p95"] = (one.before_p95, one.after_p95)
    return named


def _write_files(found: Report, sounds: Sounds, wanted: Wanted) -> None:
    if wanted.json is not None:
        wanted.json.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))
    if wanted.html is not None:
        from visavis.rerun.page import write_page

        write_page(found, sounds, wanted.html)


def _progress_line(recording: Recording) -> Callable[[int], None]:
    """Shows on a terminal how far a conversation has come."""
    count = sum(turn.has_words for turn in recording.turns)

    def show(number: int) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{recording.conversation}: turn {number} of {count}", end="\r", file=sys.stderr, flush=True)

    return show


def _show(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


