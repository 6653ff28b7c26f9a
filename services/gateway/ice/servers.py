"""The STUN and TURN servers of the settings, with time-limited credentials where a secret is shared with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field

from aiortc import RTCIceServer

from bus import clock
from bus.errors import ConfigurationError
from bus.settings import PREFIX

SETTING = f"{PREFIX}ICE_SERVERS"
SECRET_SETTING = f"{PREFIX}TURN_SECRET"
_FORMS = "stun:host:port, turn:host:port?transport=udp or tcp, turns:host:port"
_SERVER = re.compile(
    r"(?P<scheme>stun|turns?):(?:(?P<user>[^:@]+):(?P<password>.*)@)?"
    r"(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(?P<port>\d{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?",
    re.ASCII,
)


@dataclass(frozen=True)
class IceServer:
    """One server, as RFC 7064 and RFC 7065 write it."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_turn(self) -> bool:
        return self.url.startswith("turn")


def turn_credentials(secret: str, user: str, now: float, hold: int) -> tuple[str, str]:
    """User name and password that a TURN server with the same secret takes for a while (coturn's `use-auth-secret`).

    Args:
        user: shown in the server's log.
        now: seconds since 1970.
        hold: seconds for which a call can be begun with them.
    """
    name = f"{int(now) + hold}:{user}"
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return name, base64.b64encode(digest).decode()


@dataclass(frozen=True)
class IceServers:
    """The servers of the settings, in their order."""

    servers: tuple[IceServer, ...] = ()
    secret: str = field(default="", repr=False)
    hold: int = 3600
    """Seconds for which time-limited credentials can be used to begin a call. A page that connects again asks anew."""

    def of(self, user: str) -> list[RTCIceServer]:
        """The servers with credentials for one session.

        Args:
            user: whom new credentials are made for; may be seen by who runs the TURN server.
        """
        now = clock.now() / 1_000_000
        found: list[RTCIceServer] = []
        for one in self.servers:
            name, password = one.user, one.password
            if one.is_turn and not name:
                name, password = turn_credentials(self.secret, user, now, self.hold)
            found.append(RTCIceServer(one.url, name, password) if name else RTCIceServer(one.url))
        return found

    def own(self, user: str) -> list[RTCIceServer]:
        """Those that the gateway itself can use: aiortc reads no IPv6 address."""
        return [one for one in self.of(user) if "[" not in one.urls]


def parse_ice_servers(setting: str, secret: str = "", hold: int = 3600) -> IceServers:
    """Parse the settings VISAVIS_ICE_SERVERS and VISAVIS_TURN_SECRET.

    Raises:
        ConfigurationError: a server is written in another way, or is a TURN server without a user or the secret.
    """
    texts = filter(None, (part.strip() for part in setting.split(",")))
    servers = tuple(_parse(text, place, secret) for place, text in enumerate(texts, 1))
    if secret and not any(one.is_turn and not one.user for one in servers):
        raise ConfigurationError(f"{SECRET_SETTING} is set, but {SETTING} has no turn:host:port without a user")
    return IceServers(servers, secret, hold)


def _parse(text: str, place: int, secret: str) -> IceServer:
    match = _SERVER.fullmatch(text)
    # The text may have a password in it.
    shown = re.sub(r":.*@", ":…@", text)
    if match is None or not 1 <= int(match["port"] or 1) <= 65535:
        raise ConfigurationError(f"{SETTING}: expected {_FORMS}, or user:password@ before a host, got {shown!r}")
    scheme, user = match["scheme"], match["user"] or ""
    if scheme == "stun" and (user or match["transport"]):
        raise ConfigurationError(f"{SETTING}: a STUN server has neither a user nor a transport, got {shown!r}")
    if scheme != "stun" and not user and not secret:
        wanted = f"turn:user:password@host:port, or {SECRET_SETTING} for time-limited credentials"
        raise ConfigurationError(f"{SETTING}: server {place} needs {wanted}, got {shown!r}")
    address = text.rpartition("@")[2] if user else text.partition(":")[2]
    return IceServer(f"{scheme}:{address}", user, match["password"] or "")
