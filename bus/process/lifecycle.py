"""The life of a process of Visavis: settings, logging, signals, exit status."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from bus.errors import ConfigurationError, VisavisError
from bus.process.logging_setup import set_up_logging
from bus.settings import Settings, read_settings

EXIT_CONFIGURATION = 78
"""Exit status where starting again cannot help (EX_CONFIG)."""


async def run_until_signalled(work: Coroutine[Any, Any, None]) -> None:
    """Do it until it ends or the process is asked to stop; it is then cancelled and may clean up."""
    task = asyncio.create_task(work)
    for stop in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(stop, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def run_process(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> int:
    """Read the settings and do the work; returns the exit status.

    What is known to go wrong is one line on standard error, without a traceback.
    """
    try:
        settings = read_settings(os.environ)
        set_up_logging(settings.log_level)
        asyncio.run(work(settings))
    except VisavisError as error:
        return _told(error)
    except BaseExceptionGroup as group:
        known, unknown = group.split(VisavisError)
        if known is None or unknown is not None:
            raise
        return _told(_first(known))
    return 0


def _first(group: BaseExceptionGroup[VisavisError]) -> VisavisError:
    error = group.exceptions[0]
    return error if isinstance(error, VisavisError) else _first(error)


def _told(error: VisavisError) -> int:
    print(f"error: {error.detail}", file=sys.stderr)
    return EXIT_CONFIGURATION if isinstance(error, ConfigurationError) else 1
