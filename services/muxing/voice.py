"""Voice notes of the avatar: the packets of its speeches in one Ogg file, never encoded again."""

from __future__ import annotations

from collections.abc import Sequence

from bus.errors import NotFound
from bus.work.service import Reader
from services.audio import SILENCE
from services.muxing.ogg import write_ogg_opus
from services.muxing.speech_media import GAP, PACKETS_PER_SECOND, READ_SECONDS, Media, read_packets


async def voice_note(
    reader: Reader, conversation: str, speeches: Sequence[str], *, timeout: float = READ_SECONDS
) -> Media:
    """The speeches as one voice note, with a short silence between two.

    Args:
        timeout: seconds after which a speech whose end is missing counts as lost.
    Raises:
        NotFound: none of them says anything aloud.
        StreamStalled: the end of a speech is not on the log.
    """
    read = [await read_packets(reader, conversation, speech, timeout=timeout) for speech in speeches]
    packets = join_packets([packets for packets in read if packets])
    if not packets:
        raise NotFound(f"{len(speeches)} speeches hold no sound")
    return Media(write_ogg_opus(packets), len(packets) / PACKETS_PER_SECOND, "voice")


def join_packets(spoken: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The packets of speeches one after the other, with silence between two."""
    joined: list[bytes] = []
    for packets in spoken:
        if joined:
            joined += [SILENCE] * GAP
        joined += packets
    return joined
