"""Puts RTP packets back in order with a bounded wait."""

from __future__ import annotations

_HALF = 1 << 15
_RESTART = 200


class ReorderBuffer:
    """Packets in order of sequence number; a missing one is waited for while at most `wait` later ones are here.

    Gaps show in the timestamps of what comes out.
    """

    def __init__(self, wait: int = 2) -> None:
        self._wait = wait
        self._next: int | None = None
        self._held: dict[int, tuple[int, bytes]] = {}
        self.lost = 0

    def push(self, sequence: int, timestamp: int, payload: bytes) -> list[tuple[int, bytes]]:
        """Take a packet; returns (timestamp, payload) of those that may go on now."""
        if self._next is None:
            self._next = sequence
        ahead = (sequence - self._next) & 0xFFFF
        if ahead >= _HALF:
            return []  # a double, or too late to be of use
        if ahead > _RESTART:
            self._held.clear()
            self._next = sequence
        self._held[sequence] = (timestamp, payload)
        ready: list[tuple[int, bytes]] = []
        while self._held:
            found = self._held.pop(self._next, None)
            if found is not None:
                ready.append(found)
            elif len(self._held) > self._wait:
                self.lost += 1
            else:
                break
            self._next = (self._next + 1) & 0xFFFF
        return ready
