"""The newest part of a stream of sound, addressed by sample positions from the start of the stream. Pure."""

from __future__ import annotations


class PcmBuffer:
    """16 kHz mono s16 between two positions of the stream."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self.start = 0
        """Position of the first sample that is kept."""

    @property
    def end(self) -> int:
        """Position after the last sample."""
        return self.start + len(self._pcm) // 2

    def append(self, pcm: bytes) -> None:
        """Add the next samples of the stream."""
        self._pcm += pcm

    def pcm(self, start: int, end: int) -> bytes:
        """The samples between two positions."""
        return bytes(self._pcm[2 * (start - self.start) : 2 * (end - self.start)])

    def discard_before(self, position: int) -> None:
        """Free the samples before this position."""
        if position > self.start:
            del self._pcm[: 2 * (position - self.start)]
            self.start = position
