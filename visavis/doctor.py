"""`visavis doctor`: what is here, what would be used and why, and what is in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from bus import subjects
from bus.errors import VisavisError
from bus.log import streams
from bus.log.event_log import connect
from bus.process.discovery import discover
from bus.settings import PREFIX, Settings, without_credentials
from visavis import doctor_checks as checks
from visavis.doctor_checks import Finding, failure, ok, warning

PATIENCE = 5.0
"""Seconds that NATS has to answer."""
_MARKS = {"ok": ("✓", "32"), "warning": ("!", "33"), "failure": ("✗", "31")}


def line(finding: Finding, *, color: bool) -> str:
    """A finding as one line, and what to do about it on a second one."""
    mark, shade = _MARKS[finding.state]
    if color:
        mark = f"\x1b[{shade}m{mark}\x1b[0m"
    said = f"{mark} {finding.about:12} {finding.said}"
    return f"{said}\n  {'':12} → {finding.remedy}" if finding.remedy else said


def verdict(findings: Iterable[Finding]) -> str:
    """The report in one sentence."""
    states = [finding.state for finding in findings]
    failures, warnings = states.count("failure"), states.count("warning")
    if failures:
        return f"{_count(failures, 'thing stops', 'things stop')} `visavis up`."
    remarks = f", with {_count(warnings, 'remark', 'remarks')}" if warnings else ""
    return f"Ready{remarks}: `visavis up` can start."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


async def nats(settings: Settings) -> list[Finding]:
    """Whether NATS answers, what it is, what it keeps, and which services are on it."""
    shown = settings.redacted_url
    greeting = await _greeting(settings.url)
    if greeting is None:
        if not settings.nats_url:
            return [ok("nats", "not running; `visavis up` starts an embedded one")]
        return [failure("nats", f"nobody answers at {shown}", f"start it, or unset {PREFIX}NATS_URL")]
    if not greeting.startswith(b"INFO "):
        remedy = f"end it, or check {PREFIX}NATS_URL and {PREFIX}NATS_PORT"
        return [failure("nats", f"what listens at {shown} is no NATS server", remedy)]
    try:
        async with (
            asyncio.timeout(PATIENCE),
            connect(settings, name="doctor", wait=PATIENCE, update_streams=False) as event_log,
        ):
            kept = [f"{name} {await event_log.last_sequence(name)}" for name in _STREAMS]
            services = sorted(f"{one.name} ({one.engine or one.version})" for one in await discover(event_log))
            version = event_log.nc.connected_server_version
            return [
                ok("nats", f"{version.major}.{version.minor}.{version.patch} at {shown}"),
                ok("streams", f"last sequences: {', '.join(kept)}"),
                ok("services", ", ".join(services) if services else "none running"),
                _dead_letters(await event_log.count(streams.DEAD, subjects.ALL_DEAD)),
            ]
    except TimeoutError:
        return [failure("nats", f"{shown} does not answer within {PATIENCE:g} s", "look at its log; start it again")]
    except VisavisError as error:
        return [failure("nats", error.detail, f"look at its log, or set {PREFIX}NATS_URL to another server")]


_STREAMS = (streams.CONVERSATIONS, streams.AUDIO, streams.FRAMES, streams.CHARACTERS)


def _dead_letters(count: int) -> Finding:
    if not count:
        return ok("dead letters", "none")
    remedy = "`visavis dead list` says which, `visavis dead requeue` puts them back"
    return warning("dead letters", f"{count}: work that was given up", remedy)


async def language_model(settings: Settings) -> list[Finding]:
    """Whether the language model's endpoint answers and has the model asked for."""
    if not settings.llm_url:
        return []
    from services.dialogue.openai import OpenAI

    about = "model"
    try:
        chat = OpenAI(settings.llm_url, key=settings.llm_key, first_token_timeout=PATIENCE)
    except VisavisError as error:
        return [failure(about, error.detail, f"correct {PREFIX}LLM_URL, or unset it for the offline companion")]
    try:
        names = await chat.models()
    except VisavisError as error:
        return [warning(about, error.detail, f"start it, or unset {PREFIX}LLM_URL for the offline companion")]
    finally:
        await chat.close()
    wanted = settings.llm_model
    if wanted and wanted not in names:
        return [warning(about, f"{wanted} is not listed, only {', '.join(names[:5])}", f"correct {PREFIX}LLM_MODEL")]
    return [ok(about, f"{wanted or names[0]} at {without_credentials(settings.llm_url)}")]


async def _greeting(url: str) -> bytes | None:
    """The first line that a server sends to whoever connects, empty where it is silent; None: nobody listens."""
    parts = urlsplit(url.split(",")[0] if "://" in url else f"nats://{url}")
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 4222)
    except (OSError, TimeoutError, ValueError):
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            return await reader.readline()
    except (OSError, TimeoutError, ValueError):
        return b""
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """All findings, in the order in which one would mend them."""
    for group in (
        checks.python(),
        checks.packages(),
        checks.programs(settings),
        checks.engines(settings),
        checks.data_folder(settings),
        checks.ports(settings),
    ):
        for finding in group:
            yield finding
    for finding in [*await language_model(settings), *await nats(settings)]:
        yield finding


async def doctor(settings: Settings, *, color: bool) -> int:
    """Report on standard output; returns the exit status: 1 where something stops `visavis up`."""
    found: list[Finding] = []
    async for finding in examine(settings):
        found.append(finding)
        print(line(finding, color=color), flush=True)
    print(verdict(found))
    return int(any(finding.state == "failure" for finding in found))
