"""`python -m tests.attack [--seconds N] [--only NAME]`: strangers attack; exit status 1 if others noticed."""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import sys
import tempfile
from pathlib import Path

from tests.attack.attacks import ATTACKS
from tests.attack.run import HEADER, attack
from tests.attack.schema import schema

_ALL = (*ATTACKS, schema)


def main() -> int:
    names = [one.__name__ for one in _ALL]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="of each attack")
    parser.add_argument("--quiet", type=float, default=20, help="seconds of talk before the first attack")
    parser.add_argument("--files", type=int, default=1024, help="that each process of the system may open")
    parser.add_argument("--only", choices=names, action="append", help="this attack; may be repeated")
    parser.add_argument("--keep", type=Path, help="folder for the log and the output of the services")
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))  # the attacker's own connections
    chosen = [one for one in _ALL if one.__name__ in (arguments.only or names)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        print(HEADER, flush=True)
        running = attack(
            folder, chosen, seconds=arguments.seconds, quiet=arguments.quiet, files=arguments.files,
            show=lambda line: print(line, flush=True),
        )  # fmt: skip
        report = asyncio.run(running)
    for line in report.findings:
        print(line, file=sys.stderr)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
