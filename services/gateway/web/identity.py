"""Who asks: a cookie nobody can guess, and no other site's page."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bus.errors import InvalidInput
from bus.ids import new_id
from bus.subjects import token

COOKIE = "visavis_person"
_YEAR = 365 * 86_400


def current_person(request: Request) -> str:
    """The person who asks."""
    person: str = request.scope["visavis_person"]
    return person


class PersonCookieMiddleware:
    """Knows the person by a cookie; gives one to whoever has none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = _known_person(Headers(scope=scope).get("cookie", ""))
        person = known or new_id("p")
        scope["visavis_person"] = person

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and known is None:
                secure = "; Secure" if scope.get("scheme") == "https" else ""
                cookie = f"{COOKIE}={person}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax{secure}"
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _known_person(header: str) -> str | None:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
        return token(morsel.value, "person") if morsel else None
    except (CookieError, InvalidInput):
        return None


class SameOriginMiddleware:
    """Refuses what another site's page makes a browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != headers.get("host"):
                refusal = {"code": "forbidden_origin", "message": f"requests from {origin[:200]} are not taken"}
                await JSONResponse({"error": refusal}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)
