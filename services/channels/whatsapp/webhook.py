"""Takes WhatsApp's webhooks: proves that they are Meta's, stores what they hold, and only then confirms them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bus.errors import BusError
from services.channels.channel import Store
from services.channels.whatsapp.updates import split

log = logging.getLogger(__name__)

PATH = "/whatsapp"
MAX_BODY = 3 << 20
"""Bytes; Meta's own limit."""
SMALL_BODY = 64 << 10
"""Bytes; nearly all webhooks have less."""
MOST_UNPROVED = 32 << 20
"""Bytes of larger bodies that are held at once: anybody can send some, and only the whole body proves who did."""
READ_WITHIN = 10.0
STORE_WITHIN = 4.0
"""Seconds; Meta gives up after about five, and comes again."""
_RETRY_AFTER = "10"
_MAX_CHALLENGE = 1024
_MOST_DIGITS = 9


class Webhook:
    """The two routes of a webhook.

    Args:
        number: id of our phone number; what is about another is dropped.
        app_secret: of the Meta app; signs the body.
        verify_token: what was typed in where the webhook was set up.
    """

    def __init__(self, store: Store, *, number: str, app_secret: str, verify_token: str) -> None:
        self._store = store
        self._number = number
        self._secret = app_secret.encode()
        self._verify_token = verify_token.encode()
        self._held = 0

    def routes(self) -> Sequence[BaseRoute]:
        return [Route(PATH, self.verify, methods=["GET"]), Route(PATH, self.take, methods=["POST"])]

    async def verify(self, request: Request) -> Response:
        """Answer Meta's question whether this address is ours."""
        query = request.query_params
        given = query.get("hub.verify_token", "").encode()
        matches = hmac.compare_digest(given, self._verify_token)
        if query.get("hub.mode") != "subscribe" or not matches:
            log.warning("refused to verify a webhook of WhatsApp: VISAVIS_WHATSAPP_VERIFY_TOKEN is another")
            return Response(status_code=403)
        return PlainTextResponse(query.get("hub.challenge", "")[:_MAX_CHALLENGE])

    async def take(self, request: Request) -> Response:
        """Store what a webhook holds."""
        body = bytearray()
        try:
            async with asyncio.timeout(READ_WITHIN):
                refused = await self._read(request, body)
            return Response(status_code=refused) if refused else await self._prove(request, bytes(body))
        except (TimeoutError, ClientDisconnect):
            return Response(status_code=408)
        finally:
            self._held -= _beyond_small(body)

    async def _read(self, request: Request, body: bytearray) -> int:
        """Read a body as it was sent; returns the status of a refusal, 0 where there is none."""
        declared = request.headers.get("content-length", "0")
        if not declared.isdecimal() or len(declared) > _MOST_DIGITS or int(declared) > MAX_BODY:
            return 413
        async for piece in request.stream():
            self._held -= _beyond_small(body)
            body += piece
            self._held += _beyond_small(body)
            if len(body) > MAX_BODY:
                return 413
            if self._held > MOST_UNPROVED:
                log.warning("refused a webhook of WhatsApp: too many large ones come at once")
                return 503
        return 0

    async def _prove(self, request: Request, body: bytes) -> Response:
        # As bytes: compare_digest refuses text with other characters than ASCII. Headers are Latin-1.
        given = request.headers.get("x-hub-signature-256", "").encode("latin-1")
        expected = f"sha256={hmac.new(self._secret, body, hashlib.sha256).hexdigest()}".encode()
        if not hmac.compare_digest(given, expected):
            log.warning("refused a webhook of WhatsApp: its signature is not that of VISAVIS_WHATSAPP_APP_SECRET")
            return Response(status_code=401)
        return await self._keep(body)

    async def _keep(self, body: bytes) -> Response:
        taken = split(body, self._number)
        if taken.others:
            log.info("acknowledged webhooks of WhatsApp about other things", extra={"fields": _named(taken.others)})
        if taken.strange_numbers:
            log.warning(
                "dropped webhooks of WhatsApp about another number than VISAVIS_WHATSAPP_PHONE_NUMBER_ID",
                extra={"count": taken.strange_numbers},
            )
        try:
            # What is stored twice because the answer came too late is refused by the inbox the second time.
            async with asyncio.timeout(STORE_WITHIN):
                for key, data in taken.items:
                    await self._store(key, data)
        except (BusError, TimeoutError) as error:
            code = error.code if isinstance(error, BusError) else "timeout"
            log.error("could not store a webhook of WhatsApp, which will come again", extra={"error": code})
            return Response(status_code=503, headers={"Retry-After": _RETRY_AFTER})
        return Response(status_code=200)


def _beyond_small(body: bytearray) -> int:
    """The bytes of a body that count."""
    return max(len(body) - SMALL_BODY, 0)


def _named(fields: Sequence[str]) -> str:
    """Names of fields for a log line; they are Meta's words, and short."""
    return ",".join(sorted({one[:40] for one in fields if one.replace("_", "").isalnum()}))
