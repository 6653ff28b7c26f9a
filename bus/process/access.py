"""Refuses to start a gateway that others can reach and in which nobody has to sign in."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from bus.errors import ConfigurationError
from bus.settings import PREFIX, Settings

_WAY_OUT = (
    f"nobody has to sign in. Set {PREFIX}ACCESS=keys: people sign in with keys of `visavis keys create NAME`, and you "
    f"with yours, which `visavis keys operator` shows. Or set {PREFIX}ACCESS=open, for a page that everybody may use"
)


def check_access(settings: Settings) -> None:
    """Make sure that a gateway without keys serves this machine alone.

    Raises:
        ConfigurationError: it does not; the message names the way out.
    """
    if settings.access != "local":
        return
    if not is_loopback(settings.host):
        raise ConfigurationError(f"{PREFIX}HOST={settings.host} lets other machines in, and {_WAY_OUT}")
    public = urlsplit(settings.public_url).hostname or ""
    if public and not is_loopback(public):
        raise ConfigurationError(f"{PREFIX}PUBLIC_URL={settings.public_url} is reached from outside, and {_WAY_OUT}")


def is_loopback(host: str) -> bool:
    """Whether an address or a name is this machine's own, which no other one reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
