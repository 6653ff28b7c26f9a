"""Files of sound and pictures, made of the media on the log; those made last are kept, for players ask for parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing

from cachetools import LRUCache

from bus import codec, subjects
from bus.errors import NotFound, UndecodableEvent
from bus.events import (
    FRAMES_PER_SECOND,
    MICROPHONE_RATE,
    OPUS_FRAME,
    SPEECH_RATE,
    AudioIn,
    AudioOut,
    FrameBatch,
    MediaT,
)
from bus.log import streams
from bus.log.event_log import EventLog
from services.audio import OpusDecoder
from services.muxing.ogg import write_ogg_opus
from services.muxing.video import Picture, write_silent_mp4
from services.muxing.wav import write_wav

MOST_BYTES = 64 << 20
"""Of the files that are kept."""
_SAMPLES_PER_FRAME = SPEECH_RATE // FRAMES_PER_SECOND


class MediaFiles:
    """Makes files, one at a time: live sound and pictures go on meanwhile.

    Args:
        most_bytes: of the files that are kept.
    """

    def __init__(self, event_log: EventLog, *, most_bytes: int = MOST_BYTES) -> None:
        self._event_log = event_log
        self._kept: LRUCache[tuple[str | int, ...], bytes] = LRUCache(most_bytes, getsizeof=len)
        self._making = asyncio.Lock()

    async def person_sound(self, conversation: str, utterance: str) -> bytes:
        """What the person said, as WAV.

        Raises:
            NotFound: it is no longer on the log.
        """

        async def make() -> bytes:
            pcm = bytearray()
            for chunk in await self._read(AudioIn, subjects.audio_in(conversation, utterance)):
                known = len(pcm) // 2 - chunk.sample  # a chunk may be on the log twice
                pcm += chunk.pcm[2 * max(0, known) :]
            return await asyncio.to_thread(write_wav, bytes(pcm), MICROPHONE_RATE)

        return await self._file(("person", conversation, utterance), make)

    async def character_sound(self, conversation: str, speech: str, samples: int, *, ogg: bool) -> bytes:
        """What the character said, up to so many samples at 48 kHz: as Ogg Opus, copied, or as WAV, which every browser
        plays.

        Raises:
            NotFound: it is no longer on the log.
        """

        async def make() -> bytes:
            packets: list[bytes] = []
            for chunk in await self._read(AudioOut, subjects.audio_out(conversation, speech)):
                known = len(packets) - chunk.sample // OPUS_FRAME
                packets += chunk.packets[max(0, known) :]
            heard = packets[: -(-samples // OPUS_FRAME)]
            if not heard:
                raise NotFound("this clip has no sound")
            if ogg:
                return await asyncio.to_thread(write_ogg_opus, heard)
            return await asyncio.to_thread(_decoded, heard, samples)

        return await self._file(("ogg" if ogg else "wav", conversation, speech, samples), make)

    async def video(self, conversation: str, speech: str, samples: int) -> bytes:
        """The pictures of what the character said, for so many samples of sound at 48 kHz, as MP4, copied.

        Raises:
            NotFound: they are no longer on the log.
        """

        async def make() -> bytes:
            pictures: list[Picture] = []
            for batch in await self._read(FrameBatch, subjects.frames(conversation, speech)):
                if batch.frame == len(pictures):  # otherwise it is on the log twice
                    pictures += [(unit, index == 0) for index, unit in enumerate(batch.units)]
            seen = pictures[: -(-samples // _SAMPLES_PER_FRAME)]
            if not seen:
                raise NotFound("this clip has no pictures")
            return await asyncio.to_thread(write_silent_mp4, seen)

        return await self._file(("mp4", conversation, speech, samples), make)

    async def silent_face(self, key: tuple[str | int, ...], pictures: Callable[[], Sequence[Picture]]) -> bytes:
        """A piece of the face between speeches as MP4.

        Args:
            key: of all that it depends on.
            pictures: makes its pictures, in a thread.
        Raises:
            NotFound: there are none.
        """

        async def make() -> bytes:
            return await asyncio.to_thread(lambda: write_silent_mp4(pictures()))

        return await self._file(("face", *key), make)

    async def _file(self, key: tuple[str | int, ...], make: Callable[[], Awaitable[bytes]]) -> bytes:
        async with self._making:
            found = self._kept.get(key)
            if found is None:
                found = await make()
                if len(found) <= self._kept.maxsize:
                    self._kept[key] = found
            return found

    async def _read(self, kind: type[MediaT], subject: str) -> list[MediaT]:
        """The media on a subject, as far as they are there.

        Raises:
            NotFound: their beginning is not.
        """
        found: list[MediaT] = []
        async with aclosing(self._event_log.read(streams.stream_of(subject), subject)) as records:
            async for record in records:
                try:
                    message = codec.decode_media(record.data)
                except UndecodableEvent:
                    break  # what follows would be at the wrong time
                if isinstance(message, kind):
                    found.append(message)
        if not found or found[0].index:
            raise NotFound(self._expired(kind))
        return found

    def _expired(self, kind: type[object]) -> str:
        if kind is FrameBatch:
            return "its pictures are no longer on the log: they are kept for 24 hours, as far as there is space"
        days = self._event_log.settings.audio_days
        return f"its sound is no longer on the log: it is kept for {days} days, as far as there is space"


def _decoded(packets: Sequence[bytes], samples: int) -> bytes:
    """The sound of these packets as WAV, so many samples of it."""
    decoder = OpusDecoder()
    pcm = b"".join(decoder.decode(packet).tobytes() for packet in packets)
    return write_wav(pcm[: 2 * samples], SPEECH_RATE)
