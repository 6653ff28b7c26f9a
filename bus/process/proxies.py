"""Chooses the proxy for a URL from the environment: none for this machine and private networks.

HTTP clients take `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` for every address, and some stop at one that they cannot
use. A model, or a NATS server, on this machine or in the next room is never behind a proxy.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from bus.errors import ConfigurationError

_PRIVATE_NAMES = re.compile(r"(^|\.)(localhost|local|lan|internal|home\.arpa|localdomain)$")
_CARRIER_GRADE_NAT = ipaddress.ip_network("100.64.0.0/10")
"""Private too: networks that tie machines together, such as Tailscale, use it."""
_USABLE = ("http", "https", "socks5", "socks5h")


def is_private(host: str) -> bool:
    """Whether a host is this machine or on a private network, as far as its name or number says."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return "." not in name or _PRIVATE_NAMES.search(name) is not None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    private = address.is_private or address.is_loopback or address.is_link_local
    return private or (address.version == 4 and address in _CARRIER_GRADE_NAT)


def proxy_variable(url: str, environment: Mapping[str, str]) -> str:
    """The environment variable that names the proxy for a URL; "" where it is fetched directly.

    Names in small letters come before those in capitals, as everywhere; `NO_PROXY` and private hosts count.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or is_private(host) or _is_excepted(host, parts.port, environment):
        return ""
    scheme = "https" if parts.scheme in ("https", "wss") else "http"
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    return next((name for name in names if environment.get(name, "").strip()), "")


def proxy_for(
    url: str,
    environment: Mapping[str, str],
    *,
    find_module: Callable[[str], object | None] = importlib.util.find_spec,
) -> str | None:
    """The URL of the proxy for a URL, with its credentials; None: fetched directly.

    Raises:
        ConfigurationError: the environment names a proxy that cannot be used; names the variable, not the credentials.
    """
    variable = proxy_variable(url, environment)
    if not variable:
        return None
    value = environment[variable].strip()
    proxy = value if "://" in value else f"http://{value}"
    problem = _problem(proxy, find_module)
    if problem:
        host = urlsplit(url).hostname
        remedy = f"correct or unset it, or add {host} to NO_PROXY"
        raise ConfigurationError(f"{variable}={_without_credentials(value)} cannot be used: {problem}; {remedy}")
    return proxy


def _problem(proxy: str, find_module: Callable[[str], object | None]) -> str:
    """Why a proxy cannot be used, "" where it can."""
    try:
        parts = urlsplit(proxy)
        if not parts.hostname:
            return "it names no host"
        if parts.port == 0:
            return "port 0 is none"
    except ValueError as error:
        return f"it is no URL ({error})"
    if parts.scheme.lower() not in _USABLE:
        return f"expected one of {', '.join(f'{name}://' for name in _USABLE)}, got {parts.scheme}://"
    if parts.scheme.lower().startswith("socks") and find_module("socksio") is None:
        return "SOCKS needs the package socksio, which is not installed (`pip install socksio`)"
    return ""


def _without_credentials(value: str) -> str:
    """A proxy without its user and password, short enough for one line."""
    scheme, separator, rest = value.rpartition("://")
    return (scheme + separator + rest.rpartition("@")[2])[:80]


def _is_excepted(host: str, port: int | None, environment: Mapping[str, str]) -> bool:
    """Whether `NO_PROXY` names a host: by its name, a domain of it, its number, or a network."""
    entries = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return any(_matches(entry.strip().lower(), host.lower(), port) for entry in entries.split(",") if entry.strip())


def _matches(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    if "/" in entry and "://" not in entry:
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, _, wanted_port = entry.removeprefix("http://").removeprefix("https://").partition(":")
    if wanted_port.isdecimal() and port != int(wanted_port):
        return False
    name = name.removeprefix("*").removeprefix(".")
    return host == name or host.endswith(f".{name}")
