"""Collects what `visavis top` shows: discovery, the state of the streams, and the log of the last minutes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing

from msgspec.structs import replace

from bus import clock, codec, subjects
from bus.errors import BusError, LogReplaced, UndecodableEvent
from bus.log import streams
from bus.log.event_log import EventLog, Record
from bus.log.overview import Overview, overview
from bus.process.discovery import ServiceInfo, WorkerStats, discover, worker_stats
from visavis.watch.recent_log import WINDOW, RecentLog
from visavis.watch.snapshot import Gpu, Service, Snapshot, Worker

EXPECTED = ("gateway", "stt", "dialogue", "tts", "render")
"""Services that are shown also where none of that name answers."""
_DISCOVERY_WAIT = 0.4
"""Seconds that processes have to answer."""
_OLD_LETTERS = 5
"""Dead letters of before that are shown."""


class Watcher:
    """Looks at a running system through NATS; changes nothing in it."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._recent = RecentLog()
        self._newest = Snapshot(at=clock.now(), nats_away_since=None)
        self._processor: dict[str, tuple[float, float]] = {}
        """By worker: processor seconds, and when it told them."""
        self.caught_up = asyncio.Event()
        """Set once the log of the last minutes has been read."""

    async def follow(self) -> None:
        """Read the log of the last minutes and then what is new, until cancelled."""
        tasks = [asyncio.create_task(self._follow_facts()), asyncio.create_task(self._follow_dead_letters())]
        try:
            await asyncio.gather(*tasks)
        finally:
            waiting = set(tasks)
            while waiting:  # a request to NATS may swallow a cancellation
                for task in waiting:
                    task.cancel()
                _, waiting = await asyncio.wait(waiting, timeout=0.2)

    async def _follow_facts(self) -> None:
        while True:
            try:
                after = await self._read_window()
                self.caught_up.set()
                async with aclosing(
                    self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, after=after, follow=True)
                ) as records:
                    async for record in records:
                        self._add(record)
            except LogReplaced:
                self._recent.clear()

    async def _read_window(self) -> int:
        """Read the log of the last minutes; returns the sequence from which on nothing has been read."""
        after = await self._event_log.last_sequence(streams.CONVERSATIONS)
        since = await self._event_log.server_time() - WINDOW
        async with aclosing(self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS, since=since)) as records:
            async for record in records:
                self._add(record)
                after = max(after, record.sequence)
        return after

    def _add(self, record: Record) -> None:
        if record.is_copy:
            return
        try:
            self._recent.add(record.sequence, record.time, codec.decode_event(record.data))
        except UndecodableEvent:
            return  # it becomes a dead letter

    async def _follow_dead_letters(self) -> None:
        after = max(0, await self._event_log.last_sequence(streams.DEAD) - _OLD_LETTERS)
        async with aclosing(self._event_log.follow_anew(streams.DEAD, subjects.ALL_DEAD, after=after)) as records:
            async for record in records:
                try:
                    self._recent.add_dead_letter(codec.decode_dead_letter(record.data))
                except UndecodableEvent:
                    continue  # published by another program

    async def look(self) -> Snapshot:
        """The system as it is now; where NATS is away, as it was at the last look."""
        now = clock.now()
        try:
            if not self._event_log.connected:
                raise BusError("NATS is away")
            infos, stats, seen = await asyncio.gather(
                discover(self._event_log, wait=_DISCOVERY_WAIT),
                worker_stats(self._event_log, wait=_DISCOVERY_WAIT),
                overview(self._event_log),
            )
        except BusError:
            since = self._newest.nats_away_since or now
            self._newest = replace(self._newest, at=now, nats_away_since=since)
            return self._newest
        sessions = [int(one.metadata.get("sessions", "0")) for one in infos if one.name == "gateway"]
        self._newest = Snapshot(
            at=now,
            nats_away_since=None,
            services=self._services(infos, stats, seen),
            streams=seen.sizes,
            turns=self._recent.in_flight(now),
            latencies=self._recent.latencies(now),
            sessions=sum(sessions) if sessions else None,
            dead_letters=sum(seen.dead_letters.values()),
            failures=self._recent.failures(),
        )
        return self._newest

    def _services(
        self, infos: list[ServiceInfo], stats: Mapping[str, WorkerStats], seen: Overview
    ) -> tuple[Service, ...]:
        moment = time.monotonic()
        workers: dict[str, list[Worker]] = {name: [] for name in EXPECTED}
        for info in infos:
            workers.setdefault(info.name, []).append(_worker(info, stats.get(info.id), self._cores(info, moment)))
        self._processor = {info.id: (info.cpu_seconds, moment) for info in infos if info.cpu_seconds is not None}
        for name, waiting in seen.waiting.items():
            # Of the workers in the process of channels, some do not announce themselves.
            if waiting or seen.dead_letters.get(name):
                workers.setdefault(name, [])
        return tuple(
            Service(
                name=name,
                workers=tuple(found),
                waiting=seen.waiting.get(name),
                dead_letters=seen.dead_letters.get(name, 0),
            )
            for name, found in workers.items()
        )

    def _cores(self, info: ServiceInfo, moment: float) -> float | None:
        before = self._processor.get(info.id)
        if before is None or info.cpu_seconds is None or moment <= before[1]:
            return None
        return round(max(0.0, info.cpu_seconds - before[0]) / (moment - before[1]), 3)


def _worker(info: ServiceInfo, stats: WorkerStats | None, cores: float | None) -> Worker:
    totals = stats.endpoints[0] if stats is not None and stats.endpoints else None
    counts = {} if totals is None else totals.data
    tries = sum(counts.get(name, 0) for name in ("done", "failed", "interrupted", "superseded", "retries"))
    return Worker(
        id=info.id,
        host=info.host,
        pid=info.metadata.get("pid", ""),
        engine=info.engine_in_use,
        note=info.note,
        ready=bool(counts["ready"]) if "ready" in counts else info.metadata.get("ready", "1") == "1",
        memory=info.memory,
        cpu=cores,
        held=counts.get("held", 0),
        done=counts.get("done", 0),
        failed=counts.get("failed", 0),
        interrupted=counts.get("interrupted", 0),
        retries=counts.get("retries", 0),
        redeliveries=counts.get("redeliveries", 0),
        mean_seconds=round(totals.processing_time / tries / 1e9, 4) if totals is not None and tries else None,
        gpus=_gpus(info),
    )


def _gpus(info: ServiceInfo) -> tuple[Gpu, ...]:
    values: dict[tuple[str, str], dict[str, float]] = {}
    for one in info.gpus:
        key = (one.labels.get("gpu", ""), one.labels.get("name", ""))
        values.setdefault(key, {})[one.name] = one.value
    found = []
    for (_, name), read in values.items():
        used, total = read.get("gpu_memory_used_bytes"), read.get("gpu_memory_total_bytes")
        found.append(
            Gpu(
                name=name,
                utilisation=read.get("gpu_utilisation"),
                memory_used=None if used is None else int(used),
                memory_total=None if total is None else int(total),
            )
        )
    return tuple(found)
