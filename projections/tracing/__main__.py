"""Sends the spans of turns to an OpenTelemetry collector: `python -m projections.tracing`."""

from __future__ import annotations

import asyncio
import os
import sys

from bus.errors import ConfigurationError, InvalidInput, VisavisError
from bus.log.event_log import connect
from bus.process.lifecycle import EXIT_CONFIGURATION, run_until_signalled
from bus.process.logging_setup import set_up_logging
from bus.settings import Settings, read_settings


async def send_spans(settings: Settings, url: str, *, since: int | None, follow: bool) -> int:
    """Send the spans of turns until cancelled, or of those on the log; returns the number of turns.

    Raises:
        ConfigurationError: the extra tracing is not installed.
        InvalidInput: the address is none.
        VisavisError: NATS or the collector is away.
    """
    try:
        from projections.tracing.follower import SpanFollower
        from projections.tracing.sending import sender
    except ImportError as error:
        why = f"sending spans needs the extra tracing: pip install 'visavis[tracing]' ({error})"
        raise ConfigurationError(why) from error

    send = sender(url)
    async with connect(settings, name="tracing", wait=30.0 if follow else 5.0, update_streams=False) as event_log:
        follower = SpanFollower(event_log, send, settings.data_folder / "tracing.json")
        await follower.run(since=since, follow=follow)
    return follower.sent


def run(settings: Settings, *, endpoint: str | None, since: int | None, follow: bool) -> int:
    """Send spans until a signal, or those of turns on the log; returns the exit status.

    Args:
        endpoint: the collector's; None: as the settings say.
        since: also turns since then, microseconds since 1970; None: go on where the last run ended.
    Raises:
        InvalidInput: no collector is named.
    """
    url = endpoint or settings.otlp
    if not url:
        raise InvalidInput("no collector is named: give --endpoint URL, or set VISAVIS_OTLP")
    set_up_logging(settings.log_level)

    async def send() -> None:
        count = await send_spans(settings, url, since=since, follow=follow)
        print(f"{count} turn{'' if count == 1 else 's'} sent", file=sys.stderr)

    asyncio.run(run_until_signalled(send()))
    return 0


def main() -> int:
    """Follow the log and send spans as the settings say; 0 done, 1 failed, 78 a restart cannot help."""
    try:
        return run(read_settings(os.environ), endpoint=None, since=None, follow=True)
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return EXIT_CONFIGURATION if isinstance(error, ConfigurationError | InvalidInput) else 1


if __name__ == "__main__":
    sys.exit(main())
