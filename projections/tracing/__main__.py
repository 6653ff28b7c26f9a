"""Sends the spans of turns to an OpenTelemetry collector: `python -m projections.tracing`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from bus.errors import ConfigurationError, InvalidInput, VisavisError
from bus.log.event_log import connect
from bus.process.lifecycle import EXIT_CONFIGURATION, run_until_signalled
from bus.process.logging_setup import set_up_logging
from bus.settings import Settings, read_settings
from projections.moments import TIMES, time_argument


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--endpoint", metavar="URL", help="of the collector; default: VISAVIS_OTLP")
    parser.add_argument("--since", type=time_argument, metavar="TIME", help=f"such as {TIMES}; default: go on")
    parser.add_argument("--no-follow", action="store_true", help="end with the newest event")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Send spans as the arguments say; returns the exit status."""
    url = arguments.endpoint or settings.otlp
    if not url:
        raise InvalidInput("no collector is named: give --endpoint URL, or set VISAVIS_OTLP")
    set_up_logging(settings.log_level)
    follow = not arguments.no_follow

    async def send() -> None:
        count = await send_spans(settings, url, since=arguments.since, follow=follow)
        print(f"{count} turn{'' if count == 1 else 's'} sent", file=sys.stderr)

    asyncio.run(run_until_signalled(send()))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Send spans; 0 done, 1 failed, 78 a restart cannot help."""
    parser = argparse.ArgumentParser(prog="python -m projections.tracing", description=(__doc__ or "").split(":")[0])
    add_arguments(parser)
    try:
        return run(parser.parse_args(arguments), read_settings(os.environ))
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return EXIT_CONFIGURATION if isinstance(error, ConfigurationError | InvalidInput) else 1


if __name__ == "__main__":
    sys.exit(main())
