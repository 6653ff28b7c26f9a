"""Lets people and programs in, and keeps the others out, as VISAVIS_ACCESS says."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta, Struct
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bus.errors import BusError, InvalidInput
from bus.settings import Settings
from services.gateway.web.answers import SessionAnswer, TokenAnswer
from services.gateway.web.http_messages import error_answer, json_answer, read_json
from services.gateway.web.identity import Persons, current_person, set_person
from services.gateway.web.keys import LONGEST_TOKEN, SESSION_HOURS, Keys, SignedIn
from services.gateway.web.origins import Origins
from services.gateway.web.tries import Tries

COOKIE = "visavis_session"
WRONG_KEYS = 5
"""Wrong keys that one address may try in a minute."""
WRONG_KEYS_IN_ALL = 100
"""The same of all addresses together."""
_SCOPE_KEY = "visavis_signed_in"
_OPEN_PATHS = ("/api/session",)
"""Which say how to come in."""
_BEARER = re.compile(r"[Bb]earer +(?P<value>[!-~]{1,2000})")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def signed_in(request: Request) -> SignedIn | None:
    """Who has signed in; None: nobody has, and need not here."""
    found: SignedIn | None = request.scope.get(_SCOPE_KEY)
    return found


def is_operator(request: Request) -> bool:
    """Whether the operator sent this request, who may see the conversations of all persons."""
    found = signed_in(request)
    return found is not None and found.is_operator


class AccessMiddleware:
    """Finds who has signed in, and refuses the API to who has not, where that is needed."""

    def __init__(self, app: ASGIApp, *, keys: Keys, persons: Persons, settings: Settings, origins: Origins) -> None:
        self._app = app
        self._keys = keys
        self._persons = persons
        self._access = settings.access
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if not path.startswith("/api/"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._access == "local" and any(name in headers for name in _FORWARDED):
            await _not_through_a_proxy(scope, receive, send)
            return
        try:
            found = self._find(scope, headers)
        except BusError as error:
            await error_answer(503, error.code, error.detail, {"Retry-After": "2"})(scope, receive, send)
            return
        except InvalidInput as error:
            await _not_signed_in(error.detail)(scope, receive, send)
            return
        refusal = self._refusal(found, scope["method"]) if path not in _OPEN_PATHS else None
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        scope[_SCOPE_KEY] = found

        async def send_renewed(message: Message) -> None:
            is_kept = found is not None and found.is_old and not path.startswith(_OPEN_PATHS)  # it may be signing out
            if message["type"] == "http.response.start" and found is not None and is_kept:
                cookie = self._keys.cookie(found)
                value = session_cookie(cookie, is_secure=self._origins.is_secure(scope))
                MutableHeaders(scope=message).append("set-cookie", value)
            await send(message)

        await self._app(scope, receive, send_renewed)

    def _refusal(self, found: SignedIn | None, method: str) -> Response | None:
        """What is answered to who may not use the API, or not so; what they find there is a matter of the routes."""
        if found is None:
            why = "sign in with a key: at the page, or by the header Authorization: Bearer KEY"
            return _not_signed_in(why) if self._access == "keys" else None
        if "talk" in found.scopes or (found.is_operator and method == "GET"):
            return None
        return error_answer(403, "forbidden", "this key may look at conversations, and have none")

    def _find(self, scope: Scope, headers: Headers) -> SignedIn | None:
        """Who has signed in.

        Raises:
            InvalidInput: a key or a token was sent that does not hold, or none with a request of another site's page.
        """
        authorization = headers.get("authorization", "")
        bearer = _BEARER.fullmatch(authorization.strip())
        if bearer is not None:
            found = self._keys.by_bearer(bearer["value"])
            if found is None:
                raise InvalidInput("this key or token does not hold", code="not_signed_in")
            person = self._persons.person_of(f"key/{found.key}/{found.user}")
            if not found.is_key and self._persons.is_ended(person, found.since):
                raise InvalidInput("this token was ended", code="not_signed_in")
            set_person(scope, person)
            return found
        if self._origins.is_allowed(headers.get("origin")):
            why = "a page of another site needs a token: Authorization: Bearer TOKEN"
            raise InvalidInput(why, code="not_signed_in")
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        return self._keys.by_cookie(cookie) if cookie else None


def _not_signed_in(why: str) -> Response:
    return error_answer(401, "not_signed_in", why, {"WWW-Authenticate": "Bearer"})


async def _not_through_a_proxy(scope: Scope, receive: Receive, send: Send) -> None:
    why = (
        "this request came through a proxy, and nobody has to sign in here: set VISAVIS_ACCESS to keys, or to open for "
        "a page that everybody may use"
    )
    await error_answer(403, "forbidden", why)(scope, receive, send)


def session_cookie(value: str, *, is_secure: bool) -> str:
    """The header that signs a browser in; with "" out."""
    age = SESSION_HOURS * 3600 if value else 0
    return f"{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{'; Secure' if is_secure else ''}"


class SignIn(Struct, forbid_unknown_fields=True):
    key: Annotated[str, Meta(max_length=200)]


class NewToken(Struct, forbid_unknown_fields=True):
    user: Annotated[str, Meta(max_length=200)] = ""
    seconds: Annotated[int, Meta(ge=1, le=LONGEST_TOKEN)] = 600


class SessionRoutes:
    """How browsers sign in and out, and how programs get tokens for theirs."""

    def __init__(self, keys: Keys, persons: Persons, settings: Settings, origins: Origins) -> None:
        self._keys = keys
        self._persons = persons
        self._access = settings.access
        self._origins = origins
        self._wrong = Tries(per_person=WRONG_KEYS, in_all=WRONG_KEYS_IN_ALL)
        self.operator_route = Route("/operator", self._enter)

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/session", self.show),
            Route("/session", self.sign_in, methods=["POST"]),
            Route("/session", self.sign_out, methods=["DELETE"]),
            Route("/session/everywhere", self.end_all, methods=["DELETE"]),
            Route("/tokens", self.make_token, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        found = signed_in(request)
        if found is None:
            answer = SessionAnswer(self._access, False, self._access == "keys")
        else:
            answer = SessionAnswer(self._access, True, False, found.name, found.scopes)
        return json_answer(answer, headers={"Cache-Control": "no-store"})

    async def sign_in(self, request: Request) -> Response:
        found = self._checked(request, (await read_json(request, SignIn)).key.strip())
        return self._signed_in(request, found, Response(status_code=204))

    async def sign_out(self, request: Request) -> Response:
        return self._with_cookie(request, "", Response(status_code=204))

    async def end_all(self, request: Request) -> Response:
        found = signed_in(request)
        await self._persons.end_sessions(current_person(request))
        if found is not None:
            await self._persons.end_sessions(found.key)
        return self._with_cookie(request, "", Response(status_code=204))

    async def make_token(self, request: Request) -> Response:
        wanted, found = await read_json(request, NewToken), signed_in(request)
        if found is None or not found.is_key:
            raise InvalidInput("a token is made of a key: Authorization: Bearer KEY", code="forbidden")
        if "talk" not in found.scopes:
            raise InvalidInput("this key may not talk", code="forbidden")
        token, expires_at = self._keys.token(found, wanted.user, wanted.seconds)
        return json_answer(TokenAnswer(token, expires_at), 201, {"Cache-Control": "no-store"})

    async def _enter(self, request: Request) -> Response:
        """`GET /operator?key=…`: an address that commands print, which signs the operator in and leads to the page."""
        found = self._checked(request, request.query_params.get("key", ""))
        if not found.is_operator:
            raise InvalidInput("this is not the operator's key", code="forbidden")
        # Relative, as the page may be below a path of another server. The browser keeps the fragment.
        answer = Response(status_code=303, headers={"Location": "./", "Cache-Control": "no-store"})
        return self._signed_in(request, found, answer)

    def _checked(self, request: Request, key: str) -> SignedIn:
        """Who has this key. The right one opens at any time: pages of other sites can make a browser send wrong ones,
        and 256 random bits are not found by trying."""
        found = self._keys.by_key(key)
        if found is None:
            address = request.client.host if request.client else ""
            self._wrong.check(address)
            self._wrong.add(address)
            why = "this key opens nothing here; the operator's is in operator.key of the data folder"
            raise InvalidInput(why, code="forbidden")
        return found

    def _signed_in(self, request: Request, found: SignedIn, answer: Response) -> Response:
        return self._with_cookie(request, self._keys.cookie(found), answer)

    def _with_cookie(self, request: Request, value: str, answer: Response) -> Response:
        is_secure = self._origins.is_secure(request.scope)
        answer.headers.append("set-cookie", session_cookie(value, is_secure=is_secure))
        return answer
