"""Calls from one aiortc connection to another, without a gateway around them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiortc import RTCConfiguration, RTCIceServer, RTCIceTransportPolicy, RTCPeerConnection, RTCSessionDescription

from services.gateway.ice.configuration import IceConfiguration
from services.gateway.playing.peer_connection import PeerConnection


def gateway_end(ice: IceConfiguration) -> PeerConnection:
    return PeerConnection(
        ice,
        user="s1",
        on_microphone_packet=lambda *packet: None,
        on_delivered=lambda tick: None,
        on_disconnect=lambda how: None,
    )


class Caller:
    """A browser's end.

    Args:
        relay: the TURN server without which it reaches nothing.
    """

    def __init__(self, *, relay: RTCIceServer | None = None) -> None:
        policy = RTCIceTransportPolicy.RELAY if relay else RTCIceTransportPolicy.ALL
        servers = [relay] if relay else []
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=servers, iceTransportPolicy=policy))
        self.own_candidates: list[str] = []
        """Lines of its candidates, `candidate:…`."""
        self.answer = ""

    async def offer(self) -> RTCSessionDescription:
        """An offer without candidates, as the page sends it: the other end learns ours from our first packet."""
        for kind in ("audio", "video"):
            self.pc.addTransceiver(kind, direction="recvonly")
        self.pc.createDataChannel("control")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = self.pc.localDescription.sdp
        lines = [line for line in sdp.splitlines() if line.startswith("a=candidate:")]
        self.own_candidates = [line.removeprefix("a=") for line in dict.fromkeys(lines)]
        return RTCSessionDescription(without_candidates(sdp), "offer")

    async def take(self, answer: str) -> None:
        self.answer = answer
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    @property
    def route(self) -> tuple[str, str, int]:
        """Kind of the candidate that is sent through, and the address and the port that is sent to."""
        pair = nominated(self.pc)
        return pair.local_candidate.type, pair.remote_candidate.host, pair.remote_candidate.port


def nominated(pc: RTCPeerConnection) -> Any:
    """The pair of candidates that a connection uses (`aioice.ice.CandidatePair`)."""
    (pair,) = pc.getTransceivers()[0].sender.transport.transport._connection._nominated.values()
    return pair


def without_candidates(sdp: str) -> str:
    told = ("a=candidate:", "a=end-of-candidates")
    return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(told))


def candidates(sdp: str) -> set[tuple[str, str, int]]:
    """Kind, address and port of the candidates in SDP."""
    found = [line.split() for line in sdp.splitlines() if line.startswith("a=candidate:")]
    return {(fields[7], fields[4], int(fields[5])) for fields in found}


@asynccontextmanager
async def call(ice: IceConfiguration, caller: Caller | None = None) -> AsyncIterator[tuple[PeerConnection, Caller]]:
    """A call whose media flow.

    Raises:
        TimeoutError: they do not within 20 s.
    """
    gateway, caller = gateway_end(ice), caller or Caller()
    try:
        answer = await gateway.answer(await caller.offer())
        await gateway.add_candidates(caller.own_candidates)
        await caller.take(answer)
        async with asyncio.timeout(20):
            await gateway.connected.wait()
        yield gateway, caller
    finally:
        await caller.pc.close()
        await gateway.close()
