"""The WebRTC connection to one browser."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Literal

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp

from bus import clock
from bus.errors import InvalidInput
from services.audio import SILENCE
from services.gateway.ice.addresses import announce
from services.gateway.ice.configuration import IceConfiguration
from services.gateway.ice.ports import MediaSockets
from services.gateway.playing import aiortc_tuning
from services.gateway.playing.tracks import EncodedTrack

_MOST_CANDIDATES = 64
_CODECS = ("audio/opus", "video/H264", "video/rtx")
TICK = 0.02
"""Seconds between two audio packets."""
_AUDIO_CLOCK = 960
"""RTP clock of the audio (48 kHz) in a tick."""
_VIDEO_CLOCK = 1800
"""RTP clock of the video (90 kHz) in a tick."""
_GATHERING = 2.0
"""Seconds that STUN and TURN servers may take: the answer waits for them, and the page not for long for that."""
_FAREWELL = 0.2
"""Seconds for the last message to leave before the connection is closed."""
_CLOSING = 5.0
"""Seconds that the connection may take to close."""

log = logging.getLogger(__name__)


class PeerConnection:
    """Microphone packets in, audio and video packets out, and a control channel.

    Args:
        user: name in the credentials for a TURN server.
        on_microphone_packet: takes sequence number, RTP timestamp, Opus payload and SSRC.
        on_disconnect: called when the connection has failed or is closed.
    """

    def __init__(
        self,
        ice: IceConfiguration,
        *,
        user: str,
        on_microphone_packet: aiortc_tuning.PacketSink,
        on_disconnect: Callable[[], None],
    ) -> None:
        self._ice = ice
        self._sockets: MediaSockets | None = None
        self._on_microphone_packet = on_microphone_packet
        self._on_disconnect = on_disconnect
        self._audio, self._video = EncodedTrack("audio"), EncodedTrack("video")
        # An empty list must be passed on: without one aiortc asks a public STUN server.
        configuration = RTCConfiguration(iceServers=ice.servers.own(user), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._pc = RTCPeerConnection(configuration)
        self._told = 0
        """How many candidates the browser has told after its offer."""
        self._control: RTCDataChannel | None = None
        self.connected = asyncio.Event()
        """Set once media flow, and for good."""

    async def answer(self, offer: RTCSessionDescription) -> str:
        """Accept the offer; returns the SDP of the answer, with all ICE candidates.

        Raises:
            InvalidInput: the offer cannot be answered.
            Exhausted: all ports for media are in use.
        """
        if self._ice.ports is not None:
            self._sockets = self._ice.ports.take()
        try:
            return await self._answer(offer)
        except BaseException as error:
            await self.close()
            if not isinstance(error, Exception):
                raise
            # SDP comes from strangers, and aiortc's parser raises exceptions of any kind
            raise InvalidInput(f"the offer cannot be answered: {type(error).__name__}: {error}") from error

    async def _answer(self, offer: RTCSessionDescription) -> str:
        # In the order of the offer: the first one's transport is kept, and aiortc stops those of all others.
        for track in sorted((self._audio, self._video), key=lambda one: offer.sdp.find(f"m={one.kind} ")):
            self._pc.addTrack(track)
        # Before the remote description: afterwards aiortc ignores preferences silently.
        for transceiver in self._pc.getTransceivers():
            codecs = RTCRtpSender.getCapabilities(transceiver.kind).codecs
            transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType in _CODECS])
            if transceiver.kind == "video":
                transceiver.direction = "sendonly"  # a camera is not looked at, and decoding it would cost much
        self._pc.on("connectionstatechange", self._on_connection_state)
        self._pc.on("datachannel", self._on_data_channel)
        await self._pc.setRemoteDescription(offer)
        for transceiver in self._pc.getTransceivers():
            if transceiver.kind == "audio":
                aiortc_tuning.intercept_packets(transceiver.receiver, self._take_packet)
        sockets = None if self._sockets is None else self._sockets.sockets
        aiortc_tuning.configure_gathering(self._pc, sockets, _GATHERING)
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        return announce(self._pc.localDescription.sdp, self._ice.addresses)

    async def add_candidates(self, lines: list[str]) -> None:
        """Try these addresses of the browser, too; those beyond 64 are left out.

        Args:
            lines: `candidate:…` (RFC 8839), all of addresses that can be sent to.
        """
        transport = self._pc.getTransceivers()[0].sender.transport.transport
        for line in lines[: _MOST_CANDIDATES - self._told]:
            self._told += 1
            await transport.addRemoteCandidate(candidate_from_sdp(line.removeprefix("candidate:")))

    def send(self, audio: bytes | None, video: bytes | None, tick: int) -> None:
        """Send the media of one tick, counted from the start of the connection.

        Args:
            audio: an Opus packet of 20 ms; None: silence.
            video: an H.264 access unit; None: the browser keeps its frame.
        """
        self._audio.push(audio or SILENCE, tick * _AUDIO_CLOCK)
        if video is not None:
            self._video.push(video, tick * _VIDEO_CLOCK)

    def ping(self) -> None:
        """Send the time over the control channel, by which the page notices a dead connection."""
        if self._control is not None and self._control.readyState == "open":
            self._control.send(json.dumps({"type": "ping", "at": clock.now() // 1000}))

    async def take_leave(self, why: Literal["replaced", "moved"]) -> None:
        """Tell the page over the control channel why this connection ends.

        Args:
            why: "replaced": another session has taken over, and the page must not connect again; "moved": this gateway
                ends, and the page is to connect again at once.
        """
        if self._control is not None and self._control.readyState == "open":
            self._control.send(json.dumps({"type": why}))
            await asyncio.sleep(_FAREWELL)

    async def close(self) -> None:
        """Close the connection; it calls nobody from then on, so that its owner is freed although aiortc, whose objects
        refer to each other, keeps this one until Python collects cycles."""
        self._on_microphone_packet, self._on_disconnect = _ignore_packet, _ignore_disconnect
        self._audio.stop()
        self._video.stop()
        try:
            # aiortc closes by itself, too, where the browser has: whoever comes second waits for that task, which may
            # have been cancelled and then never says that it is done.
            async with asyncio.timeout(_CLOSING):
                await self._pc.close()
        except TimeoutError:
            log.warning("the connection was not closed in time", extra={"seconds": _CLOSING})
        finally:
            if self._ice.ports is not None and self._sockets is not None:
                self._ice.ports.give_back(self._sockets)

    def _take_packet(self, sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
        self._on_microphone_packet(sequence, timestamp, payload, ssrc)

    def _on_connection_state(self) -> None:
        if self._pc.connectionState == "connected":
            self.connected.set()
        elif self._pc.connectionState in ("failed", "closed"):
            self._on_disconnect()

    def _on_data_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == "control":
            self._control = channel


def _ignore_packet(sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
    """Takes the packets that come after the end."""


def _ignore_disconnect() -> None:
    """Is told of the end by who has brought it about."""
