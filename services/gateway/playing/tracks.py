"""Tracks that hand encoded packets to aiortc, which then only packetises them."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

_CLOCK = {"audio": 48_000, "video": 90_000}
_UNSENT = 50


class EncodedTrack(MediaStreamTrack):
    """Sends what is pushed. At most 50 packets wait; older ones are dropped where the network does not take them."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._time_base = Fraction(1, _CLOCK[kind])
        self._unsent: asyncio.Queue[av.Packet[Any] | None] = asyncio.Queue(_UNSENT)

    def push(self, data: bytes, pts: int) -> None:
        """Send an encoded packet; `pts` counts in the codec's RTP clock (48 kHz sound, 90 kHz pictures)."""
        packet: av.Packet[Any] = av.Packet(data)
        packet.pts = pts
        packet.time_base = self._time_base
        if self._unsent.full():
            self._unsent.get_nowait()
        self._unsent.put_nowait(packet)

    async def recv(self) -> av.Packet[Any]:
        """The next packet, for aiortc's sender."""
        packet = await self._unsent.get() if self.readyState == "live" else None
        if packet is None:
            raise MediaStreamError
        return packet

    def stop(self) -> None:
        super().stop()
        if self._unsent.full():
            self._unsent.get_nowait()
        self._unsent.put_nowait(None)
