"""Identifies the person behind a request by a signed cookie, which only a gateway can make.

The cookie has a secret of the person, and the log a keyed hash of it: who reads the log can make no cookie, and who
finds a cookie cannot tell whose words are whose. Cookies of earlier versions were not signed, and their value was on
the log; each is taken once and exchanged.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bus import clock
from bus.access_events import CookieExchanged, SessionsEnded
from bus.errors import BusError, Conflict
from bus.ids import is_unsigned_cookie
from bus.log.event_log import EventLog
from bus.stamping import new_access_event
from projections.access_reader import AccessReader
from services.gateway.web.http_messages import error_answer
from services.gateway.web.origins import Origins

log = logging.getLogger(__name__)

COOKIE = "visavis_person"
_SCOPE_KEY = "visavis_person"
_YEAR = 365 * 86_400
RENEWED_AFTER = 7 * 86_400
"""Seconds after which a cookie that is in use is signed anew."""
EXCHANGE_HOLDS = 600_000_000
"""Microseconds for which an unsigned cookie is taken again once it was exchanged: the answer may have been lost, and
other tabs may have asked at the same time."""


_PAGES = ("/", "/index.html")


def current_person(request: Request) -> str:
    """The id of the person who sent a request, from `PersonCookieMiddleware`."""
    person: str = request.scope[_SCOPE_KEY]
    return person


def is_known(scope: Scope) -> bool:
    """Whether it is known who sends a request: of what is nobody's in particular, such as the page, it is not asked."""
    return _SCOPE_KEY in scope


def set_person(scope: Scope, person: str) -> None:
    """Say who sends a request, where another proof than the cookie tells it."""
    scope[_SCOPE_KEY] = person


def forget_person(answer: Response) -> None:
    """Let the browser forget who it is: with the next request somebody new begins."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")


@dataclass(frozen=True)
class Identified:
    """Who sent a request."""

    person: str
    """As the log has it."""
    cookie: str | None = None
    """A cookie to set; None: the browser keeps the one that it has."""


class Persons:
    """Makes the cookies of persons and reads them.

    Args:
        access: a reader that runs.
        key: `bus.process.signing_key`.
    """

    def __init__(self, event_log: EventLog, access: AccessReader, key: str) -> None:
        self._event_log = event_log
        self._access = access
        self._serializer = URLSafeTimedSerializer(
            key, salt="visavis.person", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )
        self._hash_key = hmac.digest(key.encode(), b"visavis.person.id", "sha256")
        self._network_key = hmac.digest(key.encode(), b"visavis.network", "sha256")

    def person_of(self, secret: str) -> str:
        """The person's id on the log. A secret from an unsigned cookie has been on it, and stays the id."""
        if is_unsigned_cookie(secret):
            return secret
        return f"h{hmac.new(self._hash_key, secret.encode(), hashlib.sha256).hexdigest()[:32]}"

    def network_of(self, address: str) -> str:
        """What the log has of an address, see `ConversationOpened`: the first 8 bits of a keyed hash."""
        return hmac.digest(self._network_key, address.encode(), "sha256").hex()[:2] if address else ""

    def new_person(self) -> Identified:
        """Somebody who has not been here before."""
        return self._identified(secrets.token_urlsafe(18), renew=True)

    async def identify(self, header: str) -> Identified:
        """Who sends this Cookie header; somebody new where it has no cookie that holds.

        Raises:
            BusError: it is not known yet which cookies are over.
        """
        if not self._access.is_read:
            raise BusError("the gateway is still reading which cookies hold; try again in a moment", code="unavailable")
        value = _value_in(header)
        if value is None:
            return self.new_person()
        if is_unsigned_cookie(value):
            return await self._exchange(value)
        try:
            # Without `max_age`, for which this machine's clock counts: another gateway's may be ahead of it.
            secret, signed_at = self._serializer.loads(value)
            age = clock.now() - int(signed_at)
        except (BadData, TypeError, ValueError):
            return self.new_person()
        found = self._identified(str(secret), renew=age > RENEWED_AFTER * 1_000_000)
        return self.new_person() if age > _YEAR * 1_000_000 or self.is_ended(found.person, signed_at) else found

    def is_ended(self, holder: str, signed_at: int) -> bool:
        """Whether what a person, or a key, got at this time was ended since.

        Args:
            signed_at: microseconds since 1970.
        """
        return signed_at <= self._access.access.ended.get(holder, 0)

    async def end_sessions(self, holder: str) -> None:
        """End all cookies and tokens of a person, or of a key, anywhere.

        Raises:
            BusError: NATS is away.
        """
        event = new_access_event(SessionsEnded(), holder=holder)
        sequence = await self._event_log.append_access(event, after=self._access.access.newest.get(holder, 0))
        await self._access.wait_until(sequence)

    def _identified(self, secret: str, *, renew: bool) -> Identified:
        signed = self._serializer.dumps((secret, clock.now()))
        return Identified(self.person_of(secret), str(signed) if renew else None)

    async def _exchange(self, unsigned: str) -> Identified:
        """Take an unsigned cookie, once."""
        access = self._access.access
        exchanged = access.exchanged.get(unsigned)
        if unsigned in access.ended or (exchanged is not None and clock.now() - exchanged > EXCHANGE_HOLDS):
            return self.new_person()
        if exchanged is None:
            event = new_access_event(CookieExchanged(), holder=unsigned)
            try:
                sequence = await self._event_log.append_access(event, after=access.newest.get(unsigned, 0))
                await self._access.wait_until(sequence)
            except Conflict:
                log.debug("another process has exchanged the same cookie")
        return self._identified(unsigned, renew=True)


class PersonCookieMiddleware:
    """Puts the person's id into the scope of each request; sets the cookie where a request has none that holds."""

    def __init__(self, app: ASGIApp, *, persons: Persons, origins: Origins) -> None:
        self._app = app
        self._persons = persons
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_personal(scope["path"]) or _SCOPE_KEY in scope:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            found = await self._persons.identify(headers.get("cookie", ""))
        except BusError as error:
            # The page itself comes, and says what is missing. It sets no cookie: the one that is there may hold.
            is_page = scope["path"] in _PAGES
            answer = self._app if is_page else error_answer(503, error.code, error.detail, {"Retry-After": "2"})
            await answer(scope, receive, send)
            return
        set_person(scope, found.person)

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and found.cookie is not None:
                secure = "; Secure" if self._origins.is_secure(scope) else ""
                cookie = f"{COOKIE}={found.cookie}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax{secure}"
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _is_personal(path: str) -> bool:
    """Whether an answer may depend on who asks: not of the page's files, which are cached, nor of health checks."""
    return path in _PAGES or path == "/operator" or path.startswith("/api/")


def _value_in(header: str) -> str | None:
    """The person's cookie in a Cookie header; None where it is missing or malformed."""
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None
