"""A light WebRTC peer in place of a browser: plays sound into the call and records when media arrive."""

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
"""Root mean square from which a packet counts as audible (-40 dB of full scale)."""
_CONNECTS_WITHIN = 30.0


def now() -> float:
    """Seconds since 1970; the log has the same clock in microseconds."""
    return time.time()


@dataclass
class Arrivals:
    """Arrival times of packets, seconds since 1970."""

    audible: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    """Of the first packet of each picture."""


class Peer:
    """One call with one conversation."""

    def __init__(self, base: str) -> None:
        self.client = httpx2.AsyncClient(base_url=base, timeout=30)
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._microphone = EncodedTrack("audio")
        self._queue: list[bytes] = []
        self._speech_ends = 0
        """Packets left in the queue when the last audible one is sent."""
        self._speech_begins = 0
        """Packets left in the queue when the first audible one is sent."""
        self.speech_began = 0.0
        """When the first audible packet of the last utterance was sent."""
        self._speech_sent: asyncio.Future[float] | None = None
        self._decoder = OpusDecoder()
        self._picture = -1
        self._sender: asyncio.Task[None] | None = None
        self.arrivals = Arrivals()
        self.conversation = ""
        self.listens = True
        """False: the sound that arrives is not decoded."""

    async def connect(self, earlier: Peer | None = None) -> None:
        """Call.

        Args:
            earlier: a call of the same person, whose conversation goes on; None: a new person.
        Raises:
            TimeoutError: there was no connection within 30 s.
        """
        if earlier is None:
            opened = await self.client.post("/api/conversations")
            self.conversation = opened.raise_for_status().json()["id"]
        else:
            self.client.cookies, self.conversation = earlier.client.cookies, earlier.conversation
        self._pc.addTrack(self._microphone)
        self._pc.addTransceiver("video", direction="recvonly")
        self._pc.createDataChannel("control")
        await self._pc.setLocalDescription(await self._pc.createOffer())
        answer = await self.client.post(
            f"/api/conversations/{self.conversation}/rtc",
            content=self._pc.localDescription.sdp,
            headers={"content-type": "application/sdp"},
        )
        answer.raise_for_status()
        for transceiver in self._pc.getTransceivers():
            sink = self._on_audio if transceiver.kind == "audio" else self._on_video
            aiortc_tuning.intercept_packets(transceiver.receiver, sink)
        await self._pc.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        await self._until_connected()  # what is said before that is lost; a person sees that it still connects
        self._sender = asyncio.create_task(self._send_packets())

    async def _until_connected(self) -> None:
        changed = asyncio.Event()
        self._pc.on("connectionstatechange", changed.set)
        async with asyncio.timeout(_CONNECTS_WITHIN):
            while self._pc.connectionState != "connected":
                if self._pc.connectionState in ("failed", "closed"):
                    raise TimeoutError(f"the connection is {self._pc.connectionState}")
                await changed.wait()
                changed.clear()

    async def close(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
        await self._pc.close()
        await self.client.aclose()

    async def say(self, samples: Samples) -> float:
        """Play 48 kHz sound; returns the time at which its last audible packet was sent, seconds since 1970."""
        encoder = OpusEncoder()
        self._speech_sent = asyncio.get_running_loop().create_future()
        packets = [*encoder.push(samples), *encoder.flush()]
        loud = [number for number, level in enumerate(packet_loudness(samples)) if level > _AUDIBLE]
        self._speech_begins, self._speech_ends = len(packets) - 1 - loud[0], len(packets) - 1 - loud[-1]
        self._queue = packets
        return await self._speech_sent

    async def write(self, text: str) -> float:
        """Send a text message; returns the time of sending, seconds since 1970."""
        sent = now()
        answer = await self.client.post(f"/api/conversations/{self.conversation}/messages", json={"text": text})
        answer.raise_for_status()
        return sent

    async def interrupt(self) -> None:
        await self.client.post(f"/api/conversations/{self.conversation}/interrupt")

    async def _send_packets(self) -> None:
        loop = asyncio.get_running_loop()
        origin = loop.time()
        number = 0
        while True:
            packet = self._queue.pop(0) if self._queue else SILENCE
            self._microphone.push(packet, 960 * number)
            if self._speech_sent is not None and len(self._queue) == self._speech_begins:
                self.speech_began = now()
            if self._speech_sent is not None and len(self._queue) == self._speech_ends:
                self._speech_sent.set_result(now())
                self._speech_sent = None
            number += 1
            await asyncio.sleep(max(0.0, origin + number * 0.02 - loop.time()))

    def _on_audio(self, sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
        if not self.listens:
            return
        try:
            samples = self._decoder.decode(payload)
        except InvalidInput:
            return
        if rms(np.asarray(samples)) > _AUDIBLE:
            self.arrivals.audible.append(now())

    def _on_video(self, sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
        if timestamp != self._picture:
            self._picture = timestamp
            self.arrivals.pictures.append(now())
