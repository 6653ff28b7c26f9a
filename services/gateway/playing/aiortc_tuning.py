"""All patches to the internals of aiortc; `test_aiortc_tuning.py` checks that each still takes effect.

Unpatched, aiortc 1.16 delays the microphone by 80 ms (by 300 ms for ever after one lost packet), offers no
playout-delay extension (one stall of the sender then costs half a minute of latency) and no loopback addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aioice.ice
import aiortc.codecs
import aiortc.rtp
from aiortc import RTCRtpReceiver
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters

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
