"""The gateway's API with the settings for ICE: sessions within a range of ports, servers, addresses told later."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator

import httpx2
import pytest
from msgspec.structs import replace

from bus import clock
from bus.errors import ConfigurationError
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.gateway.ice.configuration import ice_configuration
from tests.services.gateway.conftest import Running, serving
from tests.services.gateway.ice.calls import Caller
from tests.services.gateway.ice.test_ports import free_range
from tests.services.gateway.web.test_metrics import measured

SECRET = "a-secret-that-nobody-is-told"
PORTS = 2


@pytest.fixture
async def gateway(event_log: EventLog, settings: Settings) -> AsyncIterator[Running]:
    ports = free_range(PORTS).ports
    ice = replace(
        settings,
        media_ports=f"{ports[0]}-{ports[-1]}",
        media_address="198.51.100.7",
        ice_servers="turn:127.0.0.1:9?transport=tcp",  # nobody is there
        turn_secret=SECRET,
    )
    async with serving(event_log, ice) as running:
        yield running


async def offer(gateway: Running, conversation: str, sdp: str) -> httpx2.Response:
    headers = {"content-type": "application/sdp"}
    return await gateway.client.post(f"/api/conversations/{conversation}/rtc", content=sdp, headers=headers)


async def ports_taken(gateway: Running, count: int) -> None:
    """Wait until so many are."""
    async with asyncio.timeout(20):
        while (await gateway.client.get("/api/status")).json()["media_ports"] != {"taken": count, "of": PORTS}:
            await asyncio.sleep(0.05)


async def test_sessions_of_a_gateway_with_two_ports(gateway: Running) -> None:
    caller = Caller()
    sdp = (await caller.offer()).sdp
    conversations = [await gateway.open() for _ in range(3)]
    answers = await asyncio.gather(*(offer(gateway, conversations[n % 3], sdp) for n in range(12)))
    taken = [one for one in answers if one.status_code == 201]
    refused = [one for one in answers if one.status_code == 503]
    assert (len(taken), len(refused)) == (PORTS, 10)
    assert {one.json()["error"]["code"] for one in refused} == {"unavailable"}
    assert all(int(one.headers["retry-after"]) > 0 for one in refused)
    assert "VISAVIS_MEDIA_PORTS" in refused[0].text
    await ports_taken(gateway, PORTS)
    found = await measured(gateway)
    assert (found["visavis_media_ports"], found["visavis_media_ports_taken"]) == (PORTS, PORTS)
    for answer in taken:
        await gateway.client.delete(answer.headers["location"])
    await ports_taken(gateway, 0)
    # What cannot be answered costs no port.
    broken = sdp.replace("a=mid:1", "a=mid:0")
    assert [(await offer(gateway, conversations[0], text)).status_code for text in ("v=0", broken)] == [400, 400]
    await ports_taken(gateway, 0)
    await caller.pc.close()


async def test_a_session_connects_through_addresses_that_are_told_later(gateway: Running) -> None:
    caller = Caller()
    conversation = await gateway.open()
    answer = await offer(gateway, conversation, (await caller.offer()).sdp)
    # Nothing is forwarded from the announced address, so the gateway has to begin.
    assert " 198.51.100.7 " in answer.text
    at = answer.headers["location"]
    kind = {"content-type": "application/trickle-ice-sdpfrag"}
    lines = ["candidate:x", "candidate:1 1 udp 1 é 1 typ host", "candidate:1 1 udp 1 a.local 1 typ host", "\0", ""]
    lines += ["candidate:1 1 udp 1 127.0.0.1 99999 typ host", "candidate:1 1 udp x 127.0.0.1 9 typ host"]
    lines += ["candidate:1 1 udp 1 127.0.0.1 9 typ odd", "candidate:2 9 udp 1 127.0.0.1 9 typ host"]
    told: list[tuple[str | bytes, dict[str, str], int]] = [
        ("\r\n".join(f"a={line}" for line in lines), kind, 204),
        (b"\xff", kind, 400),
        ("a" * (65 << 10), kind, 413),
        ("", {}, 415),
        ("\r\n".join(f"a={line}" for line in caller.own_candidates), kind, 204),
    ]
    for body, headers, status in told:
        assert (await gateway.client.patch(at, content=body, headers=headers)).status_code == status
    async with gateway.stranger() as stranger:
        assert (await stranger.patch(at, content="", headers=kind)).status_code == 404
    await caller.take(answer.text)
    async with asyncio.timeout(20):
        while caller.pc.connectionState != "connected":
            await asyncio.sleep(0.05)
    await gateway.client.delete(at)
    await ports_taken(gateway, 0)
    assert (await gateway.client.patch(at, content="", headers=kind)).status_code == 404
    await caller.pc.close()


async def test_each_page_gets_credentials_of_its_own_and_never_the_secret(
    gateway: Running, caplog: pytest.LogCaptureFixture
) -> None:
    before = await gateway.client.get("/api/rtc/ice")
    assert before.json() == {"iceServers": []}  # whoever has no conversation has nothing to call for
    await gateway.open()
    answers = [await gateway.client.get("/api/rtc/ice") for _ in range(2)]
    (first,), (second,) = (answer.json()["iceServers"] for answer in answers)
    assert first["urls"] == "turn:127.0.0.1:9?transport=tcp"
    expiry, _, name = first["username"].partition(":")
    assert first == {"urls": first["urls"], "username": first["username"], "credential": password(first["username"])}
    assert 0 <= clock.now() / 1_000_000 + 3600 - int(expiry) < 60
    assert name
    assert name not in gateway.client.cookies["visavis_person"]
    assert second["username"] != first["username"]
    assert answers[0].headers["cache-control"] == "no-store"
    status, metrics = await gateway.client.get("/api/status"), await gateway.client.get("/metrics")
    shown = "".join([*(one.text for one in (*answers, status, metrics)), caplog.text])
    assert SECRET not in shown


def password(user: str) -> str:
    return base64.b64encode(hmac.digest(SECRET.encode(), user.encode(), "sha1")).decode()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("media_ports", "9-1"), ("media_address", "0.0.0.0"), ("ice_servers", "turn:a"), ("turn_secret", "s")],
)
def test_a_wrong_setting_is_named(setting: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^VISAVIS_{setting.upper()}"):
        ice_configuration(replace(Settings(), **{setting: value}))
