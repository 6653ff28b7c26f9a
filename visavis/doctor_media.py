"""The checks of `visavis doctor` on how browsers reach the sessions' media: ports, announced address, servers."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterator
from typing import TypeVar

import aioice.ice
from aioice.stun import TransactionError, TransactionFailed
from aioice.turn import create_turn_endpoint
from aiortc import RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

from bus.errors import ConfigurationError
from bus.settings import Settings
from services.gateway.ice import addresses, ports, servers
from services.gateway.ice.addresses import Address, parse_media_addresses
from services.gateway.ice.ports import MediaPorts, parse_media_ports
from services.gateway.ice.servers import IceServer, IceServers, parse_ice_servers
from visavis.doctor_checks import CheckResult, failure, lock_holder, ok, warning
from visavis.ports import required_ports

FEW_PORTS = 10
"""Ports below which a remark is made: each person who talks needs one, and a page that connects again a second one."""
TIMEOUT = 5.0
"""Seconds for a STUN or TURN server to answer."""
_HAIRPIN = 0.5
"""Seconds for a packet to come back by way of the announced address."""

ResultT = TypeVar("ResultT")


async def check_media(settings: Settings, *, timeout: float = TIMEOUT) -> list[CheckResult]:
    """Whether the settings for the sessions' media can be used, and work as far as can be told from here."""
    results: list[CheckResult] = []
    found = _parsed(results, ports.SETTING, lambda: parse_media_ports(settings.media_ports))
    if found is not None:
        results += _check_ports(settings, found)
    announced = _parsed(results, addresses.SETTING, lambda: parse_media_addresses(settings.media_address))
    for address in announced or ():
        results.append(await _check_address(address, found))
    ice = _parsed(results, servers.SETTING, lambda: parse_ice_servers(settings.ice_servers, settings.turn_secret))
    return [*results, *await _check_servers(ice or IceServers(), timeout, is_announced=bool(announced))]


def _parsed(results: list[CheckResult], setting: str, parse: Callable[[], ResultT]) -> ResultT | None:
    try:
        return parse()
    except ConfigurationError as error:
        results.append(failure("media", error.detail, f"correct it, or unset {setting}"))
        return None


def _check_ports(settings: Settings, found: MediaPorts) -> Iterator[CheckResult]:
    """Whether the range is large enough, free, and none of the other ports."""
    subject, count = "media ports", len(found.ports)
    shown = f"{found.ports[0]}-{found.ports[-1]}"
    taken = [port for port in found.ports if not _is_free(port)]
    others = f", {len(taken)} of them in use" if taken else ""
    if len(taken) == count and not lock_holder(settings):
        yield failure(subject, f"UDP {shown} cannot be bound", f"set {ports.SETTING} to other ports, from 1024 on")
    elif count < FEW_PORTS:
        message = f"UDP {shown} is enough for {count} people at a time{others}"
        yield warning(subject, message, f"set {ports.SETTING} to more ports, two for each person")
    else:
        yield ok(subject, f"UDP {shown}: {count} sessions at a time{others}")
    for one in required_ports(settings):
        if one.port in found.ports:
            message = f"{one.port} is the TCP port of {one.use}, too: what opens the range may open that"
            yield warning(subject, message, f"set {ports.SETTING} or {one.setting} to another port")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


async def _check_address(address: Address, found: MediaPorts | None) -> CheckResult:
    """Whether packets to an announced address arrive here, as far as can be told."""
    subject = "media address"
    if str(address) in own_addresses():
        return ok(subject, f"{address} is this machine's own")
    if found is None:
        message = f"{address} is announced, and any UDP port may be used: a router cannot forward all of them"
        return warning(subject, message, f"set {ports.SETTING}, and forward these ports")
    shown = f"UDP {found.ports[0]}-{found.ports[-1]}"
    if not _has_socket_of_kind(address):
        message = f"{address} is announced, and this machine has no IPv{address.version} address to forward it to"
        return warning(subject, message, f"announce an address of the other kind in {addresses.SETTING}")
    if await _comes_back(address, found):
        return ok(subject, f"{address} leads here: a packet to {shown} came back")
    near = "" if address.is_global else ", a private address, which only its own network can reach"
    # Many routers do not send packets from inside back in, so that this says little.
    return ok(subject, f"{address}{near}; whether {shown} is forwarded from it here cannot be told from inside")


def own_addresses() -> set[str]:
    """The addresses of this machine."""
    found: list[str] = aioice.ice.get_host_addresses(True, True)
    return {*found, "127.0.0.1", "::1"}


def _has_socket_of_kind(address: Address) -> bool:
    return bool(aioice.ice.get_host_addresses(address.version == 4, address.version == 6))


async def _comes_back(address: Address, found: MediaPorts) -> bool:
    """Whether a packet to the address arrives at a free port of the range on this machine."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as here, socket.socket(family, socket.SOCK_DGRAM) as there:
        for one in (here, there):
            one.setblocking(False)
        try:
            here.bind(("", next(port for port in found.ports if _is_free(port))))
            word = secrets.token_bytes(16)
            await loop.sock_sendto(there, word, (str(address), here.getsockname()[1]))
            async with asyncio.timeout(_HAIRPIN):
                return await loop.sock_recv(here, 64) == word
        except (OSError, TimeoutError, StopIteration):
            return False


async def _check_servers(ice: IceServers, timeout: float, *, is_announced: bool) -> list[CheckResult]:
    pairs = zip(ice.servers, ice.of("doctor"), strict=True)
    checks = (_check_server(one, given, timeout, is_announced=is_announced) for one, given in pairs)
    return list(await asyncio.gather(*checks))


async def _check_server(one: IceServer, given: RTCIceServer, timeout: float, *, is_announced: bool) -> CheckResult:
    """Whether a server answers, and takes the credentials.

    Args:
        is_announced: this machine is behind a translation of addresses, so that a server may be out of its sight.
    """
    subject = "turn" if one.is_turn else "stun"
    if "[" in one.url:
        return ok(subject, f"{one.url} is given to browsers; the gateway itself uses none at an IPv6 address")
    try:
        async with asyncio.timeout(timeout):
            refusal = await (_ask_turn(given) if one.is_turn else _ask_stun(one.url))
    except (OSError, TimeoutError, TransactionError, ConnectionError) as error:
        why = f" ({error})" if str(error) else ""
        if one.is_turn and is_announced:
            # The gateway does not ask it there.
            return ok(subject, f"no answer from {one.url}{why}; whether browsers get one cannot be told from inside")
        return warning(subject, f"no answer from {one.url}{why}", f"start it, or correct {servers.SETTING}")
    if refusal:
        secret = f"give it the secret of {servers.SECRET_SETTING} (static-auth-secret), and compare the clocks"
        remedy = f"correct user and password in {servers.SETTING}" if one.user else secret
        return warning(subject, f"{one.url} refuses: {refusal}", remedy)
    return ok(subject, f"{one.url} answers{' and takes the credentials' if one.is_turn else ''}")


async def _ask_turn(given: RTCIceServer) -> str:
    """Ask for a relayed address; returns why it is refused."""
    asked = parse_stun_turn_uri(str(given.urls))
    gone = asyncio.Event()
    try:
        transport, _ = await create_turn_endpoint(
            lambda: _Gone(gone),
            (asked["host"], asked["port"]),
            username=given.username,
            password=given.credential,
            ssl=asked["scheme"] == "turns",
            transport=asked["transport"],
        )
    except TransactionFailed as refused:
        code, reason = refused.response.attributes.get("ERROR-CODE", (0, ""))
        return f"{code} {reason}"
    transport.close()
    await gone.wait()
    return ""


class _Gone(asyncio.DatagramProtocol):
    """Tells that a relayed address has been given back."""

    def __init__(self, gone: asyncio.Event) -> None:
        self._gone = gone

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()


async def _ask_stun(url: str) -> str:
    """Ask which address a server sees; fails where it does not answer."""
    asked = parse_stun_turn_uri(url)
    connection = aioice.Connection(False, stun_server=(asked["host"], asked["port"]), use_ipv6=False)
    try:
        await connection.gather_candidates()
        if not any(one.type == "srflx" for one in connection.local_candidates):
            raise TimeoutError
    finally:
        await connection.close()
    return ""
