"""Which speeches of an answer go into one voice note, and which into one video."""

from __future__ import annotations

from collections.abc import Sequence

from bus.errors import StreamStalled
from bus.events import FRAMES_PER_SECOND, OPUS_FRAME, SPEECH_RATE
from bus.work.service import Reader
from services.channels.answering.answer_parts import group_by_size
from services.muxing.speech_media import GAP, read_packets

_SAFE_BITRATE = 96_000
"""Bits a second that speech at 32 kbit/s with a variable rate never reaches."""
_HEADERS = 4_096
"""Bytes of an Ogg file beside its packets and their lengths."""
_PER_PACKET = 2
"""Bytes that a packet of 20 ms takes in an Ogg file beside its own, its part of a page's header included."""
_FRAME = SPEECH_RATE // FRAMES_PER_SECOND
"""Samples of one frame of video."""
_AUDIO_PATIENCE = 5.0


async def groups_for_voice_notes(
    reader: Reader, conversation: str, speeches: Sequence[str], samples: Sequence[int], largest: int
) -> list[list[int]]:
    """The places of speeches by voice note: one, or as few as stay below the size, cut between sentences.

    Args:
        samples: lengths of the speeches at 48 kHz.
        largest: bytes.
    """
    estimated = [_estimated_bytes(one) for one in samples]
    if sum(estimated) + _HEADERS <= largest:
        return [list(range(len(speeches)))]
    sizes = [await _ogg_bytes(reader, conversation, *one) for one in zip(speeches, estimated, strict=True)]
    return group_by_size(sizes, largest - _HEADERS)


def groups_for_video(samples: Sequence[int], longest: float) -> list[list[int]]:
    """The places of speeches by video; none where a speech is too long for any.

    Args:
        samples: lengths of the speeches at 48 kHz.
        longest: seconds.
    """
    # Each begins on a whole frame, after a silence.
    lengths = [-(-one // _FRAME) * _FRAME + GAP * OPUS_FRAME for one in samples]
    most = int(longest * SPEECH_RATE) + GAP * OPUS_FRAME
    return group_by_size(lengths, most) if max(lengths) <= most else []


def _estimated_bytes(samples: int) -> int:
    return samples * _SAFE_BITRATE // (8 * SPEECH_RATE) + samples // OPUS_FRAME * _PER_PACKET


async def _ogg_bytes(reader: Reader, conversation: str, speech: str, estimated: int) -> int:
    """The bytes that a speech takes in an Ogg file; estimated where its packets cannot be had."""
    try:
        packets = await read_packets(reader, conversation, speech, timeout=_AUDIO_PATIENCE)
    except StreamStalled:
        return estimated
    return sum(len(packet) + _PER_PACKET for packet in packets)
