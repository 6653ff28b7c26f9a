"""Receives updates, by long polling or by webhook. An update is confirmed once it is stored, never before."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import VisavisError
from services.channels.channel import UNREADABLE, Store
from services.channels.telegram.bot_api import REMEDIES, ApiError, BotApi
from services.channels.telegram.secrecy import derived
from services.channels.telegram.updates import ALLOWED_UPDATES

logger = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]
MAX_BODY = 3 << 20
"""Bytes of an update that is sent to us."""
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_CHECK_INTERVAL = 300.0
"""Seconds between two looks at whether Telegram still has our webhook: it drops one that fails for a day."""
_BUSY_SECONDS = 5
"""Seconds after which Telegram may send again what could not be stored."""


async def poll(api: BotApi, store: Store, *, sleep: Sleep = asyncio.sleep) -> None:
    """Fetch updates until cancelled. No failure ends it: it waits, longer each time, and says what to do."""
    offset: int | None = None
    failures = 0
    look_for_webhook = True
    while True:
        try:
            if look_for_webhook:
                await _delete_webhook(api)
                look_for_webhook = False
            updates = await api.updates(offset, ALLOWED_UPDATES)
            for number, raw in updates:
                await store(str(number), raw)
        except VisavisError as error:
            failures += 1
            look_for_webhook = look_for_webhook or _status(error) == 409
            await sleep(_wait(error, failures, "updates of Telegram are not fetched and stored"))
            continue
        failures = 0
        # An empty answer has confirmed all before the offset. After a quiet week the ids begin anywhere, perhaps below
        # it, so that it is not used again.
        offset = max(number for number, _ in updates) + 1 if updates else None


async def keep_webhook(api: BotApi, url: str, secret: str, *, sleep: Sleep = asyncio.sleep) -> None:
    """Register our webhook, and again whenever Telegram has it no more, until cancelled."""
    failures = 0
    registered = False
    while True:
        try:
            info = await api.webhook()
            if not registered or info.url != url:
                await api.call(
                    "setWebhook", url=url, secret_token=secret, max_connections=20, allowed_updates=ALLOWED_UPDATES
                )
                registered = True
                logger.info("Telegram sends its updates to our webhook")
            elif info.pending_update_count and info.last_error_message:
                fields = {"reason": info.last_error_message, "waiting": info.pending_update_count}
                logger.warning("Telegram could not deliver to our webhook", extra=fields)
        except VisavisError as error:
            failures += 1
            await sleep(_wait(error, failures, "Telegram's webhook could not be registered"))
            continue
        failures = 0
        await sleep(_CHECK_INTERVAL)


def webhook_path(token: str) -> str:
    """The path of our webhook, which nobody can guess."""
    return f"/telegram/{derived(token, 'webhook path')[:32]}"


def webhook_secret(token: str) -> str:
    """What Telegram sends with each update to our webhook."""
    return derived(token, "webhook secret")


def webhook_route(token: str, store: Store) -> Route:
    """Where Telegram sends updates; answers 200 once one is stored, and 503 where it has to be sent again."""
    secret = webhook_secret(token).encode()

    async def receive(request: Request) -> Response:
        given = next((value for name, value in request.headers.raw if name == SECRET_HEADER.lower().encode()), b"")
        if not hmac.compare_digest(given, secret):  # bytes: a string of other than ASCII would be an error
            return Response(status_code=401)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        try:
            await store(_event_id(body), body)
        except VisavisError as error:
            logger.warning("an update of Telegram could not be stored", extra={"reason": error.detail})
            return Response(status_code=503, headers={"Retry-After": str(_BUSY_SECONDS)})
        return Response(status_code=200)

    return Route(webhook_path(token), receive, methods=["POST"])


async def _body(request: Request) -> bytes | None:
    """The body of a request; None where it is too large, by what it says or by what comes."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


class _UpdateId(Struct):
    update_id: int


def _event_id(body: bytes) -> str:
    """The id of an update. Of one that cannot be read, by its content: refused, it would be sent again for a day."""
    try:
        return str(msgspec.json.decode(body, type=_UpdateId).update_id)
    except UNREADABLE:
        return f"unread-{hashlib.sha256(body).hexdigest()[:32]}"


async def _delete_webhook(api: BotApi) -> None:
    """Delete a webhook that was set earlier, during which Telegram lets nobody fetch updates."""
    info = await api.webhook()
    if info.url:
        await api.call("deleteWebhook")
        host = urlsplit(info.url).hostname  # its path may be a secret
        logger.warning("deleted the webhook of the Telegram bot, to fetch its updates instead", extra={"host": host})


def _status(error: VisavisError) -> int:
    return error.status if isinstance(error, ApiError) else 0


def _wait(error: VisavisError, failures: int, what: str) -> float:
    """Seconds to wait after a failure, which is logged."""
    wait = min(_FIRST_WAIT * float(1 << min(failures - 1, 10)), _LONGEST_WAIT)
    if isinstance(error, ApiError) and error.after is not None:
        wait = max(error.after, wait)
    if not error.retryable:
        wait = _LONGEST_WAIT
    fields = {"reason": error.detail, "code": error.code, "again_in": wait}
    remedy = REMEDIES.get(_status(error), "")
    level = logging.ERROR if remedy else logging.WARNING
    logger.log(level, what, extra=fields | ({"remedy": remedy} if remedy else {}))
    return wait
