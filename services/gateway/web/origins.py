"""Under which names this gateway is reached, and which pages may send it requests.

A page of another site can make a browser send requests here (CSRF), also under a name of its own that it points at this
machine (DNS rebinding). The name in `Host` and the one in `Origin` tell such requests from those of our own page.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bus.settings import Settings
from services.gateway.web.http_messages import error_answer

_READING = ("GET", "HEAD", "OPTIONS")
_FOR_MACHINES = ("/healthz", "/readyz", "/openz", "/metrics")
"""Asked by monitors and load balancers under any name; the answers depend on nobody and tell nothing of people."""


class Origins:
    """The names of this gateway."""

    def __init__(self, settings: Settings) -> None:
        public = urlsplit(settings.public_url)
        self._public_host = public.netloc.lower()
        self._public_is_secure = public.scheme == "https"
        machine = socket.gethostname().lower()
        named = [one.strip().lower().rpartition("://")[2].rstrip("./") for one in settings.hosts.split(",")]
        self._any = "*" in named
        self._names = {"localhost", machine, f"{machine}.local", settings.host.lower(), public.hostname or "", *named}
        self._names -= {""}
        self.allowed = tuple(one.strip().rstrip("/") for one in settings.origins.split(",") if one.strip())
        """Other sites whose pages may use the API, with tokens."""

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names this gateway. An address does: only names can be pointed elsewhere."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if self._any or name in self._names or name.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def is_secure(self, scope: Scope) -> bool:
        """Whether the browser reaches us by TLS, as far as can be known behind a proxy that ends it."""
        if scope.get("scheme") == "https":
            return True
        host = Headers(scope=scope).get("host", "").lower()
        return self._public_is_secure and host == self._public_host

    def is_allowed(self, origin: str | None) -> bool:
        """Whether a request comes from a page of a site that may use the API, with a token."""
        return origin in self.allowed

    def may_write(self, scope: Scope) -> bool:
        """Whether a request that changes something comes from a page of ours, or from no page at all."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        if self.is_allowed(origin):
            return True  # with a token, which no other page has
        try:
            page = urlsplit(origin)
        except ValueError:
            return False
        # A page that came without TLS may have been changed on its way. The other way round is a proxy that ends TLS.
        is_safe = page.scheme == "https" or (page.scheme == "http" and not self.is_secure(scope))
        return is_safe and page.netloc.lower() == headers.get("host", "").lower()


class OriginMiddleware:
    """Refuses requests under a name that is not ours, and writing ones of another site's page."""

    def __init__(self, app: ASGIApp, *, origins: Origins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _FOR_MACHINES:
            headers = Headers(scope=scope)
            host = headers.get("host", "")
            if not self._origins.is_ours(host):
                why = f"this is not {host[:200]!r}; if it is, name it in VISAVIS_HOSTS or VISAVIS_PUBLIC_URL"
                await error_answer(421, "unknown_host", why)(scope, receive, send)
                return
            if scope["method"] not in _READING and not self._origins.may_write(scope):
                why = f"requests from {headers.get('origin', 'other sites')[:200]} are not taken"
                await error_answer(403, "forbidden_origin", why)(scope, receive, send)
                return
        await self._app(scope, receive, send)
