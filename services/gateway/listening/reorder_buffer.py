"""Puts RTP packets back into sequence order with a bounded wait. Pure."""

from __future__ import annotations

_HALF = 1 << 15
_RESTART = 200
"""A jump ahead in the sequence numbers beyond this means that the sender has started again."""
_LATE_RUN = 10
"""So many late packets in a row, each after the one before, mean that the sender has started again further back."""


class ReorderBuffer:
    """The packets of one RTP stream that arrived before an earlier one. Gaps show in the timestamps of the output.

    Args:
        depth: later packets that may arrive before a missing one counts as lost.
    """

    def __init__(self, depth: int = 2) -> None:
        self._depth = depth
        self._next: int | None = None
        self._held: dict[int, tuple[int, bytes]] = {}
        self._late = 0
        """Late packets in a row."""
        self._last_late = 0
        """Sequence number of the last late packet."""

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
        self._late = 0
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
        step = (sequence - self._last_late) & 0xFFFF
        if step:  # no duplicate
            self._late = self._late + 1 if step <= _LATE_RUN else 1
        self._last_late = sequence
        return self._late >= _LATE_RUN
