"""A light stand-in for a browser: speaks into the call and notes when what comes back arrives."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import httpx2
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from bus.errors import InvalidInput
from services.audio import SILENCE, OpusDecoder, OpusEncoder, Samples, packet_loudness, rms
from services.gateway.playing import aiortc_tuning
from services.gateway.playing.tracks import EncodedTrack

_AUDIBLE = 0.01
"""Root mean square from which a packet counts as heard (-40 dB of full scale)."""


def now() -> float:
    """Seconds since 1970, as the log counts."""
    return time.time()


@dataclass
class Arrivals:
    """When packets came, seconds since 1970."""

    audible: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    """The first packet of each picture."""


class Peer:
    """One call."""

    def __init__(self, base: str) -> None:
        self._client = httpx2.AsyncClient(base_url=base, timeout=30)
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._microphone = EncodedTrack("audio")
        self._unsaid: list[bytes] = []
        self._speech_ends = 0
        """Packets still unsaid when the last audible one leaves."""
        self._speech_begins = 0
        self.speech_began = 0.0
        """When the first audible packet of what was said last left."""
        self._said: asyncio.Future[float] | None = None
        self._decoder = OpusDecoder()
        self._picture = -1
        self._talking: asyncio.Task[None] | None = None
        self.arrivals = Arrivals()
        self.conversation = ""

    async def connect(self) -> None:
        self.conversation = (await self._client.post("/api/conversations")).json()["id"]
        self._pc.addTrack(self._microphone)
        self._pc.addTransceiver("video", direction="recvonly")
        self._pc.createDataChannel("control")
        await self._pc.setLocalDescription(await self._pc.createOffer())
        answer = await self._client.post(
            f"/api/conversations/{self.conversation}/rtc",
            content=self._pc.localDescription.sdp,
            headers={"content-type": "application/sdp"},
        )
        answer.raise_for_status()
        for transceiver in self._pc.getTransceivers():
            sink = self._sound if transceiver.kind == "audio" else self._video
            aiortc_tuning.intercept_packets(transceiver.receiver, sink)
        await self._pc.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        self._talking = asyncio.create_task(self._talk())

    async def close(self) -> None:
        if self._talking is not None:
            self._talking.cancel()
        await self._pc.close()
        await self._client.aclose()

    async def say(self, samples: Samples) -> float:
        """Say 48 kHz sound; returns when its last audible packet has left, seconds since 1970."""
        encoder = OpusEncoder()
        self._said = asyncio.get_running_loop().create_future()
        packets = [*encoder.push(samples), *encoder.flush()]
        loud = [number for number, level in enumerate(packet_loudness(samples)) if level > _AUDIBLE]
        self._speech_begins, self._speech_ends = len(packets) - 1 - loud[0], len(packets) - 1 - loud[-1]
        self._unsaid = packets
        return await self._said

    async def write(self, text: str) -> float:
        """Write a message; returns when it was sent."""
        sent = now()
        answer = await self._client.post(f"/api/conversations/{self.conversation}/messages", json={"text": text})
        answer.raise_for_status()
        return sent

    async def interrupt(self) -> None:
        await self._client.post(f"/api/conversations/{self.conversation}/interrupt")

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        origin = loop.time()
        number = 0
        while True:
            packet = self._unsaid.pop(0) if self._unsaid else SILENCE
            self._microphone.push(packet, 960 * number)
            if self._said is not None and len(self._unsaid) == self._speech_begins:
                self.speech_began = now()
            if self._said is not None and len(self._unsaid) == self._speech_ends:
                self._said.set_result(now())
                self._said = None
            number += 1
            await asyncio.sleep(max(0.0, origin + number * 0.02 - loop.time()))

    def _sound(self, sequence: int, timestamp: int, payload: bytes) -> None:
        try:
            samples = self._decoder.decode(payload)
        except InvalidInput:
            return
        if rms(np.asarray(samples)) > _AUDIBLE:
            self.arrivals.audible.append(now())

    def _video(self, sequence: int, timestamp: int, payload: bytes) -> None:
        if timestamp != self._picture:
            self._picture = timestamp
            self.arrivals.pictures.append(now())
