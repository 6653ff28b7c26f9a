"""All patches to the internals of aiortc; `test_aiortc_tuning.py` checks that each still takes effect.

Unpatched, aiortc 1.16 delays the microphone by 80 ms (by 300 ms for ever after one lost packet), offers no
playout-delay extension (one stall of the sender then costs half a minute of latency) and no loopback addresses.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import Any

import aioice.ice
import aiortc.codecs
import aiortc.rtp
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.turn import UDP_SOCKET_BUFFER_SIZE
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters
from aiortc.rtp import RTP_HISTORY_SIZE, AnyRtcpPacket, RtcpRrPacket, RtcpSrPacket, RtpPacket

PLAYOUT_DELAY_URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
_PLAYOUT_DELAY_ID = 5
_MAX_DELAY = 100
"""Milliseconds for which a browser may delay frames to absorb jitter."""
DYNAMIC_PAYLOAD_TYPES = (*range(35, 64), *range(96, 128))
"""Those that an offer may give a meaning to (RFC 5761, section 4); browsers use the lower ones once the others are
taken, and aiortc answers with numbers of its own there."""

PacketSink = Callable[[int, int, bytes, int], None]
"""Takes the sequence number, RTP timestamp, payload and SSRC of a packet; one that starts again has another SSRC."""


class _PlayoutDelayExtensions(aiortc.rtp.HeaderExtensionsMap):
    """The extensions of one RTP stream, with the playout delay on video (minimum 0, maximum `_MAX_DELAY`)."""

    _id: int | None = None
    # Two fields of 12 bits, in units of 10 ms.
    _value = (_MAX_DELAY // 10).to_bytes(3, "big")

    def configure(self, parameters: Any) -> None:
        super().configure(parameters)
        for extension in parameters.headerExtensions:
            if extension.uri == PLAYOUT_DELAY_URI:
                self._id = extension.id

    def set(self, values: Any) -> tuple[int, bytes]:
        profile, data = super().set(values)
        # Only video negotiates the absolute send time, which tells it from audio.
        if self._id is None or values.abs_send_time is None:
            return profile, data
        extensions = [*aiortc.rtp.unpack_header_extensions(profile, data), (self._id, self._value)]
        return aiortc.rtp.pack_header_extensions(extensions)


def apply_patches(*, loopback: bool) -> None:
    """Patch aiortc in this process; a second call changes nothing.

    Args:
        loopback: offer 127.0.0.1 too, for a browser on the same machine without another network.
    """
    video = aiortc.codecs.HEADER_EXTENSIONS["video"]
    if all(extension.uri != PLAYOUT_DELAY_URI for extension in video):
        video.append(RTCRtpHeaderExtensionParameters(id=_PLAYOUT_DELAY_ID, uri=PLAYOUT_DELAY_URI))
    aiortc.rtp.DYNAMIC_PAYLOAD_TYPES = DYNAMIC_PAYLOAD_TYPES  # type: ignore[assignment]
    aiortc.rtp.HeaderExtensionsMap = _PlayoutDelayExtensions  # type: ignore[misc]
    if loopback and aioice.ice.get_host_addresses is not _addresses_with_loopback:
        aioice.ice.get_host_addresses = _addresses_with_loopback


_host_addresses = aioice.ice.get_host_addresses


def _addresses_with_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    addresses: list[str] = _host_addresses(use_ipv4, use_ipv6)
    return [*addresses, "127.0.0.1"] if use_ipv4 else addresses


class _PacketInterceptor:
    """Replaces a receiver's jitter buffer: passes packets to a sink as they come, and gives aiortc none to decode."""

    def __init__(self, sink: PacketSink) -> None:
        self._sink = sink

    def add(self, packet: Any) -> tuple[bool, None]:
        self._sink(packet.sequence_number, packet.timestamp, packet._data, packet.ssrc)
        return False, None


def intercept_packets(receiver: RTCRtpReceiver, sink: PacketSink) -> None:
    """Send a receiver's packets to a sink instead of its jitter buffer; statistics and receiver reports still work."""
    name = "_RTCRtpReceiver__jitter_buffer"
    if not hasattr(receiver, name):
        raise RuntimeError(f"this aiortc has no {name}")
    setattr(receiver, name, _PacketInterceptor(sink))


def intercept_reports(sender: RTCRtpSender, sink: Callable[[int], None]) -> None:
    """Pass on what the other end reports to have received of a sender's packets.

    Args:
        sink: takes by how much the newest received packet is older than the newest sent one, in the codec's RTP clock.
            Not called where a packet is reported that was sent more than 128 packets ago.
    """
    name = "_RTCRtpSender__rtp_history"
    if not hasattr(sender, name) or not hasattr(sender, "_RTCRtpSender__rtp_timestamp"):
        raise RuntimeError(f"this aiortc has no {name}")
    handle = sender._handle_rtcp_packet

    async def handle_and_pass_on(packet: AnyRtcpPacket) -> None:
        await handle(packet)
        history: dict[int, RtpPacket] = getattr(sender, name)
        newest: int = sender._RTCRtpSender__rtp_timestamp
        for report in packet.reports if isinstance(packet, RtcpRrPacket | RtcpSrPacket) else ():
            sequence = report.highest_sequence & 0xFFFF
            received = history.get(sequence % RTP_HISTORY_SIZE)
            if report.ssrc == sender._ssrc and received is not None and received.sequence_number == sequence:
                sink((newest - received.timestamp) & 0xFFFFFFFF)

    sender._handle_rtcp_packet = handle_and_pass_on  # type: ignore[method-assign]


def forget_unattached(peer: Any) -> None:
    """Forget the transceivers that an offer of odd sections has left without a transport: aiortc cannot close a
    connection that has one, and what the others hold would stay open."""
    transceivers = peer._RTCPeerConnection__transceivers
    transceivers[:] = [one for one in transceivers if one.receiver.transport is not None]


def configure_gathering(peer: RTCPeerConnection, sockets: Mapping[str, socket.socket] | None, timeout: float) -> None:
    """Say how a connection finds its ICE candidates. Call it between setting the remote description and the local one.

    Args:
        sockets: what to send and receive through, by the address that each is bound to; the connection closes them with
            itself. None: aioice binds any free ports.
        timeout: seconds that STUN and TURN servers may take to answer.
    """
    transports = {one.sender.transport.transport for one in peer.getTransceivers()}
    (gatherer,) = (transport.iceGatherer for transport in transports)
    connection: Any = gatherer._connection
    gather = connection.get_component_candidates

    async def gather_in_time(component: int, addresses: list[str]) -> list[Candidate]:
        found: list[Candidate] = await gather(component, addresses, timeout)
        return found

    async def gather_on_sockets(component: int, addresses: list[str]) -> list[Candidate]:
        hosts = [await _open_host(connection, component, *one) for one in (sockets or {}).items()]
        asked = [_reflexive(connection, one, timeout) for one in hosts if connection.stun_server]
        # Without an address aioice asks the TURN server alone.
        relayed, *reflexive = await asyncio.gather(gather(component, [], timeout), *asked)
        return [*(one.local_candidate for one in hosts), *filter(None, reflexive), *relayed]

    connection.get_component_candidates = gather_in_time if sockets is None else gather_on_sockets


async def _open_host(connection: Any, component: int, address: str, sock: socket.socket) -> aioice.ice.StunProtocol:
    """Give a connection a socket, as aioice does with those that it makes itself."""
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_datagram_endpoint(lambda: aioice.ice.StunProtocol(connection), sock=sock)
    connection._protocols.append(protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_SOCKET_BUFFER_SIZE)
    protocol.local_candidate = Candidate(
        foundation=candidate_foundation("host", "udp", address),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host"),
        host=address,
        port=sock.getsockname()[1],
        type="host",
    )
    return protocol


async def _reflexive(connection: Any, host: aioice.ice.StunProtocol, timeout: float) -> Candidate | None:
    """What a STUN server sees of a socket; None where it does not answer, or the socket is IPv6."""
    if ":" in host.local_candidate.host:
        return None
    try:
        async with asyncio.timeout(timeout):
            candidate, _ = await aioice.ice.server_reflexive_candidate(host, connection.stun_server)
            return candidate
    except (OSError, TimeoutError, aioice.stun.TransactionError):
        return None
