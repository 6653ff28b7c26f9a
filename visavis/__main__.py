"""The `visavis` command. Prints data to standard output, messages to standard error.

Exit status: 0 done, 1 a known error (printed in one line), 2 wrong usage. What keeps running until it is stopped ends
like the services with 78 where it cannot run as configured.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from bus.errors import VisavisError
from bus.settings import read_settings
from projections.printable import printable
from visavis.commands import (
    analytics,
    carry,
    channels,
    characters,
    dead,
    fold,
    keep,
    keys,
    models,
    people,
    replay,
    rerun,
    system,
    tail,
    verify,
    watch,
)

_COMMANDS = (
    system, tail, watch, replay, verify, rerun, carry, fold, analytics, dead, models, characters, channels, keys,
    people, keep,
)  # fmt: skip
_KEEP_RUNNING = ("up", "cluster")


def command_line() -> argparse.ArgumentParser:
    """Parses the arguments of all commands.

    What it returns has `run`: called with it and the settings, it carries the command out, and gives an exit status
    or a coroutine that ends with one.
    """
    parser = argparse.ArgumentParser(prog="visavis", description="A self-hosted talking avatar on an event log.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for one in _COMMANDS:
        one.add(commands)
    return parser


def _status_of(error: VisavisError) -> int:
    from bus.process.lifecycle import status_of

    return status_of(error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parsed = command_line().parse_args(arguments)
    try:
        ended = parsed.run(parsed, read_settings(os.environ))
        if isinstance(ended, int):
            return ended
        import asyncio  # which takes longer to import than all the rest of `visavis --help`

        status: int = asyncio.run(ended)
    except VisavisError as error:
        print(f"error: {printable(error.detail)}", file=sys.stderr)
        return _status_of(error) if parsed.command in _KEEP_RUNNING else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone (`| head`). Python flushes standard output at its exit, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
