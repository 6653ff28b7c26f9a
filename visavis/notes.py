"""`visavis note`: says something to the running system through its folder for notes, and waits for the answer."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import msgspec

from bus import clock, codec, subjects
from bus.channel_events import (
    DeliveryEvent,
    DeliveryFailed,
    DeliveryGivenUp,
    DeliveryQueued,
    DeliverySent,
)
from bus.errors import BusError, ConfigurationError, InvalidInput, TooLarge, UndecodableEvent, VisavisError
from bus.events import TranscriptFinal
from bus.ids import new_id
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.process.discovery import discover
from bus.settings import PREFIX, Settings
from projections.printable import printable, printable_lines
from services.channels.folder import NAME, Folder, folder_of, taken_name
from services.channels.recordings.decoding import RecordingDecoder
from services.channels.recordings.notes import LARGEST
from visavis.doctor_checks import lock_holder

LIMIT = 120.0
"""Seconds to wait for an answer."""
_QUIET = 1.0
"""Seconds after which no further part of an answer is waited for."""
_WAIT = 5.0
"""Seconds to wait for NATS."""
_AGO = 2_000_000_000
"""Nanoseconds; a file that was changed so long ago is taken at once."""


async def note(
    settings: Settings, recording: Path | None, *, text: str | None, output: Path | None, limit: float = LIMIT
) -> int:
    """Put a recording or a text into the folder, and print what was understood, what was answered, and where it is.

    Args:
        output: where the answer's recording goes; None: it stays in the folder.
        limit: seconds to wait for the answer.
    Raises:
        InvalidInput: the file is no recording, or too long or too large.
        ConfigurationError: the folder is off, the file cannot be read, or the service watches another folder.
        BusError: Visavis does not run, or there was no answer in time.
    """
    path = folder_of(settings)
    if path is None:
        raise ConfigurationError(f"there is no folder for notes: {PREFIX}NOTES_FOLDER=off; unset it, and start again")
    data = (text or "").encode() if recording is None else await _read(recording, settings)
    if not data.strip():
        raise InvalidInput("nothing to say: name a recording, or give a text with --text")
    if output is not None and not (output.parent.is_dir() and os.access(output.parent, os.W_OK)):
        raise ConfigurationError(f"{output.parent} is no folder that can be written; the answer would be lost")
    if not settings.nats_url and lock_holder(settings) is None:
        raise BusError(f"Visavis does not run on {settings.data_folder}: start it with `visavis up`")
    name = f"{new_id('note-')[:13]}{'.txt' if recording is None else recording.suffix.lower() or '.ogg'}"
    async with connect(settings, name="note", wait=_WAIT, update_streams=False) as event_log:
        await _check_service(event_log, path)
        after = await event_log.last_sequence(streams.DELIVERIES)
        message = await asyncio.to_thread(_drop, Folder(path), name, data)
        answer = _Answer(event_log, message, is_command=(text or "").lower().startswith(("/", "link ")))
        try:
            async with asyncio.timeout(limit):
                await answer.wait(after)
        except TimeoutError:
            where = Folder(path).outbox / Path(name).stem
            raise BusError(f"no answer within {limit:g} s; it may still come, as {where}.*") from None
        heard = await answer.heard()
    _print(heard, answer, Folder(path), output)
    return 0


async def _read(recording: Path, settings: Settings) -> bytes:
    """The bytes of a recording that the service will take.

    Raises:
        ConfigurationError: it cannot be read.
        InvalidInput: it cannot be listened to.
    """
    try:
        size = (await asyncio.to_thread(recording.stat)).st_size
        if size > LARGEST:
            raise TooLarge(f"{recording} has {size} bytes; recordings may have {LARGEST}")
        data = await asyncio.to_thread(recording.read_bytes)
    except OSError as error:
        raise ConfigurationError(f"{recording} cannot be read: {error.strerror}") from error
    decoder = RecordingDecoder(settings.note_seconds)
    try:
        await decoder.decode(data)
    except VisavisError as error:
        raise InvalidInput(f"{recording} cannot be listened to: {error.detail}") from error
    finally:
        decoder.close()
    return data


async def _check_service(event_log: EventLog, folder: Path) -> None:
    """Raise an error where no running service watches the folder."""
    found = [one for one in await discover(event_log) if one.name == "channels"]
    if not found:
        raise BusError("the channels service does not run; what `visavis up` printed says why")
    watched = [
        channel["folder"]
        for one in found
        for channel in msgspec.json.decode(one.metadata.get("channels", "[]"), type=list[dict[str, str]])
        if channel["name"] == NAME and "folder" in channel
    ]
    if str(folder) not in watched:
        others = ", ".join(watched) or "none"
        raise ConfigurationError(
            f"the running service does not watch {folder} (it watches {others}): give this command the same "
            f"{PREFIX}DATA and {PREFIX}NOTES_FOLDER"
        )


def _drop(folder: Folder, name: str, data: bytes) -> str:
    """Put a file into the folder as a whole; returns the channel's id of the message."""
    temporary = folder.inbox / f".{name}"
    at = clock.now() * 1000 - _AGO
    try:
        temporary.write_bytes(data)
        os.utime(temporary, ns=(at, at))
        modified = temporary.stat().st_mtime_ns
        temporary.rename(folder.inbox / name)
    except OSError as error:
        raise ConfigurationError(f"{folder.inbox} cannot be written: {error.strerror}") from error
    return taken_name(name, modified)


class _Answer:
    """The messages that answer one message."""

    def __init__(self, event_log: EventLog, message: str, *, is_command: bool) -> None:
        self._event_log = event_log
        self._message = message
        self._is_command = is_command
        self.queued: dict[str, DeliveryQueued] = {}
        self.files: dict[str, str] = {}
        """Names of the files in the folder, by delivery."""

    async def wait(self, after: int) -> None:
        """Wait until the answer is complete.

        Args:
            after: sequence of the newest delivery before the question.
        """
        async with aclosing(self._events(after)) as events:
            reading = asyncio.ensure_future(anext(events))
            try:
                while True:
                    is_complete = self.files and self.files.keys() == self.queued.keys()
                    done, _ = await asyncio.wait((reading,), timeout=_QUIET if is_complete else None)
                    if not done:
                        return
                    self._apply(reading.result())
                    reading = asyncio.ensure_future(anext(events))
            finally:
                reading.cancel()
                await asyncio.wait((reading,))

    def _apply(self, event: DeliveryEvent) -> None:
        match event.body:
            case DeliveryQueued() as queued if self._is_ours(queued):
                self.queued[event.delivery] = queued
            case DeliverySent(message=file) if event.delivery in self.queued:
                self.files[event.delivery] = file
            case DeliveryFailed() | DeliveryGivenUp() if event.delivery in self.queued:
                raise BusError("the answer could not be delivered: `visavis dead list` says why")

    def _is_ours(self, queued: DeliveryQueued) -> bool:
        if queued.silent:
            return False  # what was understood, before the answer
        # The answer to a command refers to no message.
        return queued.reply_to == self._message or (self._is_command and not queued.reply_to and queued.turn is None)

    async def _events(self, after: int) -> AsyncGenerator[DeliveryEvent, None]:
        reading = self._event_log.read(streams.DELIVERIES, subjects.deliveries_of(NAME), after=after, follow=True)
        async with aclosing(reading) as records:
            async for record in records:
                try:
                    yield codec.decode_delivery_event(record.data)
                except UndecodableEvent:
                    continue  # of a newer version

    async def heard(self) -> str:
        """What was understood of a recording; empty: nothing, or it was a text."""
        for queued in self.queued.values():
            if queued.conversation is not None and queued.turn is not None:
                for _, fact in await self._event_log.facts(queued.conversation):
                    if fact.turn == queued.turn and isinstance(fact.body, TranscriptFinal):
                        return fact.body.text.strip()
        return ""


def _print(heard: str, answer: _Answer, folder: Folder, output: Path | None) -> None:
    if heard:
        print(f"understood: {printable(heard)}")
    spoken = []
    for delivery, queued in answer.queued.items():
        print(f"answered:   {printable_lines(queued.content.text.strip())}")
        if not answer.files[delivery].endswith(".txt"):
            spoken.append(folder.outbox / answer.files[delivery])
    for number, path in enumerate(spoken):
        target = path
        if output is not None:
            target = output if number == 0 else output.with_stem(f"{output.stem}-{number + 1}")
            try:
                shutil.copyfile(path, target)
            except OSError as error:
                raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from error
        print(f"recording:  {target}")
