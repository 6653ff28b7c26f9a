"""What a gateway does where another one cannot be reached, or says what it does not understand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import msgspec
import pytest

from bus.errors import Forbidden
from services.gateway.playing import other_gateways
from services.gateway.playing.other_gateways import Act, GatewayMessage, Leave, OtherGateways, Outcome

LEAVE = Leave(conversation="c1", session="s1")


class _Log:
    """Core NATS as the gateway sees it: what it hears is given."""

    connected = True

    def __init__(self, *heard: GatewayMessage | bytes | Exception) -> None:
        self._heard = heard
        self.said: list[GatewayMessage] = []

    async def publish_core(self, subject: str, data: bytes) -> None:
        assert subject == "work.gateway"
        self.said.append(msgspec.json.decode(data, type=GatewayMessage))

    async def subscribe_core(self, subject: str, *, subscribed: asyncio.Event) -> AsyncIterator[tuple[str, bytes]]:
        subscribed.set()
        for one in self._heard:
            if isinstance(one, Exception):
                raise one
            yield subject, one if isinstance(one, bytes) else msgspec.json.encode(one)
        await asyncio.Event().wait()


async def _does(act: Act) -> Outcome:
    return Outcome(did=True, sequence=7)


async def run(log: _Log) -> OtherGateways:
    gateways = OtherGateways(cast("Any", log), lambda: {"s9": "c9"}, _does)
    running = asyncio.create_task(gateways.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    await asyncio.wait((running,))
    return gateways


async def test_a_gateway_that_does_not_answer_is_not_waited_for_long_and_forgotten_once_it_is_silent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(other_gateways, "ANSWER_PATIENCE", 0.05)
    gateways = await run(_Log(GatewayMessage(gateway="g2", sessions={"s1": "c1"}), b"\xff", b'{"gateway":3}'))
    assert caplog.messages == ["undecodable message of a gateway"] * 2
    assert await gateways.conversation_of("s1") == "c1"
    assert gateways.conversations() == {"c1"}
    assert await gateways.ask(LEAVE) == Outcome()
    assert caplog.messages[2:] == ["other gateways do not answer"]
    monkeypatch.setattr(other_gateways, "_SILENCE_LIMIT", -1.0)
    assert gateways.with_sessions_of("c1") == ()
    assert await gateways.ask(LEAVE) == Outcome()


async def test_what_another_gateway_asks_for_is_done_and_answered_by_those_that_it_asks() -> None:
    log = _Log(GatewayMessage(gateway="g2", new=True))
    gateways = await run(log)
    assert log.said[0].sessions == log.said[1].sessions == {"s9": "c9"}
    for asked in ((), ("g3",), (gateways._id,)):
        await gateways._take(GatewayMessage(gateway="g2", request="q1", asked=asked, act=LEAVE))
    await asyncio.wait(gateways._acting)
    answers = [one for one in log.said if one.request]
    assert answers == [GatewayMessage(gateway=gateways._id, request="q1", did=True, sequence=7)]


async def test_without_the_right_to_ask_a_gateway_goes_on_alone(caplog: pytest.LogCaptureFixture) -> None:
    gateways = await run(_Log(Forbidden("no such right")))
    assert caplog.messages == ["other gateways cannot be asked"]
    assert await gateways.conversation_of("s1") is None
    assert await gateways.ask(LEAVE) == Outcome()
