"""`visavis channels`: which channels are configured, and whether they work. Works also where nothing runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from bus.errors import VisavisError
from bus.settings import Settings
from services.channels.accounts import CHANNELS, ChannelOption
from visavis.doctor import format_result
from visavis.doctor_checks import CheckResult, failure, hint, ok

PATIENCE = 30.0
"""Seconds that a channel has to answer."""
PAGE = "docs/channels.md"


def show_list(settings: Settings, *, as_json: bool) -> int:
    """Print each channel, whether it is on, and the setting that decides that."""
    rows = [
        {"name": option.name, "state": "on" if option.is_configured(settings) else "off", "setting": option.setting}
        for option in CHANNELS
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        print(f"{row['name']:10} {row['state']:4} {row['setting']}")
    return 0


async def check(settings: Settings, *, color: bool) -> int:
    """Print what works and what does not; returns the exit status: 1 where a channel that is on does not work."""
    failed = False
    async with aclosing(results(settings)) as found:
        async for result in found:
            failed |= result.state == "failure"
            print(format_result(result, color=color), flush=True)
    return int(failed)


async def results(
    settings: Settings, table: tuple[ChannelOption, ...] = CHANNELS, *, patience: float = PATIENCE
) -> AsyncGenerator[CheckResult, None]:
    """What was found of each channel."""
    for option in table:
        if not option.is_configured(settings):
            yield hint(option.name, "off", f"{option.switch_on}; {PAGE} has the steps")
            continue
        for result in await _check(option, settings, patience):
            yield result


async def _check(option: ChannelOption, settings: Settings, patience: float) -> list[CheckResult]:
    remedy = f"{PAGE} has the steps; or unset {option.setting}"
    try:
        channel = option.build(settings)
    except VisavisError as error:
        return [failure(option.name, error.detail, remedy)]
    try:
        async with asyncio.timeout(patience):
            return [ok(option.name, line) for line in await channel.check()]
    except VisavisError as error:
        return [failure(option.name, error.detail, remedy)]
    except TimeoutError:
        return [failure(option.name, f"no answer within {patience:g} s", "look at this machine's network; try again")]
    finally:
        await channel.close()
