"""Puts RTP packets back into sequence order with a bounded wait. Pure."""

from __future__ import annotations

_HALF = 1 << 15
_RESTART = 200
"""A jump ahead in the sequence numbers beyond this means that the sender has started again."""
LATE_RUN = 10
"""So many late packets without one in time between them mean that the sender has started again further back."""
_NEAR_LATE_RUN = 50
"""The same, where they are so little late that a network may have held them back."""


class ReorderBuffer:
    """The packets of one RTP stream that arrived before an earlier one. Gaps show in the timestamps of the output.

    Args:
        depth: later packets that may arrive before a missing one counts as lost.
    """

    def __init__(self, depth: int = 2) -> None:
        self._depth = depth
        self._next: int | None = None
        self._held: dict[int, tuple[int, bytes]] = {}
        self._late: set[int] = set()
        """Sequence numbers of the late packets since the last one in time."""

    def push(self, sequence: int, timestamp: int, payload: bytes) -> list[tuple[int, bytes]]:
        """Add a packet; returns (timestamp, payload) of the packets that are now in order."""
        if self._next is None:
            self._next = sequence
        ahead = (sequence - self._next) & 0xFFFF
        if ahead >= _HALF and not self._restarts_at(sequence):
            return []  # a duplicate, or too late to be played
        if ahead > _RESTART:
            self._held.clear()
            self._next = sequence
        self._late.clear()
        self._held[sequence] = (timestamp, payload)
        ready: list[tuple[int, bytes]] = []
        while self._held:
            packet = self._held.pop(self._next, None)
            if packet is not None:
                ready.append(packet)
            elif len(self._held) <= self._depth:
                break
            self._next = (self._next + 1) & 0xFFFF
        return ready

    def _restarts_at(self, sequence: int) -> bool:
        """Count a late packet; returns whether the sender has started again. A new SSRC begins anywhere (RFC 3550)."""
        assert self._next is not None
        self._late.add(sequence)  # in a set: duplicates do not count
        is_near = (self._next - sequence) & 0xFFFF <= _RESTART
        return len(self._late) >= (_NEAR_LATE_RUN if is_near else LATE_RUN)
