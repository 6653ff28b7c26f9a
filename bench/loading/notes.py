"""Voice notes of a load test, so many a minute, through the folder that a running system watches."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.loading.lines import Line
from bus.ids import new_id
from services.audio import OpusEncoder, Samples
from services.channels.folder import Folder
from services.muxing.ogg import write_ogg_opus

PATIENCE = 60.0
"""Seconds until a note must have been answered."""
_LOOK = 0.05
_AGO = 2.0
"""Seconds since a file was written, after which the channel takes it at once."""


@dataclass
class Note:
    """A note that was sent, and its answer."""

    said: str
    sent: float
    """On the monotonic clock."""
    seconds: float | None = None
    """Until its answer lay in the folder; None: it does not yet."""
    reply: str = ""


@dataclass
class NoteSender:
    """Drops recordings into a folder for notes, and waits for the answers. All are of one sender, in one conversation.

    Args:
        folder: that the channels service of the system watches.
        lines: what is said, in turn.
        a_minute: how many.
    """

    folder: Path
    lines: Sequence[Line]
    a_minute: float
    notes: list[Note] = field(default_factory=list)

    async def send(self) -> None:
        """Send notes until cancelled, then wait for the answers to those that were sent."""
        files = Folder(self.folder)
        recordings = [(line, recording(line.samples)) for line in self.lines]
        test = new_id("load")[:12]
        waiting: set[asyncio.Task[None]] = set()
        try:
            for number, (line, data) in enumerate(itertools.cycle(recordings)):
                name = f"{test}-{number}"
                note = Note(line.text, time.monotonic())
                await asyncio.to_thread(_drop, files.inbox, f"{name}.ogg", data)
                self.notes.append(note)
                task = asyncio.create_task(_answered(note, files.outbox / f"{name}.txt"))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
                await asyncio.sleep(max(0.0, note.sent + 60 / self.a_minute - time.monotonic()))
        finally:
            await asyncio.gather(*waiting)


def recording(samples: Samples) -> bytes:
    """A voice note: Ogg Opus, from 48 kHz."""
    encoder = OpusEncoder()
    return write_ogg_opus([*encoder.push(samples), *encoder.flush()])


def _drop(inbox: Path, name: str, data: bytes) -> None:
    temporary = inbox / f".{name}"
    temporary.write_bytes(data)
    then = time.time() - _AGO
    os.utime(temporary, (then, then))
    temporary.rename(inbox / name)


async def _answered(note: Note, answer: Path) -> None:
    """Wait for the words of the answer, which come last."""
    while time.monotonic() < note.sent + PATIENCE:
        if await asyncio.to_thread(answer.exists):
            note.seconds = time.monotonic() - note.sent
            note.reply = await asyncio.to_thread(answer.read_text)
            return
        await asyncio.sleep(_LOOK)
