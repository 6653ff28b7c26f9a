"""Checks a browser's SDP offer before a peer connection is made for it. Pure."""

from __future__ import annotations

from aiortc import RTCSessionDescription

from bus.errors import InvalidInput


def parse_offer(sdp: str) -> RTCSessionDescription:
    """Check a browser's offer.

    Raises:
        InvalidInput: it is not SDP, or has no section for audio or for video in H.264.
    """
    if not sdp.startswith("v=0"):
        raise InvalidInput("the offer is not SDP: it must begin with v=0")
    if "m=video" not in sdp or "H264/90000" not in sdp:
        raise InvalidInput("the offer must have a video section with H.264; this browser may lack that codec")
    if "m=audio" not in sdp:
        raise InvalidInput("the offer must have an audio section, recvonly where there is no microphone")
    if "a=ice-ufrag" not in sdp or "a=fingerprint" not in sdp:
        raise InvalidInput("the offer must have ICE credentials and a DTLS fingerprint")
    return RTCSessionDescription(sdp=sdp, type="offer")
