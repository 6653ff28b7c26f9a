"""Writes Opus packets as an Ogg file (RFC 3533, RFC 7845), without encoding them again.

FFmpeg's muxer takes packets of its own encoder only: it writes that encoder's delay, which our packets do not have
(`services.audio.OpusEncoder`), and its version. Messengers show a file as a voice note by its header.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from bus.events import OPUS_FRAME, SPEECH_RATE

_VENDOR = b"Visavis"
_PAGE_PACKETS = 50
"""Packets on a page: one second of sound, after which players can start and seek."""
_BEGIN, _END = 2, 4
"""Flags of the first and the last page."""
_PAGE = struct.Struct("<4sBBqIIIB")
_CHECKSUM_AT = 22
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_SERIAL = 1
"""Of the only stream in the file."""


def write_ogg_opus(packets: Sequence[bytes]) -> bytes:
    """The file with these packets of 20 ms mono; its first sample is the first one of the first packet.

    Args:
        packets: at least one, each under 12 KB.
    """
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 0, SPEECH_RATE, 0, 0)
    tags = struct.pack("<8sI7sI", b"OpusTags", len(_VENDOR), _VENDOR, 0)
    pages = [_page([head], 0, 0, _BEGIN), _page([tags], 0, 1, 0)]
    for start in range(0, len(packets), _PAGE_PACKETS):
        on_page = packets[start : start + _PAGE_PACKETS]
        end = start + len(on_page)
        pages += _split(on_page, start, len(pages), last=end == len(packets))
    return b"".join(pages)


def _split(packets: Sequence[bytes], before: int, number: int, *, last: bool) -> list[bytes]:
    """Pages with these packets: more than one where the lengths do not fit in one page's table.

    Args:
        before: packets on earlier pages.
        number: of the first page.
    """
    pages: list[bytes] = []
    on_page: list[bytes] = []
    segments = 0
    for packet in packets:
        needed = len(packet) // 255 + 1
        if segments + needed > 255:
            before += len(on_page)
            pages.append(_page(on_page, before * OPUS_FRAME, number + len(pages), 0))
            on_page, segments = [], 0
        on_page.append(packet)
        segments += needed
    before += len(on_page)
    pages.append(_page(on_page, before * OPUS_FRAME, number + len(pages), _END if last else 0))
    return pages


def _page(packets: Sequence[bytes], samples: int, number: int, flags: int) -> bytes:
    """One page.

    Args:
        samples: in the stream up to the end of the page.
    """
    lengths = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    header = _PAGE.pack(b"OggS", 0, flags, samples, _SERIAL, number, 0, len(lengths))
    page = header + lengths + b"".join(packets)
    checksum = struct.pack("<I", _checksum(page))
    return page[:_CHECKSUM_AT] + checksum + page[_CHECKSUM_AT + 4 :]


def _checksum(data: bytes) -> int:
    """Ogg's CRC: that of zlib with all bits in the opposite order, from zero on and not inverted."""
    mirrored = zlib.crc32(data.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
