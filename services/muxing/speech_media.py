"""Voice notes and videos as files, and what they are made of: the packets of speeches on the log."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal, cast

from bus import subjects
from bus.events import OPUS_FRAME, SPEECH_RATE, AudioOut
from bus.work.service import Reader

PACKETS_PER_SECOND = SPEECH_RATE // OPUS_FRAME
GAP = 6
"""Packets of silence between two sentences: 120 ms, and three frames of video."""
READ_SECONDS = 10.0
"""After which a speech whose end is missing counts as lost."""


@dataclass(frozen=True)
class Media:
    """A file that is sent to a person."""

    data: bytes
    """Ogg Opus of a voice note, MP4 of a video."""
    seconds: float
    kind: Literal["voice", "video"]


async def read_packets(
    reader: Reader, conversation: str, speech: str, *, timeout: float = READ_SECONDS
) -> tuple[bytes, ...]:
    """The Opus packets of a speech, 20 ms each; none of one that says nothing aloud.

    Raises:
        StreamStalled: its end is not on the log; the audio of an old one may have been removed.
    """
    packets: list[bytes] = []
    chunks = reader.follow(AudioOut, subjects.audio_out(conversation, speech), timeout=timeout)
    async with aclosing(cast("Any", chunks)) as following:
        async for chunk in following:
            known = len(packets) - chunk.sample // OPUS_FRAME  # a chunk may be delivered twice
            packets += chunk.packets[max(0, known) :]
    return tuple(packets)
