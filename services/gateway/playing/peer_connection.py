"""The WebRTC connection to one browser."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Literal

import msgspec
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp
from cachetools import FIFOCache

from bus import clock
from bus.errors import InvalidInput
from services.audio import SILENCE
from services.gateway.ice.addresses import announce
from services.gateway.ice.configuration import IceConfiguration
from services.gateway.ice.ports import MediaSockets
from services.gateway.playing import aiortc_tuning
from services.gateway.playing.tracks import EncodedTrack

_MOST_CANDIDATES = 64
_MAX_PINGS = 64
_PING_INTERVAL = 1.0
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


class _Pong(msgspec.Struct, tag="pong", tag_field="type"):
    """What a page says on the control channel: it has received a ping."""

    at: int
    """As in the ping."""


class PeerConnection:
    """Microphone packets in, audio and video packets out, and a control channel.

    Args:
        user: name in the credentials for a TURN server.
        on_microphone_packet: takes sequence number, RTP timestamp, Opus payload and SSRC.
        on_delivered: takes the tick until which the browser has received what was sent; may be called for earlier ones,
            too.
        on_disconnect: called when the connection has failed, or the browser has closed it; takes which of both.
    """

    def __init__(
        self,
        ice: IceConfiguration,
        *,
        user: str,
        on_microphone_packet: aiortc_tuning.PacketSink,
        on_delivered: Callable[[int], None],
        on_disconnect: Callable[[Literal["failed", "closed"]], None],
    ) -> None:
        self._ice = ice
        self._sockets: MediaSockets | None = None
        self._on_microphone_packet = on_microphone_packet
        self._on_delivered = on_delivered
        self._on_disconnect = on_disconnect
        self._audio, self._video = EncodedTrack("audio"), EncodedTrack("video")
        # An empty list must be passed on: without one aiortc asks a public STUN server.
        configuration = RTCConfiguration(iceServers=ice.own_servers(user), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._pc = RTCPeerConnection(configuration)
        self._told = 0
        """How many candidates the browser has told after its offer."""
        self._control: RTCDataChannel | None = None
        self._tick = 0
        """The newest that was sent."""
        self._pings: FIFOCache[int, int] = FIFOCache(_MAX_PINGS)
        """The newest tick before each ping that the browser has not answered, by the ping's time."""
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
        for sender in self._pc.getSenders():
            aiortc_tuning.intercept_reports(sender, self._report_sink(sender.track))
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
        self._tick = tick
        self._audio.push(audio or SILENCE, tick * _AUDIO_CLOCK)
        if video is not None:
            self._video.push(video, tick * _VIDEO_CLOCK)

    def ping(self) -> None:
        """Send the time over the control channel: the page notices a dead connection by that, and answers it."""
        if self._control is not None and self._control.readyState == "open":
            at = clock.now() // 1000
            self._pings[at] = self._tick
            self._control.send(json.dumps({"type": "ping", "at": at}))

    async def keep_pinging(self) -> None:
        """Ping once a second, until cancelled."""
        while True:
            self.ping()
            await asyncio.sleep(_PING_INTERVAL)

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
        self._on_microphone_packet, self._on_disconnect, self._on_delivered = _ignore_packet, _ignore, _ignore
        self._audio.stop()
        self._video.stop()
        aiortc_tuning.forget_unattached(self._pc)
        try:
            # aiortc closes by itself, too, where the browser has: whoever comes second waits for that task, which may
            # have been cancelled and then never says that it is done.
            async with asyncio.timeout(_CLOSING):
                await self._pc.close()
        except TimeoutError:
            log.warning("the connection was not closed in time", extra={"seconds": _CLOSING})
        finally:
            sockets, self._sockets = self._sockets, None  # a second call must not free the port of another session
            if self._ice.ports is not None and sockets is not None:
                self._ice.ports.give_back(sockets)

    def _take_packet(self, sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
        self._on_microphone_packet(sequence, timestamp, payload, ssrc)

    def _on_connection_state(self) -> None:
        if self._pc.connectionState == "connected":
            self.connected.set()
        elif self._pc.connectionState in ("failed", "closed"):
            self._on_disconnect("closed" if self._pc.connectionState == "closed" else "failed")

    def _on_data_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == "control":
            self._control = channel
            channel.on("message", self._on_message)

    def _on_message(self, message: str | bytes) -> None:
        try:
            answered = msgspec.json.decode(message, type=_Pong).at
        except msgspec.MsgspecError:
            return  # a newer page may say more
        if answered in self._pings:
            self._on_delivered(self._pings.pop(answered))

    def _report_sink(self, track: MediaStreamTrack | None) -> Callable[[int], None]:
        """Takes the RTCP reports of what has been received of a track."""
        assert isinstance(track, EncodedTrack)
        clock_of_tick = _AUDIO_CLOCK if track.kind == "audio" else _VIDEO_CLOCK
        return lambda age: self._on_delivered((track.sent - age) // clock_of_tick)


def _ignore_packet(sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
    """Takes the packets that come after the end."""


def _ignore(_: object) -> None:
    """Is told of what concerns nobody any more."""
