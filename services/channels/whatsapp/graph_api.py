"""A client of the few calls of WhatsApp's Cloud API (Meta's Graph API) that are needed.

There is a library, pywa, which drives the double of the API in the tests. Here it is not used: it reads only the first
message of a webhook, marks an update as handled before it is, follows redirects with the token, and uploads voice notes
as `audio.mp3`, which WhatsApp then takes for no voice note.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import httpx2
import msgspec
from msgspec import Struct

from bus.errors import ConfigurationError, VisavisError
from bus.process.proxies import proxy_for
from services.channels.channel import UNREADABLE, NotSent, OutcomeUnknown, Refused
from services.channels.whatsapp.errors import answer_failure

CONNECT_TIMEOUT = 5.0
TIMEOUT = 30.0
"""Seconds for an answer. Longer than the API takes, so that few outcomes stay unknown."""
_SLOWEST_UPLOAD = 50_000
"""Bytes per second."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NOT_CONNECTED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)

T = TypeVar("T")


class Phone(Struct, frozen=True):
    """Our phone number."""

    id: str
    display_phone_number: str = ""
    verified_name: str | None = None
    quality_rating: str | None = None
    webhook_configuration: dict[str, str] | None = None
    """Addresses that webhooks go to, by level: phone_number before whatsapp_business_account before application."""

    @property
    def webhook(self) -> str:
        """Where webhooks go; empty: nowhere."""
        levels = ("phone_number", "whatsapp_business_account", "application")
        given = self.webhook_configuration or {}
        return next((given[level] for level in levels if given.get(level)), "")


class Media(Struct, frozen=True):
    """Where a recording is, for some minutes."""

    id: str
    url: str
    mime_type: str = ""
    sha256: str | None = None
    file_size: int = 0


class _Uploaded(Struct, frozen=True):
    id: str


class _Taken(Struct, frozen=True):
    messages: list[_Uploaded]


class GraphApi:
    """The calls, as one phone number.

    Args:
        api: address with the version, e.g. https://graph.facebook.com/v26.0.
        token: goes to the API and, by `download`, to addresses that the caller has checked; never into an error.
        timeout: seconds for an answer.
    Raises:
        ConfigurationError: the address is none to which the token may go, or the environment names a bad proxy.
    """

    def __init__(
        self,
        api: str,
        token: str,
        number: str,
        *,
        timeout: float = TIMEOUT,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        expected = "VISAVIS_WHATSAPP_API: expected an address such as https://graph.facebook.com/v26.0"
        try:
            self.base = httpx2.URL(api.strip().rstrip("/"))
        except httpx2.InvalidURL as error:
            raise ConfigurationError(f"{expected}; {error}") from error
        self.loopback = self.base.host in LOOPBACK
        if not self.base.host or not (self.base.scheme == "https" or (self.base.scheme == "http" and self.loopback)):
            raise ConfigurationError(f"{expected}; the token goes nowhere else without encryption")
        self._number = number
        self._token = token
        self._timeout = timeout
        proxy = proxy_for(str(self.base), os.environ if environment is None else environment)
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(timeout, connect=CONNECT_TIMEOUT),
            follow_redirects=False,
            # Given one, the client takes no other proxy from the environment.
            transport=httpx2.AsyncHTTPTransport(proxy=proxy),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def phone(self) -> Phone:
        """Our own number.

        Raises:
            VisavisError: it cannot be asked; says what to do.
        """
        fields = "display_phone_number,verified_name,quality_rating,webhook_configuration"
        return await self._get(self._number, Phone, fields=fields)

    async def media(self, media: str) -> Media:
        """Where a recording is.

        Raises:
            VisavisError: it cannot be asked, or is not there.
        """
        return await self._get(media, Media, phone_number_id=self._number)

    def download(self, url: httpx2.URL) -> AbstractAsyncContextManager[httpx2.Response]:
        """The answer of a media address, to be read as it comes. The caller has checked that the token may go there.

        Raises:
            httpx2.HTTPError: it failed; see `unreachable`.
        """
        return self._client.stream("GET", url, headers=self._headers)

    async def upload(self, data: bytes, name: str, mime: str) -> str:
        """Bring a file to WhatsApp, which sends it to nobody yet; returns its id.

        Args:
            name: WhatsApp looks at its ending as well as at the type.
        Raises:
            NotSent, Refused
        """
        try:
            answer = await self._ask(
                "POST",
                f"{self._number}/media",
                timeout=self._timeout + len(data) / _SLOWEST_UPLOAD,
                data={"messaging_product": "whatsapp", "type": mime},
                files={"file": (name, data, mime)},
            )
            return self._read(answer, _Uploaded).id
        except OutcomeUnknown as error:
            # An upload that nobody sees may be made twice.
            raise NotSent(error.detail, code=error.code) from error

    async def send(self, message: Mapping[str, Any]) -> str:
        """Send a message; returns WhatsApp's id of it.

        Raises:
            NotSent, Refused, OutcomeUnknown
        """
        body = {"messaging_product": "whatsapp", "recipient_type": "individual", **message}
        answer = await self._ask("POST", f"{self._number}/messages", json=body)
        taken = self._read(answer, _Taken)
        if not taken.messages:
            raise OutcomeUnknown("WhatsApp took a message and gave it no id")
        return taken.messages[0].id

    async def show_typing(self, message: str) -> None:
        """Mark a person's message as read, and show for 25 s that we write.

        Raises:
            NotSent, Refused, OutcomeUnknown
        """
        body = {
            "messaging_product": "whatsapp", "status": "read", "message_id": message,
            "typing_indicator": {"type": "text"},
        }  # fmt: skip
        await self._ask("POST", f"{self._number}/messages", json=body)

    def unreachable(self, error: httpx2.HTTPError) -> NotSent | OutcomeUnknown:
        """The error of a connection that failed; without the library's words, which may hold an address."""
        reason = type(error).__name__
        if isinstance(error, _NOT_CONNECTED):
            return NotSent(f"{self.base.host} cannot be reached ({reason})", code="unreachable")
        return OutcomeUnknown(f"the answer of {self.base.host} was lost ({reason})")

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    async def _get(self, path: str, kind: type[T], **query: str) -> T:
        try:
            return self._read(await self._ask("GET", path, params=query), kind)
        except OutcomeUnknown as error:
            raise VisavisError(error.detail, retryable=True, code="unavailable") from error

    async def _ask(self, method: str, path: str, **request: Any) -> httpx2.Response:
        url = self.base.copy_with(path=f"{self.base.path.rstrip('/')}/{path}")
        try:
            answer = await self._client.request(method, url, headers=self._headers, **request)
        except httpx2.HTTPError as error:
            raise self.unreachable(error) from error
        if not answer.is_success:
            raise self.refused(answer.status_code, answer.content, answer.headers)
        return answer

    def refused(self, status: int, body: bytes, headers: Mapping[str, str]) -> NotSent | Refused | OutcomeUnknown:
        """The error of an answer that is no success, without the token, which WhatsApp may repeat."""
        given = headers.get("retry-after", "")
        clean = body.replace(self._token.encode(), b"(token)")
        return answer_failure(status, clean, retry_after=float(given) if given.isdecimal() else None)

    def _read(self, answer: httpx2.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except UNREADABLE as error:
            raise OutcomeUnknown("WhatsApp's answer cannot be read") from error
