"""`visavis tail`: prints the log as it grows, one line for each event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import datetime, tzinfo

import msgspec
from cachetools import FIFOCache

from bus import codec, subjects
from bus.errors import UndecodableEvent
from bus.events import (
    MICROPHONE_RATE,
    OPUS_FRAME,
    SPEECH_RATE,
    AudioIn,
    AudioOut,
    DeadLetter,
    Event,
    Media,
    tag_of,
)
from bus.log import streams
from bus.log.event_log import EventLog, Record, connect
from bus.settings import Settings
from projections.finding import find_conversation
from projections.printable import json_text, printable
from projections.replay.fact_summary import fact_summary
from projections.shown_persons import without_persons
from visavis.terminal import duration, painted, size

NEWEST_FACTS = 50
"""Facts printed at the start, where no conversation is named."""
NEWEST_DEAD_LETTERS = 5
CONNECT_TIMEOUT = 5.0
"""Seconds to wait for the server."""
_CACHED_TIMES = 10_000
"""Events whose time is kept for the delays of their effects."""
_COLORS = {
    "conversation": "36", "session": "36", "utterance": "32", "message": "32", "transcript": "32", "reply": "35",
    "speech": "34", "frames": "34", "playback": "33", "service": "31", "dead": "31", "media": "90",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A part of the log: a subject of a stream, after a sequence."""

    stream: str
    subject: str
    after: int = 0


class LineFormatter:
    """Formats records as lines. Keeps the times of events, for the delay of each event since its cause.

    Args:
        zone: time zone of the lines; None: the machine's own.
        only: id of a conversation; dead letters of others give no line.
    """

    def __init__(
        self, *, color: bool = False, as_json: bool = False, zone: tzinfo | None = None, only: str | None = None
    ) -> None:
        self._color = color
        self._json = as_json
        self._zone = zone
        self._only = only
        self._times: FIFOCache[str, int] = FIFOCache(_CACHED_TIMES)

    def format(self, stream: str, record: Record) -> str | None:
        """One record as one line, None for a dead letter of another conversation."""
        try:
            if stream == streams.CONVERSATIONS:
                return self._event(record, codec.decode_event(record.data))
            if stream == streams.DEAD:
                return self._dead(record, codec.decode_dead_letter(record.data))
            return self._media(record, codec.decode_media(record.data))
        except UndecodableEvent as error:
            if self._json:
                return self._as_json(record, {"undecodable": error.detail})
            text = printable(f"{len(record.data)} B on {record.subject}: {error.detail}")
            return self._row(record.time, _conversation(record.subject), "dead", "? undecodable", text)

    def _event(self, record: Record, event: Event) -> str:
        self._times[event.id] = event.at
        if self._json:
            return self._as_json(record, {"event": without_persons(msgspec.to_builtins(event))})
        began = self._times.get(event.cause or "")
        delay = "" if began is None else f"+{duration(event.at - began)}"
        tag = tag_of(event.body)
        return self._row(event.at, event.conversation, tag.split(".")[0], tag, fact_summary(event.body), delay)

    def _dead(self, record: Record, letter: DeadLetter) -> str | None:
        conversation = _conversation(letter.subject)
        if self._only is not None and conversation != self._only:
            return None
        if self._json:
            about = msgspec.to_builtins(letter)
            del about["data"]
            return self._as_json(record, {"dead": about})
        text = (
            f"{letter.service} gave up {letter.subject} ({letter.stream} {letter.sequence}) after {letter.deliveries} "
            f"tries: {letter.code}, {letter.detail}"
        )
        return self._row(letter.at, conversation, "dead", "✗ dead letter", printable(text))

    def _media(self, record: Record, media: Media) -> str:
        text = f"{media_summary(media)} {size(len(record.data))}"
        tag = str(media.__struct_config__.tag)
        if self._json:
            return self._as_json(record, {"media": tag, "content": text})
        return self._row(record.time, _conversation(record.subject), "media", f"♪ {tag}", text)

    def _as_json(self, record: Record, content: dict[str, object]) -> str:
        place = {"seq": record.sequence, "subject": record.subject, "time": record.time}
        return json_text(place | content)

    def _row(self, at: int, conversation: str, kind: str, tag: str, text: str, delay: str = "") -> str:
        time = datetime.fromtimestamp(at / 1_000_000).astimezone(self._zone)
        conversation = printable(conversation)
        clock = f"{time:%H:%M:%S}.{time.microsecond // 1000:03}"
        if not self._color:
            return f"{clock}  {conversation[:8]:8}  {tag:22}  {text}  {delay}".rstrip()
        color = _COLORS.get(kind, "0")
        line = f"{painted(clock, '90')}  {conversation[:8]:8}  {painted(f'{tag:22}', color)}  {text}"
        return f"{line}  {painted(delay, '90')}" if delay else line


def media_summary(media: Media) -> str:
    """The length of a batch of media, in numbers with units."""
    last = " final" if media.final else ""
    match media:
        case AudioIn():
            return f"{len(media.pcm) // 2} samples {1000 * (len(media.pcm) // 2) // MICROPHONE_RATE} ms{last}"
        case AudioOut():
            return f"{len(media.packets)} packets {1000 * len(media.packets) * OPUS_FRAME // SPEECH_RATE} ms{last}"
        case _:
            return f"{len(media.units)} frames {1000 * len(media.units) // media.fps} ms{last}"


def _conversation(subject: str) -> str:
    parts = subject.split(".")
    return parts[1] if len(parts) > 1 and parts[1] != "idle" else ""


async def sources(event_log: EventLog, conversation: str | None, *, media: bool) -> list[Source]:
    """The parts to read: all of a named conversation; otherwise the newest facts and dead letters, and new media."""

    async def from_end(stream: str, subject: str, count: int = 0) -> Source:
        return Source(stream, subject, max(0, await event_log.last_sequence(stream) - count))

    if conversation is None:
        found = [
            await from_end(streams.CONVERSATIONS, subjects.ALL_FACTS, NEWEST_FACTS),
            await from_end(streams.DEAD, subjects.ALL_DEAD, NEWEST_DEAD_LETTERS),
        ]
        if media:
            found.append(await from_end(streams.AUDIO, subjects.ALL_AUDIO))
            found.append(await from_end(streams.FRAMES, subjects.ALL_FRAMES))
        return found
    found = [Source(streams.CONVERSATIONS, subjects.facts_of(conversation)), Source(streams.DEAD, subjects.ALL_DEAD)]
    if media:
        found += [
            Source(streams.AUDIO, subjects.audio_of(conversation)),
            Source(streams.FRAMES, subjects.frames_of(conversation)),
        ]
    return found


async def backlog(event_log: EventLog, parts: Sequence[Source]) -> AsyncGenerator[tuple[Source, Record], None]:
    """The stored records of all parts, in the order of their time."""
    async with AsyncExitStack() as stack:
        readers = {
            part: await stack.enter_async_context(aclosing(event_log.read(part.stream, part.subject, after=part.after)))
            for part in parts
        }
        heads = {part: await anext(reader, None) for part, reader in readers.items()}
        while True:
            waiting = [(head.time, place, part) for place, (part, head) in enumerate(heads.items()) if head is not None]
            if not waiting:
                return
            part = min(waiting)[2]
            record = heads[part]
            assert record is not None
            yield part, record
            heads[part] = await anext(readers[part], None)


async def follow_all(event_log: EventLog, parts: Sequence[Source]) -> AsyncGenerator[tuple[Source, Record], None]:
    """New records of all parts as they arrive; stops reading while the caller takes none."""
    arrived: asyncio.Queue[tuple[Source, Record]] = asyncio.Queue(256)

    async def pump(part: Source) -> None:
        async with aclosing(event_log.follow_anew(part.stream, part.subject, after=part.after)) as records:
            async for record in records:
                await arrived.put((part, record))

    pumps = [asyncio.create_task(pump(part)) for part in parts]
    try:
        while True:
            taken = asyncio.create_task(arrived.get())
            done, _ = await asyncio.wait([taken, *pumps], return_when=asyncio.FIRST_COMPLETED)
            if taken not in done:
                taken.cancel()
                for pump_task in done:
                    await pump_task  # raises its error
                return
            yield taken.result()
    finally:
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def tail(
    settings: Settings,
    conversation: str | None,
    *,
    follow: bool,
    color: bool,
    media: bool,
    as_json: bool = False,
    wait: float = CONNECT_TIMEOUT,
) -> int:
    """Print the log; returns the exit status.

    Args:
        conversation: only this one, from its beginning; None: all, from the newest 50 facts on.
        follow: continue with new records, until cancelled.
        media: print audio and pictures too, one line a batch.
        as_json: print one JSON object a line, for programs.
        wait: seconds for the connection to the server.
    Raises:
        NotFound: there is no such conversation.
        BusError: there is no server.
        BrokenPipeError: the reader of standard output has gone.
    """
    async with connect(settings, name="tail", wait=wait, update_streams=False) as event_log:
        if conversation is not None:
            conversation = await find_conversation(event_log, conversation)
        formatter = LineFormatter(color=color, as_json=as_json, only=conversation)
        parts = await sources(event_log, conversation, media=media)
        reached = {part: part.after for part in parts}
        async with aclosing(backlog(event_log, parts)) as records:
            async for part, record in records:
                _print(formatter.format(part.stream, record))
                reached[part] = record.sequence
        if follow:
            rest = [Source(part.stream, part.subject, after) for part, after in reached.items()]
            async with aclosing(follow_all(event_log, rest)) as records:
                async for part, record in records:
                    _print(formatter.format(part.stream, record))
    return 0


def _print(line: str | None) -> None:
    if line is not None:
        print(line, flush=True)
