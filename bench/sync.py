"""What it costs that the embedded server has each message on the disk before it confirms it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

from bench.machine import percentiles, table
from bench.server import server
from bus import clock
from bus.events import AudioOut, Event, FrameBatch, MessageReceived
from bus.ids import new_id
from bus.log.event_log import EventLog, connect
from bus.settings import Settings

INTERVALS = ("2m", "1s", "always")
_AT_ONCE = 32


async def measure_sync(count: int, folder: str | None = None) -> str:
    """Milliseconds from publishing to the confirmation, one message after the other, by kind and interval.

    Args:
        folder: where the stores are; None: where temporary files are, which may be in memory.
    """
    rows: list[list[str]] = []
    for interval in INTERVALS:
        with tempfile.TemporaryDirectory(dir=folder) as place, server(Path(place), interval) as url:
            settings = Settings(nats_url=url, data=place, audio_bytes=256 << 20, frames_bytes=256 << 20)
            async with connect(settings, name="bench") as event_log:
                rows += await _rows(event_log, interval, count)
    return table(("to the disk", "message", "p50, ms", "p90", "p99", f"a second, {_AT_ONCE} at once"), rows)


async def _rows(event_log: EventLog, interval: str, count: int) -> list[list[str]]:
    def fact() -> Event:
        body = MessageReceived(message="m", text="What time is it?")
        return Event(id=new_id("e"), at=clock.now(), conversation="c", turn=new_id("t"), body=body)

    async def publish_fact() -> None:
        await event_log.append(fact())

    async def publish_sound() -> None:
        chunk = AudioOut(conversation="c", speech="s", index=0, sample=0, packets=(os.urandom(160),) * 20)
        await event_log.publish_media(chunk, new_id("a"))

    async def publish_pictures() -> None:
        units = (os.urandom(3_000),) * 10
        batch = FrameBatch(conversation="c", speech="s", index=0, frame=0, fps=25, phase=0, units=units)
        await event_log.publish_media(batch, new_id("f"))

    rows = []
    kinds = {"fact, 0.2 kB": publish_fact, "sound, 3 kB": publish_sound, "pictures, 30 kB": publish_pictures}
    for name, publish in kinds.items():
        for _ in range(20):
            await publish()
        took = []
        for _ in range(count):
            began = time.perf_counter()
            await publish()
            took.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        for _ in range(max(1, count // _AT_ONCE)):
            await asyncio.gather(*(publish() for _ in range(_AT_ONCE)))
        rate = max(1, count // _AT_ONCE) * _AT_ONCE / (time.perf_counter() - began)
        rows.append([interval, name, *(f"{one:.2f}" for one in percentiles(took, 50, 90, 99)), f"{rate:.0f}"])
    return rows
