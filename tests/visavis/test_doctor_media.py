"""What `visavis doctor` says of the ports, the address and the servers of the media."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import aioice.ice
import pytest

from bus.settings import Settings
from tests.conftest import free_port
from tests.services.gateway.ice.coturn import SECRET, coturn, needs_coturn
from tests.services.gateway.ice.test_ports import free_range
from visavis.doctor_media import FEW_PORTS, check_media


async def checked(*, patience: float = 20.0, **settings: Any) -> list[tuple[str, str, str]]:
    found = await check_media(Settings(**settings), timeout=patience)
    return [(one.subject, one.state, one.message) for one in found]


async def test_without_settings_there_is_nothing_to_say() -> None:
    assert await checked() == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [("media_ports", "x"), ("media_address", "::"), ("ice_servers", "turn:a"), ("turn_secret", "s")],
)
async def test_a_wrong_setting_stops_the_start(setting: str, value: Any) -> None:
    ((subject, state, message),) = await checked(**{setting: value})
    assert (subject, state) == ("media", "failure")
    assert message.startswith(f"VISAVIS_{setting.upper()}")


async def test_the_range_is_compared_with_what_is_needed_and_in_use() -> None:
    ports = free_range(FEW_PORTS).ports
    ((_, state, message),) = await checked(media_ports=f"{ports[0]}-{ports[-1]}")
    assert (state, message) == ("ok", f"UDP {ports[0]}-{ports[-1]}: {FEW_PORTS} sessions at a time")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", ports[0]))
        ((_, state, message),) = await checked(media_ports=f"{ports[0]}-{ports[1]}")
        assert (state, message.split(" is ")[1]) == ("warning", "enough for 2 people at a time, 1 of them in use")
        ((_, state, message),) = await checked(media_ports=f"{ports[0]}")
        assert (state, message.endswith("cannot be bound")) == ("failure", True)
    both = await checked(media_ports=f"{ports[0]}-{ports[-1]}", port=ports[2], nats_url="nats://x")
    assert [state for _, state, _ in both] == ["ok", "warning"]
    assert f"{ports[2]} is the TCP port of the page" in both[1][2]


async def test_the_announced_address_is_tried_as_far_as_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = free_range(FEW_PORTS).ports
    shown = f"{ports[0]}-{ports[-1]}"
    ((_, state, message),) = await checked(media_address="127.0.0.1")
    assert (state, message) == ("ok", "127.0.0.1 is this machine's own")
    ((_, state, message),) = await checked(media_address="203.0.113.7")
    assert (state, "any UDP port may be used" in message) == ("warning", True)
    results = await checked(media_address="127.0.0.3,198.51.100.7", media_ports=shown)
    assert [state for _, state, _ in results] == ["ok"] * 3
    assert results[1][2] == f"127.0.0.3 leads here: a packet to UDP {shown} came back"
    assert "198.51.100.7, a private address" in results[2][2]
    assert "cannot be told from inside" in results[2][2]
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda v4, v6: ["10.0.0.1"] if v4 else [])
    _, (_, state, message) = await checked(media_address="2001:db8::1", media_ports=shown)
    assert (state, "has no IPv6 address" in message) == ("warning", True)


async def test_servers_that_do_not_answer_are_named() -> None:
    port = free_port()
    servers = f"stun:127.0.0.1:{port},turn:u:hidden@127.0.0.1:{port}?transport=tcp,stun:[::1]:1"
    found = await checked(patience=0.3, ice_servers=servers)
    told = [(subject, state) for subject, state, _ in found]
    assert told == [("stun", "warning"), ("turn", "warning"), ("stun", "ok")]
    assert all(f"no answer from {kind}:127.0.0.1:{port}" in found[n][2] for n, kind in enumerate(("stun", "turn")))
    # From behind the same translation of addresses as the gateway that tells nothing.
    announced = await checked(patience=0.3, ice_servers=servers, media_address="127.0.0.1")
    told = [(subject, state) for subject, state, _ in announced[1:]]
    assert told == [("stun", "warning"), ("turn", "ok"), ("stun", "ok")]
    assert "hidden" not in repr(found)


@needs_coturn
async def test_a_turn_server_is_asked_with_the_credentials_that_pages_get(tmp_path: Path) -> None:
    async with coturn(tmp_path) as server:
        servers = f"stun:{server.address},turn:{server.address},turn:{server.address}?transport=tcp"
        answered = await checked(ice_servers=servers, turn_secret=SECRET)
        assert [state for _, state, _ in answered] == ["ok"] * 3
        assert answered[2][2] == f"turn:{server.address}?transport=tcp answers and takes the credentials"
        refused = await checked(ice_servers=f"turn:{server.address},turn:ann:pw@{server.address}", turn_secret="other")
        assert [(state, "refuses: 401" in message) for _, state, message in refused] == [("warning", True)] * 2
