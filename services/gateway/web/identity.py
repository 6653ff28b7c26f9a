"""Identifies the person behind a request by a cookie, and refuses requests from other sites (CSRF)."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bus.errors import InvalidInput
from bus.ids import NOBODY, new_id
from bus.subjects import token

COOKIE = "visavis_person"
"""Its value cannot be guessed, so it also authenticates."""
_SCOPE_KEY = "visavis_person"
_YEAR = 365 * 86_400


def current_person(request: Request) -> str:
    """The id of the person who sent a request, from `PersonCookieMiddleware`."""
    person: str = request.scope[_SCOPE_KEY]
    return person


def forget_person(answer: Response) -> None:
    """Let the browser forget who it is: with the next request somebody new begins."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")


class PersonCookieMiddleware:
    """Puts the person's id into the scope of each request; sets the cookie where a request has none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = _person_in(Headers(scope=scope).get("cookie", ""))
        person = known or new_id("p")
        scope[_SCOPE_KEY] = person

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and known is None:
                secure = "; Secure" if scope.get("scheme") == "https" else ""
                cookie = f"{COOKIE}={person}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax{secure}"
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _person_in(header: str) -> str | None:
    """The person's id in a Cookie header; None where it is missing, malformed or nobody's."""
    try:
        morsel = SimpleCookie(header).get(COOKIE)
        return token(morsel.value, "person") if morsel and morsel.value != NOBODY else None
    except (CookieError, InvalidInput):
        return None


class SameOriginMiddleware:
    """Refuses writing requests that another site's page makes a browser send."""

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
