"""Media tracks whose packets are encoded already, so that aiortc only packetises them."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from bus.dropped import drop

_CLOCK_RATE = {"audio": 48_000, "video": 90_000}
_MAX_UNSENT = 50


class EncodedTrack(MediaStreamTrack):
    """A track that sends the packets pushed to it. At most 50 wait; a slow network makes it drop older ones."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._time_base = Fraction(1, _CLOCK_RATE[kind])
        self._unsent: asyncio.Queue[av.Packet[Any] | None] = asyncio.Queue(_MAX_UNSENT)
        self.sent = 0
        """`pts` of the newest packet that was given to the sender."""

    def push(self, data: bytes, pts: int) -> None:
        """Queue an encoded packet; `pts` counts in the codec's RTP clock (48 kHz audio, 90 kHz video)."""
        packet: av.Packet[Any] = av.Packet(data)
        packet.pts = pts
        packet.time_base = self._time_base
        if self._unsent.full():
            self._unsent.get_nowait()
            drop("media_packets", kind=self.kind)
        self._unsent.put_nowait(packet)

    async def recv(self) -> av.Packet[Any]:
        """The next packet; aiortc's sender calls it."""
        packet = await self._unsent.get() if self.readyState == "live" else None
        if packet is None:
            raise MediaStreamError
        assert packet.pts is not None
        self.sent = packet.pts
        return packet

    def stop(self) -> None:
        super().stop()
        if self._unsent.full():
            self._unsent.get_nowait()
        self._unsent.put_nowait(None)
