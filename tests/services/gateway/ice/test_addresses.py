"""The addresses that browsers are told behind NAT, and media that reach a session through one."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

import pytest

from bus.errors import ConfigurationError
from services.gateway.ice.addresses import announce, parse_media_addresses
from services.gateway.ice.configuration import IceConfiguration
from tests.services.gateway.ice.calls import Caller, candidates, gateway_end
from tests.services.gateway.ice.test_ports import free_range

ANSWER = "\r\n".join(
    [
        "v=0",
        "m=audio 40000 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 172.17.0.2",
        "a=candidate:a 1 udp 2130706431 172.17.0.2 40000 typ host",
        "a=candidate:b 1 udp 2130706431 10.0.0.5 40000 typ host",
        "a=candidate:c 1 udp 2130706431 fd00::2 40000 typ host",
        "a=candidate:d 1 udp 2130706431 2a00::2 40000 typ host",
        "a=candidate:e 1 udp 1694498815 198.51.100.1 9 typ srflx raddr 172.17.0.2 rport 40000",
        "m=video 9 UDP/TLS/RTP/SAVPF 99",
        "c=IN IP4 0.0.0.0",
        "a=candidate:a 1 udp 2130706431 172.17.0.2 40000 typ host",
        "",
    ]
)


def test_addresses_and_names_are_read() -> None:
    assert parse_media_addresses("") == ()
    several = parse_media_addresses(" 203.0.113.7, [2001:db8::1],203.0.113.7")
    assert several == (ip_address("203.0.113.7"), ip_address("2001:db8::1"))
    assert ip_address("127.0.0.1") in parse_media_addresses("localhost")


@pytest.mark.parametrize(
    "setting",
    ["203.0.113", "host.0x7f", "0.0.0.0", "::", "239.1.1.1", "fe80::1%lo", "203.0.113.7:4000", "a b", "a..b", "e" * 70],
)
def test_what_is_no_address_is_refused_by_the_name_of_the_setting(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="VISAVIS_MEDIA_ADDRESS: "):
        parse_media_addresses(setting)


def test_a_name_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*asked: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConfigurationError, match=r"no address of 'avatar.example' is known: .*not known"):
        parse_media_addresses("avatar.example")


def test_private_addresses_are_replaced_and_others_stay() -> None:
    announced = announce(ANSWER, parse_media_addresses("203.0.113.7,198.51.100.9"))
    audio, video = (f"m={section}" for section in announced.split("m=")[1:])
    public = {("host", "203.0.113.7", 40_000), ("host", "198.51.100.9", 40_000)}
    rest = {("host", "fd00::2", 40_000), ("host", "2a00::2", 40_000), ("srflx", "198.51.100.1", 9)}
    assert candidates(audio) == public | rest
    assert candidates(video) == public
    assert audio.count("a=candidate:") == 5
    assert "c=IN IP4 203.0.113.7\r\n" in audio
    assert "c=IN IP4 0.0.0.0\r\n" in video
    names = [line.split()[0] for line in audio.splitlines() if line.startswith("a=candidate:")]
    assert len(set(names)) == 5
    assert all(len(name) <= len("a=candidate:") + 32 for name in names)


def test_an_ipv6_address_replaces_private_ones_of_its_kind_only() -> None:
    announced = candidates(announce(ANSWER, parse_media_addresses("2001:db8::1")))
    assert ("host", "2001:db8::1", 40_000) in announced
    assert ("host", "172.17.0.2", 40_000) in announced
    assert ("host", "fd00::2", 40_000) not in announced


def test_without_an_address_the_answer_stays_as_it_is() -> None:
    assert announce(ANSWER, ()) == ANSWER


class Forwarder(asyncio.DatagramProtocol):
    """NAT with one port forwarded: packets to `public` go to `inside`, those of the answers to who sent last."""

    def __init__(self, inside: tuple[str, int]) -> None:
        self.inside, self.client = inside, ("", 0)
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        assert self.transport is not None
        if address != self.inside:
            self.client = address
        self.transport.sendto(data, self.client if address == self.inside else self.inside)


async def test_media_reach_a_session_through_the_announced_address() -> None:
    public = "127.0.0.2"
    ice = IceConfiguration(ports=free_range(1), addresses=parse_media_addresses(public))
    assert ice.ports is not None
    port = ice.ports.ports[0]
    gateway, caller = gateway_end(ice), Caller()
    answer = await gateway.answer(await caller.offer())
    assert ("host", public, port) in candidates(answer)
    assert all(":" in address or address == public for _, address, _ in candidates(answer))
    only_public = "".join(
        line for line in answer.splitlines(keepends=True) if not line.startswith("a=candidate:") or public in line
    )
    inside = next(iter(gateway._sockets.sockets.values())).getsockname()  # type: ignore[union-attr]
    loop = asyncio.get_running_loop()
    transport, forwarder = await loop.create_datagram_endpoint(
        lambda: Forwarder(inside), local_addr=(public, port), family=socket.AF_INET
    )
    try:
        await caller.take(only_public)
        async with asyncio.timeout(20):
            await gateway.connected.wait()
        assert caller.route == ("host", public, port)
        assert forwarder.client[1]
    finally:
        await caller.pc.close()
        await gateway.close()
        transport.close()
