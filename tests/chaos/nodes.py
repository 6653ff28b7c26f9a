"""`python -m tests.chaos.nodes [--rounds N]`: people talk while the nodes of a cluster are killed in turn; after each
kill all copies of the log are compared. Exit status 1 if anything was lost or doubled, or if a copy differs."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bus.log.event_log import connect
from bus.log.passwords import OPERATOR, read_passwords
from bus.settings import Settings
from tests.chaos.audit import audit_log, findings, read_log, unfinished_work
from tests.chaos.deployment import PAIRS, Deployment
from tests.chaos.language_model import language_model
from tests.chaos.persons import Person
from tests.chaos.run import PATIENCE
from tests.cluster.conftest import Nodes, all_copies, nodes_in
from visavis.up import publish_builtin_characters

_NODES = ("nats1", "nats2", "nats3")


class OnCluster(Deployment):
    """All services, each as a user of its own, on a cluster."""

    def __init__(self, folder: Path, model: str, nodes: Nodes) -> None:
        super().__init__(folder, model, PAIRS)
        self.wires = {}
        self._nodes = nodes
        limits = nodes.settings()
        self.environment |= {
            "VISAVIS_NATS_URL": limits.nats_url,
            "VISAVIS_NATS_PASSWORDS": limits.nats_passwords,
            "VISAVIS_NATS_REPLICAS": str(limits.nats_replicas),
            "VISAVIS_AUDIO_BYTES": str(limits.audio_bytes),
            "VISAVIS_FRAMES_BYTES": str(limits.frames_bytes),
        }

    @property
    def settings(self) -> Settings:
        return self._nodes.settings(audio_bytes=256 << 20, frames_bytes=256 << 20)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run all services while the context lasts."""
        async with connect(self.settings, name=OPERATOR) as event_log:
            await publish_builtin_characters(event_log)
        try:
            self._launch_workers()
            yield
        finally:
            await self._stop_workers()


async def run(folder: Path, *, rounds: int, conversations: int, seed: int) -> int:
    """Kill each node so many times; prints what was found, and returns the exit status."""
    chance = random.Random(seed)
    differences: list[str] = []
    nodes = nodes_in(folder / "cluster")
    try:
        async with language_model() as model:
            deployment = OnCluster(folder, model, nodes)
            people = connect(deployment.settings, name="gateway")
            async with deployment.running(), people as event_log:
                persons = [
                    Person(deployment.gateways, event_log, seed, number, watches=True, repeats=True)
                    for number in range(conversations)
                ]
                done = asyncio.Event()
                talking = [asyncio.create_task(person.talk(lambda: not done.is_set())) for person in persons]
                async with connect(deployment.settings, name=OPERATOR) as operator:
                    for node in _NODES * rounds:
                        await asyncio.sleep(chance.uniform(3, 8))
                        nodes.kill(node)
                        await asyncio.sleep(chance.uniform(0, 8))
                        nodes.start(node)
                        count, found = await all_copies(operator)
                        why = [f"{one.stream} on {one.node}: {one.why}" for one in found]
                        why += [f"{count} nodes"] if count != len(_NODES) else []
                        differences += [f"after {node} was killed: {one}" for one in why]
                done.set()
                await asyncio.gather(*talking)
                login = {
                    "user": OPERATOR,
                    "password": read_passwords(nodes.cluster.passwords)[OPERATOR],
                    "inbox_prefix": f"_INBOX_{OPERATOR}".encode(),
                }
                url = nodes.cluster.url.split(",")[0]
                undone = await unfinished_work(url, PATIENCE, **login)
                await asyncio.gather(*(person.close() for person in persons))
                log = await read_log(url, **login)
    finally:
        nodes.close()
    expected = {person.conversation: person.sent for person in persons}
    audit = audit_log(log, expected, watched=expected)
    wrong = [*findings(audit), *undone, *differences, *(turn for person in persons for turn in person.stuck)]
    print(
        f"{rounds * len(_NODES)} kills of nodes, the copies compared after each: {len(differences)} differences\n"
        f"{audit.turns} turns ({audit.spoken} spoken), {audit.complete} complete, {audit.interrupted} interrupted, "
        f"{audit.merged} merged, {audit.take_overs} work items taken over, {audit.dead} dead letters, "
        f"{len(wrong)} findings"
    )
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--conversations", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the logs and the output of the services")
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # from this process's own clients, whose servers are killed
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        return asyncio.run(
            run(folder, rounds=options.rounds, conversations=options.conversations, seed=options.seed)
        )


if __name__ == "__main__":
    sys.exit(main())
