"""The ports that media are bound to: within the range, free again after each session, refused where there is none."""

from __future__ import annotations

import asyncio
import random
import socket
from contextlib import ExitStack, suppress
from typing import Any

import aioice.ice
import pytest
from aiortc import RTCSessionDescription

from bus.errors import ConfigurationError, Exhausted, InvalidInput
from services.gateway.ice.configuration import IceConfiguration
from services.gateway.ice.ports import MediaPorts, parse_media_ports
from services.gateway.playing import peer_connection
from tests.services.gateway.ice.calls import Caller, call, candidates, gateway_end, nominated


def free_range(size: int) -> MediaPorts:
    """Neighbouring ports of which no address of this machine has one in use."""
    while True:
        # At random, as tests beside this one look, too; below those that Linux gives to sockets without a port.
        first = random.randrange(20_000, 32_000)
        ports = MediaPorts(first, first + size - 1)
        with ExitStack() as held:
            with suppress(Exhausted):
                for _ in range(size):
                    held.callback(ports.give_back, ports.take())
            if ports.taken == size:
                return ports


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("40000-40100", range(40_000, 40_101)), (" 5 - 5 ", range(5, 6)), ("65535", range(65_535, 65_536))],
)
def test_a_range_is_read(setting: str, expected: range) -> None:
    ports = parse_media_ports(setting)
    assert ports is not None
    assert ports.ports == expected


@pytest.mark.parametrize("setting", ["40100-40000", "0-5", "65536", "40000-", "-", "a-b", "1-2-3", "4000,4001", "٤٠٠"])
def test_what_is_no_range_is_refused_by_the_name_of_the_setting(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="VISAVIS_MEDIA_PORTS: expected two ports"):
        parse_media_ports(setting)


def test_an_empty_setting_is_any_port() -> None:
    assert parse_media_ports(" ") is None


def test_each_session_has_a_port_of_its_own_until_it_gives_it_back() -> None:
    ports = free_range(3)
    held = [ports.take() for _ in range(3)]
    assert {one.port for one in held} == set(ports.ports)
    assert ports.taken == 3
    with pytest.raises(Exhausted, match="all 3 UDP ports of VISAVIS_MEDIA_PORTS"):
        ports.take()
    ports.give_back(held[1])
    again = ports.take()
    assert again.port == held[1].port
    for one in (held[0], held[2], again):
        ports.give_back(one)
        ports.give_back(one)
    assert ports.taken == 0


def test_ports_of_other_programs_are_left_out() -> None:
    ports = free_range(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", ports.ports[0]))
        taken = ports.take()
        assert taken.port == ports.ports[1]
        with pytest.raises(Exhausted):
            ports.take()
        assert ports.taken == 1
        ports.give_back(taken)


def test_an_address_that_went_away_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = free_range(1)
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda v4, v6: ["127.0.0.1", "192.0.2.77", "2001:db8::77"])
    taken = ports.take()
    assert list(taken.sockets) == ["127.0.0.1"]
    ports.give_back(taken)


async def test_sessions_one_after_the_other_and_two_at_once_stay_within_the_range() -> None:
    ice = IceConfiguration(ports=free_range(2))
    assert ice.ports is not None
    least, most = ice.ports.ports
    used: set[int] = set()
    for _ in range(4):
        async with call(ice) as (gateway, caller):
            used |= {port for _, _, port in candidates(caller.answer)}
            # As the socket says itself: a browser here may see another one, of Docker's address translation.
            own = nominated(gateway._pc).protocol.transport.get_extra_info("sockname")[1]
            assert own in ice.ports.ports
            assert ice.ports.taken == 1
        assert ice.ports.taken == 0
    assert used == set(ice.ports.ports)
    async with call(ice) as (_, first), call(ice) as (_, second):
        ports = [{port for _, _, port in candidates(one.answer)} for one in (first, second)]
        assert ports in ([{least}, {most}], [{most}, {least}])
        with pytest.raises(Exhausted):
            await gateway_end(ice).answer(RTCSessionDescription("", "offer"))
        assert ice.ports.taken == 2
    assert ice.ports.taken == 0


async def test_a_session_announces_one_port_on_all_addresses_and_no_other() -> None:
    ice = IceConfiguration(ports=free_range(1))
    assert ice.ports is not None
    gateway, caller = gateway_end(ice), Caller()
    answer = await gateway.answer(await caller.offer())
    addresses = aioice.ice.get_host_addresses(True, True)
    assert candidates(answer) == {("host", address, ice.ports.ports[0]) for address in addresses}
    await caller.pc.close()
    await gateway.close()


async def test_the_port_of_an_offer_that_fails_is_free_again() -> None:
    ice = IceConfiguration(ports=free_range(1))
    assert ice.ports is not None
    for _ in range(3):
        with pytest.raises(InvalidInput):
            await gateway_end(ice).answer(RTCSessionDescription("nonsense", "offer"))
        assert ice.ports.taken == 0
    caller = Caller()
    offer = await caller.offer()
    for moment in range(8):
        cut_off = asyncio.create_task(gateway_end(ice).answer(offer))
        for _ in range(moment):
            await asyncio.sleep(0)
        cut_off.cancel()
        await asyncio.wait([cut_off])
        assert ice.ports.taken == 0
    await caller.pc.close()
    async with call(ice):
        assert ice.ports.taken == 1


async def test_a_connection_whose_closing_never_ends_gives_its_port_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_connection, "_CLOSING", 0.05)
    ports = free_range(1)
    end = gateway_end(IceConfiguration(ports=ports))
    caller = Caller()
    await end.answer(await caller.offer())
    # As aiortc leaves it where the task was cancelled in which it closes by itself.
    connection: Any = end._pc
    connection._RTCPeerConnection__isClosed = asyncio.Future()
    await end.close()
    assert ports.taken == 0
    connection._RTCPeerConnection__isClosed = None
    taken = ports.take()
    await end.close()
    assert ports.taken == 1  # by another session, whose port a second closing leaves alone
    ports.give_back(taken)
    await caller.pc.close()
