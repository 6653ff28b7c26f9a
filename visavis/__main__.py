"""The `visavis` command. Data goes to standard output, words to standard error.

Exit status: 0 done, 1 it failed for a known reason (one line), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys

from bus.process import run_process


def _up(arguments: argparse.Namespace) -> int:
    from visavis.up import run

    return 1 if run_process(run) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="visavis", description="A self-hosted talking avatar on an event log.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start everything on this machine and keep it running until Ctrl-C")
    up.set_defaults(run=_up)
    return parser


def main() -> int:
    """Run the command line; returns the exit status."""
    arguments = _parser().parse_args()
    status: int = arguments.run(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
