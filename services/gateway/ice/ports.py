"""The UDP ports that the media of the sessions are bound to, where the settings name a range."""

from __future__ import annotations

import errno
import logging
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import aioice.ice

from bus.errors import ConfigurationError, Exhausted
from bus.settings import PREFIX

log = logging.getLogger(__name__)

SETTING = f"{PREFIX}MEDIA_PORTS"


@dataclass(frozen=True)
class MediaSockets:
    """The sockets of one session: the same port on each address of this machine."""

    port: int
    sockets: Mapping[str, socket.socket]
    """By the address that they are bound to."""

    def close(self) -> None:
        for one in self.sockets.values():
            one.close()


class MediaPorts:
    """The ports of a range, each of which one session has at a time."""

    def __init__(self, first: int, last: int) -> None:
        self.ports = range(first, last + 1)
        self._taken: set[int] = set()
        self._next = 0

    @property
    def taken(self) -> int:
        """How many ports sessions have."""
        return len(self._taken)

    def take(self) -> MediaSockets:
        """Bind the next free port.

        Raises:
            Exhausted: sessions or other programs have all of them.
        """
        self.check_room()
        # One after the other, so that late packets to an ended session do not reach the next one.
        addresses: list[str] = aioice.ice.get_host_addresses(True, True)
        for step in range(len(self.ports)):
            place = (self._next + step) % len(self.ports)
            port = self.ports[place]
            if port not in self._taken and (sockets := _bound(addresses, port)):
                self._taken.add(port)
                self._next = place + 1
                return MediaSockets(port, sockets)
        raise Exhausted(f"no UDP port of {SETTING} can be bound: other programs have them, or there is no network")

    def check_room(self) -> None:
        """Check that sessions do not have all ports; costs nothing.

        Raises:
            Exhausted: they do.
        """
        if len(self._taken) == len(self.ports):
            raise Exhausted(f"all {len(self.ports)} UDP ports of {SETTING} are in use; try again soon")

    def give_back(self, sockets: MediaSockets) -> None:
        """Close the sockets of a session that is over, and let another one have their port."""
        sockets.close()
        self._taken.discard(sockets.port)


def parse_media_ports(setting: str) -> MediaPorts | None:
    """Parse the setting VISAVIS_MEDIA_PORTS; None where it is empty: any port.

    Raises:
        ConfigurationError: it is no range of ports.
    """
    if not setting.strip():
        return None
    match = re.fullmatch(r"\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?", setting, re.ASCII)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise ConfigurationError(f"{SETTING}: expected two ports from 1 to 65535 such as 40000-40100, got {setting!r}")
    return MediaPorts(first, last)


def _bound(addresses: Iterable[str], port: int) -> dict[str, socket.socket]:
    """Sockets on this port of each address; none where another program has it on one of them."""
    sockets: dict[str, socket.socket] = {}
    for address in addresses:
        one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            one.bind((address, port))
        except OSError as error:
            one.close()
            if error.errno != errno.EADDRINUSE:  # an interface that just went away, say
                log.info("cannot bind an address", extra={"address": address, "port": port, "why": error.strerror})
                continue
            for bound in sockets.values():
                bound.close()
            return {}
        sockets[address] = one
    return sockets
