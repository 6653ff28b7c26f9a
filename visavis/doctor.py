"""`visavis doctor`: checks what is installed, which engines would be used and why, and what stops `visavis up`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bus import subjects
from bus.errors import BusError, VisavisError
from bus.log import streams
from bus.log.copies import compare_copies
from bus.log.event_log import EventLog, connect
from bus.log.gaps import Gap, missing_facts
from bus.log.overview import stream_sizes
from bus.log.space import level_of, refusing, state_of
from bus.log.stream_size import StreamSize
from bus.process.discovery import CLOCK_TOLERANCE, ServiceInfo, discover, format_clock
from bus.settings import PREFIX, Settings
from projections.printable import printable
from services.channels.accounts import build_channels, configured
from services.dialogue.local_model import files as local_model
from services.improvements import this_machine
from visavis import doctor_checks as checks
from visavis.doctor_checks import CheckResult, failure, ok, warning
from visavis.doctor_media import check_media
from visavis.doctor_models import better, models, speeds
from visavis.terminal import painted

if TYPE_CHECKING:
    from services.dialogue.openai import OpenAI

COMPARED_MESSAGES = 1000
"""Of each stream, of which the copies are compared."""
TIMEOUT = 5.0
"""Seconds for NATS and the language model to answer."""
_MARKS = {"ok": ("✓", "32"), "warning": ("!", "33"), "failure": ("✗", "31"), "hint": ("+", "36")}


def format_result(result: CheckResult, *, color: bool) -> str:
    """A result as one line, with the remedy on a second one."""
    mark, shade = _MARKS[result.state]
    text = f"{painted(mark, shade, color=color)} {result.subject:12} {printable(result.message)}"
    return f"{text}\n  {'':12} → {printable(result.remedy)}" if result.remedy else text


def summary(results: Iterable[CheckResult]) -> str:
    """All results in one sentence."""
    states = [result.state for result in results]
    failures, warnings = states.count("failure"), states.count("warning")
    if failures:
        return f"{_count(failures, 'thing stops', 'things stop')} `visavis up`."
    remarks = f", with {_count(warnings, 'remark', 'remarks')}" if warnings else ""
    return f"Ready{remarks}: `visavis up` can start."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


async def check_nats(settings: Settings, *, timeout: float = TIMEOUT) -> list[CheckResult]:
    """Whether NATS answers; its version, streams, services and dead letters."""
    shown = settings.redacted_url
    greeting = await _greeting(settings.url, timeout)
    if greeting is None:
        if not settings.nats_url:
            return [ok("nats", "not running; `visavis up` starts an embedded one")]
        return [failure("nats", f"no answer from {shown}", f"start it, or unset {PREFIX}NATS_URL")]
    if not greeting:
        remedy = "if it is NATS, it stands still: continue or restart it; end anything else"
        return [failure("nats", f"what listens at {shown} does not answer", remedy)]
    if not greeting.startswith(b"INFO "):
        remedy = f"end it, or check {PREFIX}NATS_URL and {PREFIX}NATS_PORT"
        return [failure("nats", f"what listens at {shown} is no NATS server", remedy)]
    try:
        async with (
            asyncio.timeout(timeout) as limit,
            connect(settings, name="doctor", wait=timeout / 2, update_streams=False) as event_log,
        ):
            sequences = [f"{name} {await event_log.last_sequence(name)}" for name in _STREAMS]
            running = await discover(event_log)
            services = sorted(f"{one.name} ({one.engine_in_use or one.version})" for one in running)
            own = await event_log.clock_ahead()
            version = event_log.nc.connected_server_version
            limit.reschedule(None)  # what reads the copies has limits of its own
            return [
                ok("nats", f"{version.major}.{version.minor}.{version.patch} at {shown}"),
                ok("streams", f"last sequences: {', '.join(sequences)}"),
                *check_gap(await missing_facts(event_log)),
                *check_space(sizes := await stream_sizes(event_log)),
                *check_retention(sizes, await _oldest_age(event_log), settings.audio_days),
                ok("services", ", ".join(services) if services else "none running"),
                _dead_letters(await event_log.count(streams.DEAD, subjects.ALL_DEAD)),
                *await check_copies(event_log, newest=COMPARED_MESSAGES),
                *check_versions(running),
                *check_clocks(own, running),
            ]
    except TimeoutError:
        return [failure("nats", f"{shown} does not answer within {timeout:g} s", "look at its log; start it again")]
    except BusError as error:
        remedy = f"look at its log, or set {PREFIX}NATS_URL to another server"
        if error.code == "unauthorised":
            remedy = f"correct {PREFIX}NATS_USER and _PASSWORD, {PREFIX}NATS_PASSWORDS, or what {PREFIX}NATS_URL has"
        return [failure("nats", error.detail, remedy)]
    except VisavisError as error:
        return [failure("nats", error.detail, "correct it")]


_DAY = 86_400.0
_FULL = 0.9
"""Share of its bytes from which a stream drops its oldest messages, or soon will."""
_STREAMS = (streams.CONVERSATIONS, streams.AUDIO, streams.FRAMES, streams.CHARACTERS)


_LIMITS = {streams.INBOX: f"{PREFIX}INBOX_BYTES", streams.ASSETS: f"{PREFIX}ASSETS_BYTES"}


def check_space(sizes: Iterable[StreamSize]) -> list[CheckResult]:
    """The streams that will soon refuse what comes; nothing where none will."""
    return [
        warning("space", state_of(one), f"raise {_LIMITS.get(one.name, 'its limit')}: full, it refuses what comes")
        for one in refusing(sizes)
        if level_of(one, 0)
    ]


def check_retention(sizes: Iterable[StreamSize], oldest: float | None, days: int) -> list[CheckResult]:
    """How far back sound reaches, where its limit in bytes has come before the one in days; nothing where it has not.

    Args:
        oldest: seconds since the oldest sound was stored; None: there is none.
        days: for which it is to be kept.
    """
    size = next((one for one in sizes if one.name == streams.AUDIO), None)
    if size is None or oldest is None or size.limit <= 0 or size.bytes < _FULL * size.limit or oldest >= days * _DAY:
        return []
    reach = f"{oldest / 3600:.1f} hours" if oldest >= 3600 else f"{oldest / 60:.1f} minutes"
    wanted = size.bytes * days * _DAY / max(oldest, 1.0) / (1 << 30)
    message = f"sound of the last {reach} is kept, not of {days} days: so much is said that its bytes are full"
    remedy = f"raise {PREFIX}AUDIO_BYTES ({days} days would take some {wanted:,.0f} GB), or lower {PREFIX}AUDIO_DAYS"
    return [warning("sound", message, remedy)]


async def _oldest_age(event_log: EventLog) -> float | None:
    """Seconds since the oldest sound was stored, by the server's clock; None where there is none."""
    async with aclosing(event_log.read(streams.AUDIO, subjects.ALL_AUDIO)) as records:
        first = await anext(records, None)
    return None if first is None else (await event_log.server_time() - first.time) / 1_000_000


async def check_copies(event_log: EventLog, *, newest: int | None) -> list[CheckResult]:
    """Whether all nodes of a cluster have the same of the streams that are kept for ever; nothing without a cluster.

    Args:
        newest: messages of each stream that are compared; None: all.
    """
    try:
        nodes, differences = await compare_copies(event_log, newest=newest)
    except BusError as error:
        return [warning("copies", error.detail, "is a node down, or just started? Try again")]
    if nodes < 2:
        return []
    if not differences:
        how_many = "all messages" if newest is None else f"the newest {newest} messages"
        return [ok("copies", f"{nodes} nodes have the same, compared by {how_many}")]
    return [
        warning(
            "copies",
            f"of {one.stream} on {one.node}: {one.why}",
            f"stop {one.node}, move its folder streams/{one.stream} away, start it: it copies the others; "
            "docs/operations.md, \"Copies\"",
        )
        for one in differences
    ]


def check_gap(gap: Gap | None) -> list[CheckResult]:
    """Events that are missing in the middle of the log; nothing where none are."""
    if gap is None:
        return []
    return [failure("log", str(gap), "restore a backup (`visavis restore`), and look at the disk's health")]


def check_versions(running: Iterable[ServiceInfo]) -> list[CheckResult]:
    """The versions of Visavis that run side by side; nothing where there is one."""
    by_version: dict[str, set[str]] = {}
    for one in running:
        by_version.setdefault(one.version, set()).add(one.name)
    if len(by_version) < 2:
        return []
    shown = "; ".join(f"{version}: {', '.join(sorted(names))}" for version, names in sorted(by_version.items()))
    return [warning("versions", f"several run side by side, {shown}", "fine during an update; then end the older ones")]


def check_clocks(own: float, running: Iterable[ServiceInfo]) -> list[CheckResult]:
    """The clocks that differ from the NATS server's; nothing where all agree.

    Args:
        own: seconds by which this process's clock is ahead of the server's.
        running: the processes, with how far their clocks are ahead of this one's.
    """
    found = {f"{one.name}'s": own + one.clock_ahead for one in running if one.clock_ahead is not None}
    differing = [f"{name} {format_clock(ahead)}" for name, ahead in found.items() if abs(ahead) > CLOCK_TOLERANCE]
    if abs(own) > CLOCK_TOLERANCE:
        differing.insert(0, f"this machine's {format_clock(own)}")
    if not differing:
        return []
    message = f"clocks differ from the NATS server's: {', '.join(differing)}"
    return [warning("clocks", message, "set them, with NTP say: times on the log and in the page are wrong")]


def _dead_letters(count: int) -> CheckResult:
    if not count:
        return ok("dead letters", "none")
    remedy = "`visavis dead list` says which, `visavis dead requeue` puts them back"
    return warning("dead letters", f"{count}: work that was given up", remedy)


async def check_language_model(settings: Settings) -> list[CheckResult]:
    """Whether the endpoint of the language model answers, and lists the model in the settings."""
    from services.dialogue.openai import OpenAI
    from services.dialogue.openai.failover import openai_engines

    subject = "model"
    if local_model.is_used(settings):
        chat = OpenAI(local_model.url(settings), first_token_timeout=TIMEOUT)
        try:
            name = (await chat.models())[0]
            return [ok(subject, f"{name} at {local_model.HOST}:{settings.llm_port}, on this machine")]
        except VisavisError:
            return [ok(subject, f"{local_model.name(settings)} on this machine, not running; `visavis up` starts it")]
        finally:
            await chat.close()
    if not settings.llm_url:
        return []
    try:
        endpoints = openai_engines(settings, first_token_timeout=TIMEOUT)
    except VisavisError as error:
        remedy = f"correct what it names, or unset {PREFIX}LLM_URL for the offline companion"
        return [failure(subject, error.detail, remedy)]
    # Where another endpoint can answer, each is named in its own line.
    return [await _check_endpoint(subject, chat) for chat in endpoints]


def check_tools(settings: Settings) -> list[CheckResult]:
    """Whether the file of tool servers can be read, and which servers it names; starts none."""
    from services.dialogue.tools.configuration import read_tool_servers

    if not settings.tools:
        return []
    try:
        names = [server.name for server in read_tool_servers(settings.tools)]
    except VisavisError as error:
        return [failure("tools", error.detail, f"correct it, or unset {PREFIX}TOOLS")]
    return [ok("tools", f"of {', '.join(names)}; `visavis up` starts or connects them")]


async def check_channels(settings: Settings) -> list[CheckResult]:
    """Which channels are on, and whether they are configured as a whole; asks none of them anything."""
    options = configured(settings)
    if not options:
        return []
    try:
        for channel in build_channels(settings):
            await channel.close()
    except VisavisError as error:
        return [failure("channels", error.detail, "correct it; docs/channels.md has the steps")]
    return [ok("channels", f"{', '.join(one.name for one in options)}; `visavis channels check` tries them")]


async def _check_endpoint(subject: str, chat: OpenAI) -> CheckResult:
    """Whether one endpoint answers, and lists the model that is asked of it."""
    wanted = chat.model
    try:
        names = await chat.models()
    except VisavisError as error:
        return warning(subject, error.detail, f"start it, or unset {PREFIX}LLM_URL for the offline companion")
    finally:
        await chat.close()
    if wanted and wanted not in names:
        return warning(subject, f"{wanted} is not listed, only {', '.join(names[:5])}", f"correct {PREFIX}LLM_MODEL")
    return ok(subject, f"{wanted or names[0]} at {chat.address}")


async def _greeting(url: str, timeout: float) -> bytes | None:
    """The first line that the server sends to a new client, empty for none; None: nothing listens there."""
    parts = urlsplit(url.split(",")[0] if "://" in url else f"nats://{url}")
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 4222)
    except (OSError, TimeoutError, ValueError):
        return None
    try:
        async with asyncio.timeout(timeout):
            return await reader.readline()
    except (OSError, TimeoutError, ValueError):
        return b""
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def run_checks(settings: Settings) -> AsyncIterator[CheckResult]:
    """The results of all checks, in the order in which to mend failures."""
    engines = list(checks.engines(settings))
    chosen = {result.subject: result.engine for result in engines}
    machine = this_machine(settings)
    for group in (
        checks.python(),
        checks.packages(),
        checks.programs(settings),
        engines,
        models(chosen, settings, machine),
        speeds(settings),
        better(chosen, settings, machine),
        checks.data_folder(settings),
        [checks.access(settings)],
        checks.ports(settings),
    ):
        for result in group:
            yield result
    for result in [*await check_language_model(settings), *check_tools(settings), *await check_channels(settings)]:
        yield result
    for result in await check_media(settings):
        yield result
    for result in await check_nats(settings):
        yield result


async def doctor(settings: Settings, *, color: bool) -> int:
    """Print the report; returns the exit status: 1 where something stops `visavis up`."""
    results: list[CheckResult] = []
    async for result in run_checks(settings):
        results.append(result)
        print(format_result(result, color=color), flush=True)
    print(summary(results))
    return int(any(result.state == "failure" for result in results))
