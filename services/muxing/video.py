"""Videos of the avatar: the pictures of its speeches as they were drawn, copied, and their sound as AAC, in one MP4."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias, cast

import av
from av.audio.frame import AudioFrame
from av.container import OutputContainer

from bus import subjects
from bus.errors import NotFound
from bus.events import FRAMES_PER_SECOND, OPUS_FRAME, SPEECH_RATE, FrameBatch
from bus.work.service import Reader
from services.audio import SILENCE, OpusDecoder
from services.muxing.speech_media import GAP, PACKETS_PER_SECOND, READ_SECONDS, Media, read_packets

_PACKETS_PER_FRAME = PACKETS_PER_SECOND // FRAMES_PER_SECOND
_AAC_BITRATE = 96_000

Picture: TypeAlias = tuple[bytes, bool]
"""An H.264 access unit, and whether it is a key frame."""


@dataclass(frozen=True)
class DrawnSpeech:
    """A speech with its pictures."""

    packets: tuple[bytes, ...]
    """Opus, 20 ms each."""
    pictures: tuple[Picture, ...]
    """40 ms each; none where it was not drawn."""


@dataclass(frozen=True)
class VideoContent:
    """What a video shows and sounds like."""

    packets: tuple[bytes, ...]
    pictures: tuple[tuple[int, Picture], ...]
    """Each with when it appears, in frames of 40 ms; it stays until the next one."""
    length: int
    """Frames in all."""


async def video_note(
    reader: Reader, conversation: str, speeches: Sequence[str], *, timeout: float = READ_SECONDS
) -> Media:
    """The speeches as one video, with a short silence between two.

    Each speech begins with its first picture, as in the page. Where pictures are missing, in the silence between two
    speeches or because drawing broke off, the last one stays.

    Args:
        timeout: seconds after which a speech whose end is missing counts as lost.
    Raises:
        NotFound: none of them says anything aloud, or none was drawn.
        StreamStalled: the end of a speech is not on the log.
    """
    drawn = [await _read(reader, conversation, speech, timeout) for speech in speeches]
    timeline = join_speeches(drawn)
    seconds = timeline.length / FRAMES_PER_SECOND
    if not timeline.pictures:
        raise NotFound(f"of {len(speeches)} speeches none was drawn")
    return Media(await asyncio.to_thread(write_mp4, timeline), seconds, "video")


async def _read(reader: Reader, conversation: str, speech: str, timeout: float) -> DrawnSpeech:
    packets = await read_packets(reader, conversation, speech, timeout=timeout)
    return DrawnSpeech(packets, await _read_pictures(reader, conversation, speech, timeout))


async def _read_pictures(reader: Reader, conversation: str, speech: str, timeout: float) -> tuple[Picture, ...]:
    subject = subjects.frames(conversation, speech)
    last = await reader.last_media(FrameBatch, subject)
    if last is None or not last.final:
        return ()  # not drawn, or not to its end: following it would wait for nothing
    pictures: list[Picture] = []
    async with aclosing(cast("Any", reader.follow(FrameBatch, subject, timeout=timeout))) as batches:
        async for batch in batches:
            if batch.frame == len(pictures):  # otherwise delivered twice
                pictures += [(unit, index == 0) for index, unit in enumerate(batch.units)]
    return tuple(pictures)


def _length(packets: Sequence[bytes]) -> int:
    """Frames that a speech of these packets takes."""
    return -(-len(packets) // _PACKETS_PER_FRAME)


def join_speeches(speeches: Sequence[DrawnSpeech]) -> VideoContent:
    """Speeches one after the other, with silence between two. Those that say nothing aloud are left out."""
    packets: list[bytes] = []
    pictures: list[tuple[int, Picture]] = []
    for speech in speeches:
        if not speech.packets:
            continue
        if packets:
            packets += [SILENCE] * GAP
        start = len(packets) // _PACKETS_PER_FRAME
        length = _length(speech.packets)
        packets += speech.packets
        packets += [SILENCE] * (length * _PACKETS_PER_FRAME - len(speech.packets))
        pictures += [(start + index, picture) for index, picture in enumerate(speech.pictures[:length])]
    if pictures:  # the first one is there from the beginning, also if the speech before it was not drawn
        pictures[0] = (0, pictures[0][1])
    return VideoContent(tuple(packets), tuple(pictures), len(packets) // _PACKETS_PER_FRAME)


def write_silent_mp4(pictures: Sequence[Picture]) -> bytes:
    """An MP4 of pictures alone, 40 ms each; at least one, the first a key frame."""
    return write_mp4(VideoContent((), tuple(enumerate(pictures)), len(pictures)))


def write_mp4(timeline: VideoContent) -> bytes:
    """An MP4 that plays while it is still being loaded (its index comes first); without packets it has no sound."""
    # FFmpeg reads the file once more to move its index to the front, so it has to be one.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        with (
            av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container,
            av.open(io.BytesIO(timeline.pictures[0][1][0]), "r", format="h264") as first_picture,
        ):
            video = container.add_stream_from_template(first_picture.streams.video[0])
            video.time_base = Fraction(1, FRAMES_PER_SECOND)
            if timeline.packets:
                _add_sound(container, timeline.packets)
            ends = [*(at for at, _ in timeline.pictures[1:]), timeline.length]
            for (at, (unit, key)), end in zip(timeline.pictures, ends, strict=True):
                packet = av.Packet(unit)
                packet.stream = video
                packet.time_base = Fraction(1, FRAMES_PER_SECOND)
                packet.pts = packet.dts = at
                packet.duration = end - at
                packet.is_keyframe = key
                container.mux(packet)
        return path.read_bytes()


def _add_sound(container: OutputContainer, packets: Sequence[bytes]) -> None:
    audio = container.add_stream("aac", rate=SPEECH_RATE, layout="mono", bit_rate=_AAC_BITRATE)
    decoder = OpusDecoder()
    for number, data in enumerate(packets):
        frame = AudioFrame.from_ndarray(decoder.decode(data).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = SPEECH_RATE, number * OPUS_FRAME
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))
