"""What goes wrong in a run: faults of many kinds, chosen by a seed."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tests.chaos import disks
from tests.chaos.deployment import Deployment, Undone

_FREEZE = (5.5, 8.0)
"""Seconds, longer than a lease."""
_DEAFENS = 30.0
"""Seconds for which a fault of a gateway or of the server lasts, with what follows from it."""
_STUTTER = (0.08, 0.02)
"""Seconds for which a server that stutters stands still, and for which it works."""

KILLS: Mapping[str, float] = {"kill": 6, "freeze": 2, "server": 1, "cut": 1}
"""What happens to one process at a time, and how often each kind does."""
EVERYTHING: Mapping[str, float] = {
    **KILLS, "frozen-server": 1, "stutter": 1, "all": 0.3, "full": 0.5, "power": 0.3, "restored": 0.3,
}  # fmt: skip
"""All kinds."""
PUT_BACK = "store put back"
GOING_BACK = ("power", "restored")
"""Those after which the log may be of an earlier moment."""


class FaultInjector:
    """Injects faults every few seconds, chosen by the seed.

    Args:
        faults: counts them.
        every: seconds between two of them.
        most: that are injected.
        victims: the workers that are killed and frozen; without a name, all of them.
        weights: the kinds, and how often each of them happens.
    """

    def __init__(
        self,
        deployment: Deployment,
        seed: int,
        faults: Counter[str],
        every: tuple[float, float],
        most: int = sys.maxsize,
        victims: Sequence[str] = (),
        weights: Mapping[str, float] = KILLS,
    ) -> None:
        self._world = deployment
        self._faults = faults
        self._every = every
        self._most = most
        self._victims = victims or deployment.workers
        self._weights = weights
        self._random = random.Random(seed)
        self._deafening: list[float] = []
        """When faults began that keep a gateway from hearing or from writing, by the monotonic clock."""
        self._server = asyncio.Lock()
        """Held while the server is down, frozen, or its store is another one."""
        self._kinds = {
            "kill": self._kill,
            "freeze": self._freeze,
            "server": self._restart_server,
            "cut": self._cut,
            "frozen-server": self._freeze_server,
            "stutter": self._stutter,
            "all": self._kill_all,
            "full": self._fill_disk,
            "power": self._cut_power,
            "restored": self._put_back,
        }

    async def inject(self) -> None:
        """Inject faults until cancelled; a process that is frozen then, or a wire that is cut, stays so."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._most):
                await asyncio.sleep(self._random.uniform(*self._every))
                (kind,) = self._random.choices(list(self._weights), weights=list(self._weights.values()))
                # All random choices are made here, so that the faults do not depend on how long things take.
                tasks.create_task(self._kinds[kind](self._random.choice(self._victims), self._random.random()))

    async def end(self, injecting: asyncio.Task[None]) -> None:
        """Stop injecting, and undo what lasts."""
        async with self._server:  # a store that is being swapped is whole again
            injecting.cancel()
            with suppress(asyncio.CancelledError):
                await injecting
        heal(self._world)

    def has_deafened(self, begun: float, end: float) -> bool:
        """Whether a fault was about, between two times of the monotonic clock, in which a gateway cannot hear."""
        return any(begun - _DEAFENS < at < end for at in self._deafening)

    async def _kill(self, worker: str, chance: float) -> None:
        self._count(f"kill -9 {worker.split('-')[0]}", worker)
        self._world.processes[worker].signal(signal.SIGKILL)

    async def _freeze(self, worker: str, chance: float) -> None:
        self._count("freeze beyond the lease", worker)
        self._world.processes[worker].signal(signal.SIGSTOP)
        await asyncio.sleep(_FREEZE[0] + chance * (_FREEZE[1] - _FREEZE[0]))
        self._world.processes[worker].signal(signal.SIGCONT)

    async def _cut(self, worker: str, chance: float) -> None:
        name, wire = sorted(self._world.wires.items())[round(chance * 1e6) % len(self._world.wires)]
        self._count(f"network cut of {name.split('-')[0]}", name)
        wire.cut()
        await asyncio.sleep(1 + 6 * chance)
        wire.mend()

    async def _restart_server(self, worker: str, chance: float) -> None:
        async with self._server:
            self._count("kill -9 nats-server")
            self._stop("nats")
            await asyncio.sleep(2 * chance)
            self._world.processes["nats"].allowed.set()

    async def _freeze_server(self, worker: str, chance: float) -> None:
        async with self._server:
            self._count("freeze nats-server")
            self._world.processes["nats"].signal(signal.SIGSTOP)
            await asyncio.sleep(2 + 13 * chance)
            self._world.processes["nats"].signal(signal.SIGCONT)

    async def _stutter(self, worker: str, chance: float) -> None:
        """The server is slow for a while, as with a disk that takes its time."""
        async with self._server:
            self._count("slow nats-server")
            end = time.monotonic() + 5 + 10 * chance
            while time.monotonic() < end:
                self._world.processes["nats"].signal(signal.SIGSTOP)
                await asyncio.sleep(_STUTTER[0])
                self._world.processes["nats"].signal(signal.SIGCONT)
                await asyncio.sleep(_STUTTER[1])

    async def _kill_all(self, worker: str, chance: float) -> None:
        async with self._server:
            self._count("kill -9 everything")
            for name in self._world.processes:
                self._stop(name)
            await asyncio.sleep(chance)
            self._allow_all()

    async def _fill_disk(self, worker: str, chance: float) -> None:
        """The disk of the log is full for a while; then the server is started again, as `visavis up` does."""
        async with self._server:
            self._count("full disk")
            with disks.filled(self._world.store):
                await asyncio.sleep(2 + 4 * chance)  # a phrase that is being spoken is given up after 10 s
            self._world.processes["nats"].signal(signal.SIGTERM)

    async def _cut_power(self, worker: str, chance: float) -> None:
        """Everything goes on from what the disk had at one moment, with all that was confirmed until then.

        The server stands still while its folders are copied: what it confirmed in between would not be in the copy. The
        files themselves may be half written. `tests.chaos.power_cut` starts copies that are torn.
        """
        async with self._server:
            self._count("power cut")
            self._world.processes["nats"].signal(signal.SIGSTOP)
            image = await asyncio.to_thread(disks.copy, self._world.store)
            for name in self._world.processes:
                self._stop(name)
            await self._swap(image)
            self._allow_all()

    async def _put_back(self, worker: str, chance: float) -> None:
        """The store is put back from an older copy, and services live on."""
        async with self._server:
            self._count(PUT_BACK)
            server = self._world.processes["nats"]
            begun = time.monotonic()
            server.signal(signal.SIGSTOP)
            image = await asyncio.to_thread(disks.copy, self._world.store)
            server.signal(signal.SIGCONT)
            await asyncio.sleep(2 + 18 * chance)
            self._stop("nats")
            await self._swap(image)
            self._world.undone.append(Undone(begun, time.monotonic()))
            server.allowed.set()

    async def _swap(self, image: disks.Image) -> None:
        await self._world.processes["nats"].exited()
        await asyncio.to_thread(disks.put_back, image, self._world.store)

    def _stop(self, name: str) -> None:
        process = self._world.processes[name]
        process.allowed.clear()
        process.signal(signal.SIGKILL)

    def _allow_all(self) -> None:
        for process in self._world.processes.values():
            process.allowed.set()

    def _count(self, name: str, worker: str = "nats") -> None:
        self._faults[name] += 1
        if worker.startswith(("gateway", "nats")):
            self._deafening.append(time.monotonic())


def heal(deployment: Deployment) -> None:
    """Undo the lasting faults."""
    for wire in deployment.wires.values():
        wire.mend()
    for process in deployment.processes.values():
        process.allowed.set()
        process.signal(signal.SIGCONT)
