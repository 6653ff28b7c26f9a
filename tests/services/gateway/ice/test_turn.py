"""Media through a real TURN server, with credentials that it computes too, and that are valid for a time only."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aioice.ice
import pytest
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint

from bus import clock
from services.gateway.ice.configuration import IceConfiguration
from services.gateway.ice.servers import parse_ice_servers, turn_credentials
from tests.services.gateway.ice.calls import Caller, call, candidates
from tests.services.gateway.ice.coturn import SECRET, Coturn, coturn, needs_coturn

pytestmark = needs_coturn


async def allocate(server: Coturn, user: str, password: str) -> str:
    """What the server answers to who asks for a relayed address."""
    try:
        transport, _ = await create_turn_endpoint(
            asyncio.DatagramProtocol, ("127.0.0.1", server.port), username=user, password=password
        )
    except TransactionFailed as refused:
        return str(refused)
    transport.close()
    return "allocated"


async def test_media_flow_through_a_turn_server_that_shares_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with coturn(tmp_path) as server:
        for transport in ("", "?transport=tcp"):
            servers = parse_ice_servers(f"turn:{server.address}{transport}", SECRET)
            # The browser reaches nothing but the server; the gateway has addresses of its own.
            async with call(IceConfiguration(), Caller(relay=servers.of("b1")[0])) as (_, caller):
                assert caller.route[0] == "relay"
            # The gateway reaches nothing else either.
            with monkeypatch.context() as patch:
                patch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
                async with call(IceConfiguration(servers), Caller(relay=servers.of("b2")[0])) as (_, caller):
                    assert candidates(caller.answer) == {("relay", *caller.route[1:])}
        log = server.log.read_text()
        for user in ("b1", "b2", "s1"):
            assert f":{user}>" in log


async def test_expired_and_wrong_credentials_are_refused(tmp_path: Path) -> None:
    now = clock.now() / 1_000_000
    async with coturn(tmp_path) as server:
        name, password = turn_credentials(SECRET, "s1", now, 600)
        assert await allocate(server, name, password) == "allocated"
        late = f"{int(name.partition(':')[0]) + 1}:s1"
        for user, key in [
            turn_credentials(SECRET, "s1", now - 605, 600),
            turn_credentials(f"{SECRET}x", "s1", now, 600),
            (late, password),
            (name, ""),
        ]:
            assert "401" in await allocate(server, user, key)
