"""The addresses that browsers are told in place of the private ones of this machine, behind NAT or in a container."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import TypeAlias

from aioice.candidate import candidate_foundation

from bus.errors import ConfigurationError
from bus.settings import PREFIX

SETTING = f"{PREFIX}MEDIA_ADDRESS"
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
_NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]*")
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_media_addresses(setting: str) -> tuple[Address, ...]:
    """Parse the setting VISAVIS_MEDIA_ADDRESS, and look up the names in it.

    Raises:
        ConfigurationError: one is no address that packets can be sent to, or nobody knows a name.
    """
    names = filter(None, (part.strip() for part in setting.split(",")))
    return tuple(dict.fromkeys(address for name in names for address in _resolved(name)))


def _resolved(name: str) -> list[Address]:
    text = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    try:
        found = [ipaddress.ip_address(text)]
    except ValueError:
        found = _looked_up(text)
    for one in found:
        if one.is_unspecified or one.is_multicast or getattr(one, "scope_id", None):
            raise ConfigurationError(f"{SETTING}: browsers cannot send to {name!r}")
    return found


def _looked_up(name: str) -> list[Address]:
    # 203.0.113 would be looked up as 203.0.0.113.
    if not _NAME.fullmatch(name) or _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]):
        raise ConfigurationError(f"{SETTING}: expected addresses such as 203.0.113.7, or names, got {name!r}")
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{SETTING}: no address of {name!r} is known: {error}") from error
    return [ipaddress.ip_address(answer[4][0]) for answer in answers]


def announce(sdp: str, addresses: Sequence[Address]) -> str:
    """Put these addresses into an answer in place of private ones, with the same ports.

    What everybody can reach stays, and private addresses of a family of which none is announced.
    """
    if not addresses:
        return sdp
    lines: list[str] = []
    for line in sdp.splitlines():
        lines += _announced(line, addresses)
    session, *sections = "\n".join(lines).split("\nm=")
    # Sockets on several addresses may have the same port, and their candidates are then the same.
    unique = ["\n".join(dict.fromkeys(section.split("\n"))) for section in sections]
    return "\nm=".join([session, *unique]).replace("\n", "\r\n") + "\r\n"


def _announced(line: str, addresses: Sequence[Address]) -> list[str]:
    """A line of an answer with the addresses that are announced in place of the one in it."""
    fields = line.split(" ")
    if line.startswith("c=IN IP"):
        return [f"c=IN IP{one.version} {one}" for one in _in_place_of(fields[2], addresses)[:1]] or [line]
    if not line.startswith("a=candidate:") or fields[7] != "host":
        return [line]
    return [
        " ".join([f"a=candidate:{candidate_foundation('host', 'udp', str(one))}", *fields[1:4], str(one), *fields[5:]])
        for one in _in_place_of(fields[4], addresses)
    ] or [line]


def _in_place_of(text: str, addresses: Sequence[Address]) -> list[Address]:
    """The announced addresses of the same family, where this one is private."""
    own = ipaddress.ip_address(text)
    if own.is_global or own.is_unspecified:
        return []
    return [one for one in addresses if one.version == own.version]
