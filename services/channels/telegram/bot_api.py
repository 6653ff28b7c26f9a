"""Calls the Bot API without its typed client, which takes seconds to import: for all but sending.

The token is part of every URL. It is put in at the last moment, below the HTTP client, so that neither the client's log
lines nor its errors can show it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import msgspec
from msgspec import Raw, Struct

from bus.errors import ConfigurationError, TooLarge, VisavisError
from bus.process.proxies import proxy_for
from services.channels.channel import UNREADABLE
from services.channels.telegram.secrecy import read_token, redacted

CONNECT_TIMEOUT = 10.0
TIMEOUT = 30.0
"""Seconds for an answer that is not waited for on purpose."""
LONG_POLL = 30
"""Seconds that Telegram waits for an update before it answers that there is none; it allows 50."""


class ApiError(VisavisError):
    """The Bot API refused a call, or gave no answer.

    Args:
        status: as of HTTP; 0: there was no answer of the Bot API.
        after: seconds to wait, where it told.
    """

    code = "telegram_failed"
    retryable = True

    def __init__(self, detail: str, *, status: int = 0, after: float | None = None) -> None:
        super().__init__(detail, retryable=status not in (400, 401, 403, 404), code=_CODES.get(status))
        self.status = status
        self.after = after


_CODES = {401: "telegram_token", 404: "telegram_token", 409: "telegram_conflict", 429: "telegram_busy"}
REMEDIES = {
    401: "the token is not valid: set VISAVIS_TELEGRAM_TOKEN to the one that BotFather gives",
    404: "the token is not valid: set VISAVIS_TELEGRAM_TOKEN to the one that BotFather gives",
    409: "another program fetches this bot's updates: end it, or take a bot of its own for each",
}


class _Parameters(Struct):
    retry_after: float | None = None


class _Answer(Struct):
    ok: bool
    result: Raw = Raw(b"null")
    error_code: int = 0
    description: str = ""
    parameters: _Parameters | None = None


class Me(Struct):
    """The bot itself."""

    id: int
    first_name: str = ""
    username: str = ""


class WebhookInfo(Struct):
    """Where Telegram sends updates, and how that goes."""

    url: str = ""
    pending_update_count: int = 0
    last_error_date: int = 0
    last_error_message: str = ""


class _File(Struct):
    file_path: str = ""


class _UpdateId(Struct):
    update_id: int


class BotApi:
    """The Bot API for one bot.

    Args:
        base: such as https://api.telegram.org.
        environment: where the proxies are named; by default the process's.
    Raises:
        ConfigurationError: the token, the address or the proxy cannot be used.
    """

    def __init__(self, token: str, base: str, *, environment: Mapping[str, str] | None = None) -> None:
        self.account = read_token(token)
        self._token = token
        url = base.rstrip("/")
        if not url.startswith(("https://", "http://")):
            raise ConfigurationError("VISAVIS_TELEGRAM_API: expected https://host or http://host:port")
        proxy = proxy_for(url, os.environ if environment is None else environment)
        self._url = url
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT),
            follow_redirects=False,
            transport=_TokenTransport(httpx2.AsyncHTTPTransport(proxy=proxy), token),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def call(self, method: str, *, wait: float = 0.0, **arguments: Any) -> Raw:
        """The result of a method, as JSON.

        Args:
            wait: seconds that the answer may take longer than usual.
        Raises:
            ApiError: it was refused, or there was no answer.
        """
        timeout = httpx2.Timeout(TIMEOUT + wait, connect=CONNECT_TIMEOUT)
        try:
            response = await self._client.post(f"{self._url}/bot/{method}", json=arguments, timeout=timeout)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ApiError(f"{method}: no answer ({self._redacted(error)})") from error
        return _result(method, response)

    async def me(self) -> Me:
        return msgspec.json.decode(await self.call("getMe"), type=Me)

    async def webhook(self) -> WebhookInfo:
        return msgspec.json.decode(await self.call("getWebhookInfo"), type=WebhookInfo)

    async def updates(self, offset: int | None, allowed: tuple[str, ...]) -> list[tuple[int, bytes]]:
        """Updates with their ids, as received; waits for one. Those before the offset are confirmed by it."""
        arguments: dict[str, Any] = {"timeout": LONG_POLL, "allowed_updates": allowed}
        if offset is not None:
            arguments["offset"] = offset
        result = await self.call("getUpdates", wait=LONG_POLL, **arguments)
        try:
            return [
                (msgspec.json.decode(one, type=_UpdateId).update_id, bytes(one))
                for one in msgspec.json.decode(result, type=list[Raw])
            ]
        except UNREADABLE as error:
            raise ApiError(f"getUpdates: no list of updates ({error})") from error

    async def file(self, file_id: str) -> AsyncIterator[bytes]:
        """The bytes of a file, from the same server only.

        Raises:
            TooLarge: beyond what the Bot API gives out.
            VisavisError: it cannot be had; `retryable` says whether later.
        """
        path = await self._file_path(file_id)
        try:
            async with self._client.stream(
                "GET", f"{self._url}/file/bot/{quote(path)}", headers={"Accept-Encoding": "identity"}
            ) as response:
                if response.status_code != 200:
                    raise VisavisError(
                        f"Telegram's file server answered {response.status_code}", code="media_unavailable",
                        # A link is valid for an hour: the next attempt asks for a new one.
                        retryable=response.status_code in (404, 410, 429) or response.status_code >= 500,
                    )  # fmt: skip
                async for piece in response.aiter_raw():
                    yield piece
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            detail = f"Telegram's file server: {self._redacted(error)}"
            raise VisavisError(detail, code="media_unavailable", retryable=True) from error

    async def _file_path(self, file_id: str) -> str:
        try:
            path = msgspec.json.decode(await self.call("getFile", file_id=file_id), type=_File).file_path
        except ApiError as error:
            if "too big" in error.detail:
                raise TooLarge("Telegram gives bots files of 20 MiB at most") from error
            if error.status == 400:
                raise VisavisError("Telegram has this file no more", code="media_expired") from error
            raise
        if not path or path.startswith("/") or ".." in path.split("/"):
            # A server started with --local answers with a path on its own disk.
            raise VisavisError("the Bot API gave no path to download from: start it without --local", code="media_path")
        return path

    def _redacted(self, error: Exception) -> str:
        return redacted(f"{type(error).__name__}: {error}", self._token)


def _result(method: str, response: httpx2.Response) -> Raw:
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except UNREADABLE as error:
        raise ApiError(f"{method}: answer {response.status_code} is not of the Bot API", after=None) from error
    if not answer.ok:
        after = answer.parameters.retry_after if answer.parameters else None
        status = answer.error_code or response.status_code
        raise ApiError(f"{method}: {status} {answer.description}", status=status, after=after)
    return answer.result


class _TokenTransport(httpx2.AsyncBaseTransport):
    """Puts the token into the path of each request."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, token: str) -> None:
        self._inner = inner
        self._token = token

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        before, _, after = request.url.raw_path.rpartition(b"/bot/")
        url = request.url.copy_with(raw_path=before + b"/bot" + self._token.encode() + b"/" + after)
        return await self._inner.handle_async_request(
            httpx2.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        )

    async def aclose(self) -> None:
        await self._inner.aclose()
