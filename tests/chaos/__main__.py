"""`python -m tests.chaos [--seed N] [--turns N]`: a long run; exit status 1 if anything was lost or duplicated."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from tests.chaos.run import run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--conversations", type=int, default=6)
    parser.add_argument("--notes", type=int, default=20, help="voice notes by a channel")
    parser.add_argument("--keep", type=Path, help="folder for the log and the output of the services")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # from this process's own clients, whose server is killed
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(
            run(
                folder,
                seed=arguments.seed,
                turns=arguments.turns,
                conversations=arguments.conversations,
                notes=arguments.notes,
            )
        )
    print(report)
    for line in report.findings:
        print(line, file=sys.stderr)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
