"""`python -m tests.chaos.rolling [--rounds N]`: people talk while everything is restarted by SIGTERM, one process after
the other, as an update does; exit status 1 if anything was lost or doubled."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from bus.log.event_log import connect
from tests.chaos.audit import audit_log, findings, read_log, unfinished_work
from tests.chaos.deployment import WORKERS, Deployment
from tests.chaos.language_model import language_model
from tests.chaos.persons import Person
from tests.chaos.run import PATIENCE

ALL = (*(name for name in WORKERS if name != "gateway"), "render-b", "gateway-a", "gateway-b")


async def restart(deployment: Deployment, name: str) -> float:
    """Restart one process, and wait until its successor is ready; returns the seconds until it had ended."""
    process = deployment.processes[name]
    exits, shown = len(process.statuses), deployment.log(name).stat().st_size
    began = time.monotonic()
    process.signal(signal.SIGTERM)
    while len(process.statuses) == exits:
        await asyncio.sleep(0.05)
    ended = time.monotonic() - began
    await until_ready(deployment, name, shown)
    return ended


async def until_ready(deployment: Deployment, name: str, after: int = 0) -> None:
    """Wait until a process says that it takes work.

    Args:
        after: bytes of its log that are of an earlier process.
    """
    while b"INFO ready" not in deployment.log(name).read_bytes()[after:]:
        await asyncio.sleep(0.1)


async def run(folder: Path, *, rounds: int, conversations: int, seed: int) -> int:
    """Restart everything so many times; prints what was found, and returns the exit status."""
    longest: Counter[str] = Counter()
    async with language_model() as endpoint:
        deployment = Deployment(folder, endpoint, ALL)
        async with deployment.running(), connect(deployment.settings, name="persons") as event_log:
            persons = [
                Person(deployment.gateways[number % 2], event_log, seed, number, watches=number == 0)
                for number in range(conversations)
            ]
            restarting = asyncio.Event()
            talking = [asyncio.create_task(person.talk(lambda: not restarting.is_set())) for person in persons]
            for name in ALL:
                await until_ready(deployment, name)
            for name in itertools.chain.from_iterable([ALL] * rounds):
                longest[name] = max(longest[name], await restart(deployment, name))  # type: ignore[assignment]
            restarting.set()
            await asyncio.gather(*talking)
            undone = await unfinished_work(deployment.url, PATIENCE)
            await asyncio.gather(*(person.close() for person in persons))
            log = await read_log(deployment.url)
            statuses = Counter(status for process in deployment.processes.values() for status in process.statuses)
    audit = audit_log(log, {person.conversation: person.sent for person in persons})
    wrong = [*findings(audit), *undone, *(turn for person in persons for turn in person.stuck)]
    print(
        f"{rounds * len(ALL)} restarts, exit statuses {dict(statuses)}\n"
        f"{audit.turns} turns ({audit.spoken} spoken), {audit.complete} complete, {audit.interrupted} interrupted, "
        f"{audit.merged} merged, {audit.take_overs} work items taken over, {audit.dead} dead letters, "
        f"{len(wrong)} findings\n"
        "longest seconds to end: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in longest.items())
    )
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--conversations", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as scratch, suppress(KeyboardInterrupt):
        return asyncio.run(
            run(
                Path(scratch), rounds=arguments.rounds, conversations=arguments.conversations, seed=arguments.seed
            )
        )
    return 130


if __name__ == "__main__":
    sys.exit(main())
