"""Reads the sound and the pictures of a conversation from the log into a session's play-out."""

from __future__ import annotations

from contextlib import aclosing

from bus.codec import decode_media
from bus.dropped import drop
from bus.errors import UndecodableEvent
from bus.events import AudioOut, FrameBatch
from bus.log.event_log import EventLog
from services.gateway.playing.floor import Floor


async def buffer_media(event_log: EventLog, floor: Floor, stream: str, subject: str, after: int) -> None:
    """Follow a stream until cancelled.

    Args:
        after: sequence after which it is read.
    """
    async with aclosing(event_log.follow_anew(stream, subject, after=after)) as records:
        async for record in records:
            try:
                message = decode_media(record.data)
            except UndecodableEvent as error:
                drop("undecodable", subject=record.subject, sequence=record.sequence, why=error.detail)
                continue
            if isinstance(message, AudioOut):
                floor.add_audio(message)
            elif isinstance(message, FrameBatch):
                floor.add_frames(message)
