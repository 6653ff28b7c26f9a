"""The main function of every process: settings, logging, signals, exit status."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from bus.errors import ConfigurationError, VisavisError
from bus.process.drain import Drain
from bus.process.logging_setup import set_up_logging
from bus.settings import Settings, read_settings

EXIT_CONFIGURATION = 78
"""Exit status if a restart cannot help (EX_CONFIG in sysexits.h)."""


async def run_until_signalled(work: Coroutine[Any, Any, None], drain: Drain | None = None) -> None:
    """Run until the work ends or a signal ends it.

    SIGINT cancels the work, which may then clean up, and so does SIGTERM without a `drain`. With one, SIGTERM begins
    the drain, and the work is cancelled once its time is over, or at the next signal. SIGHUP, of a terminal that is
    closed, is like SIGTERM, unless it is ignored, as `nohup` has it.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)

    def cancel() -> None:
        if not task.cancelling():  # it may be cleaning up
            task.cancel()

    def terminate() -> None:
        if drain is None or drain.seconds == 0 or drain.is_begun:
            cancel()
            return
        drain.begin()
        if drain.seconds is not None:
            loop.call_later(drain.seconds, cancel)

    loop.add_signal_handler(signal.SIGTERM, terminate)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, terminate)
    loop.add_signal_handler(signal.SIGINT, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


_SWITCH = 0.0005
"""Seconds after which a thread that computes lets the event loop go on: with Python's own 0.005 the loop waits as long
after each packet that it sends, and everybody's first sound with it."""
PRIVATE = 0o077
"""What a process writes is for its user alone."""


def run_process(
    work: Callable[[Settings], Coroutine[Any, Any, None]],
    *,
    set_up_logging: Callable[[str, int], None] = set_up_logging,
) -> int:
    """Read the settings, set up logging and run the work; returns the exit status.

    A `VisavisError` is reported as one line on standard error, without a traceback.
    """
    os.umask(PRIVATE)
    sys.setswitchinterval(_SWITCH)
    try:
        settings = read_settings(os.environ)
        set_up_logging(settings.log_level, settings.log_lines_per_minute)
        asyncio.run(work(settings))
    except VisavisError as error:
        return _report(error)
    except BaseExceptionGroup as group:
        known, unknown = group.split(VisavisError)
        if known is None or unknown is not None:
            raise
        return _report(_first_error(known))
    return 0


def _first_error(group: BaseExceptionGroup[VisavisError]) -> VisavisError:
    error = group.exceptions[0]
    return error if isinstance(error, VisavisError) else _first_error(error)


def _report(error: VisavisError) -> int:
    print(f"error: {error.detail}", file=sys.stderr)
    return status_of(error)


def status_of(error: VisavisError) -> int:
    """The exit status of a process that an error ends."""
    return EXIT_CONFIGURATION if isinstance(error, ConfigurationError) else 1
