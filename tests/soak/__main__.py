"""`python -m tests.soak [--minutes N] [--seed N]`: people talk under faults; exit status 1 if anything was lost or has
grown."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from services.gateway.playing import aiortc_tuning
from tests.soak.report import report_lines
from tests.soak.run import Plan, soak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the log, the output of the services and the samples")
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)  # of clients whose server is killed, and of servers that break answers
    aiortc_tuning.apply_patches(loopback=True)
    seconds = 60 * arguments.minutes
    plan = Plan(seconds=seconds, warm_up=seconds / 4, every=max(1.0, seconds / 360), faults=(20, 60), pause=(1, 4))
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(soak(folder, plan, arguments.seed))
    print("\n".join(report_lines(report)))
    for line in report.findings:
        print(line, file=sys.stderr)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
