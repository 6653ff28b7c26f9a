"""A WebRTC peer in place of a browser."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from services.audio import SILENCE
from services.gateway.playing.tracks import EncodedTrack
from tests.services.gateway.conftest import Running


class Peer:
    """One call: sends silence, or what it is given to say, and keeps what it receives."""

    def __init__(self, *, answers_pings: bool = True) -> None:
        self.answers_pings = answers_pings
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.microphone = EncodedTrack("audio")
        self.heard: list[np.ndarray[tuple[int, ...], np.dtype[np.int16]]] = []
        """The sound received, 48 kHz mono."""
        self.shades: list[int] = []
        """The grey of each picture received."""
        self.pings: list[str] = []
        self.location = ""
        """Path of the session in the API."""
        self._tasks: list[asyncio.Task[None]] = []
        self._unsent: list[bytes] = []

    async def connect(self, gateway: Running, conversation: str) -> None:
        self.pc.addTrack(self.microphone)
        self.pc.addTransceiver("video", direction="recvonly")
        channel = self.pc.createDataChannel("control")

        @channel.on("message")
        def answer_ping(message: str) -> None:
            self.pings.append(message)
            told = json.loads(message)
            if self.answers_pings and told["type"] == "ping":
                channel.send(json.dumps({"type": "pong", "at": told["at"]}))

        self.pc.on("track", self._on_track)
        await self.pc.setLocalDescription(await self.pc.createOffer())
        answer = await gateway.client.post(
            f"/api/conversations/{conversation}/rtc",
            content=self.pc.localDescription.sdp,
            headers={"content-type": "application/sdp"},
        )
        assert answer.status_code == 201, answer.text
        self.location = answer.headers["location"]
        await self.pc.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        self._tasks.append(asyncio.create_task(self._talk()))

    def say(self, packets: list[bytes]) -> None:
        self._unsent.extend(packets)

    async def _talk(self) -> None:
        for number in range(100_000):
            self.microphone.push(self._unsent.pop(0) if self._unsent else SILENCE, 960 * number)
            await asyncio.sleep(0.02)

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._receive(track)))

    async def _receive(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if track.kind == "audio":
                self.heard.append(frame.to_ndarray().reshape(-1)[::2])  # type: ignore[union-attr]
            else:
                self.shades.append(int(np.median(frame.to_ndarray()[:100])))  # type: ignore[union-attr]

    def vanish(self) -> None:
        """Fall silent without a farewell, and receive nothing any more: another network, a lid that is closed."""
        ice: Any = self.pc.getTransceivers()[0].sender.transport.transport._connection
        for protocol in ice._protocols:
            protocol.transport.pause_reading()
            protocol.transport.sendto = lambda data, addr=None: None

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.pc.close()
