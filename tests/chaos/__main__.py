"""`python -m tests.chaos [--seed N] [--turns N]`: a long run; exit status 1 if anything was lost or duplicated."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from services.gateway.playing import aiortc_tuning
from tests.chaos.deployment import PAIRS
from tests.chaos.faults import EVERYTHING, GOING_BACK
from tests.chaos.run import run


def _kinds(wanted: Sequence[str] | None, *, notes: int) -> dict[str, float]:
    """The kinds of faults, and how often each happens."""
    # What a channel was told is sent stays sent where the log goes back: notes are for runs where it does not.
    return {
        kind: weight
        for kind, weight in EVERYTHING.items()
        if (kind in wanted if wanted else not (notes and kind in GOING_BACK))
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--conversations", type=int, default=6)
    parser.add_argument("--notes", type=int, default=20, help="voice notes by a channel")
    parser.add_argument("--calls", type=int, default=2, help="people who call by WebRTC")
    parser.add_argument("--kinds", nargs="+", choices=EVERYTHING, help="of faults; without it, all")
    parser.add_argument("--every", type=float, nargs=2, default=(3.0, 8.0), help="seconds between two faults")
    parser.add_argument("--keep", type=Path, help="folder for the log and the output of the services")
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)  # from this process's own clients, whose server is killed
    aiortc_tuning.apply_patches(loopback=True)
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
                calls=arguments.calls,
                every=tuple(arguments.every),
                workers=PAIRS,
                kinds=_kinds(arguments.kinds, notes=arguments.notes),
            )
        )
    print(report)
    for line in report.findings:
        print(line, file=sys.stderr)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
