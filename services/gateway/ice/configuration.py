"""How the gateway's media are reached, as the settings say: servers, ports and announced addresses."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiortc import RTCIceServer

from bus.settings import Settings
from services.gateway.ice.addresses import Address, parse_media_addresses
from services.gateway.ice.ports import MediaPorts, parse_media_ports
from services.gateway.ice.servers import IceServers, parse_ice_servers


@dataclass(frozen=True)
class IceConfiguration:
    """What the sessions of a gateway share for ICE (RFC 8445)."""

    servers: IceServers = field(default_factory=IceServers)
    ports: MediaPorts | None = None
    """None: any."""
    addresses: tuple[Address, ...] = ()
    """Announced in place of private ones."""

    def own_servers(self, user: str) -> list[RTCIceServer]:
        """The servers that the gateway itself asks.

        No relay where addresses are announced: browsers reach it there, and from behind the same translation of
        addresses a relay often does not answer, which would hold up each call by 2 s.
        """
        return [one for one in self.servers.own(user) if not (self.addresses and str(one.urls).startswith("turn"))]


def ice_configuration(settings: Settings) -> IceConfiguration:
    """Read the settings for ICE; looks up the names in them.

    Raises:
        ConfigurationError: one of them is wrong; names it.
    """
    return IceConfiguration(
        parse_ice_servers(settings.ice_servers, settings.turn_secret, settings.turn_seconds),
        parse_media_ports(settings.media_ports),
        parse_media_addresses(settings.media_address),
    )
