"""What is looked at when a session begins: the browser's offer, and what the person still waits to hear. Pure."""

from __future__ import annotations

from aiortc import RTCSessionDescription

from bus.errors import InvalidInput
from projections.conversation import Conversation, Reply

_WORTH_TAKING_UP = 60_000_000
"""Microseconds for which an unheard reply is worth hearing."""
UNHEARD = ("written", "spoken", "playing")
"""States of a sentence that has not been played to its end."""


def read_offer(sdp: str) -> RTCSessionDescription:
    """A browser's offer, looked at before anything is built for it.

    Raises:
        InvalidInput: not SDP, or without sections for sound and for pictures in H.264.
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


def unheard_reply(conversation: Conversation | None, now: int) -> Reply | None:
    """The newest reply, where the person still waits to hear it.

    Args:
        now: microseconds since 1970; what was said longer ago than a minute is read, not heard.
    """
    turn = conversation.turns[-1] if conversation and conversation.turns else None
    if turn is None or turn.reply is None or now - turn.at > _WORTH_TAKING_UP:
        return None
    unheard = any(one.state in UNHEARD for one in turn.reply.sentences)
    return turn.reply if unheard and turn.reply.state in ("telling", "ended") else None
