"""Sends through aiogram, and says of each failure whether the message may have been sent.

Imported late, and only by the process that sends: the import takes seven seconds of processor time and 170 MB.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import msgspec
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import SendMessage, SendVideoNote, SendVoice, TelegramMethod
from aiogram.types import BufferedInputFile, LinkPreviewOptions, Message, ReplyParameters
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    InvalidURL,
    TCPConnector,
    TraceConfig,
)

from bus.errors import ConfigurationError, VisavisError
from bus.process.proxies import proxy_for
from services.channels.channel import NotSent, OutcomeUnknown, Outgoing, Refused
from services.channels.telegram.markup import telegram_html
from services.channels.telegram.secrecy import cause_without, redacted

CONNECT_TIMEOUT = 15.0
ANSWER_TIMEOUT = 60.0
SLOWEST_UPLOAD = 50_000
"""Bytes per second for which the time limit is still enough: one that passes means a message that is never repeated."""
_WAIT_OF_ALL = 30.0
"""Seconds to wait beyond which the limit is the whole bot's, not one chat's."""
_PATIENCE = 1.1
"""Times as long as we are told to wait, that our clocks need not agree."""
_T = TypeVar("_T")

_REFUSALS: tuple[tuple[str, str, bool, bool], ...] = (
    ("VOICE_MESSAGES_FORBIDDEN", "voice_forbidden", True, False),
    ("VIDEO_MESSAGES_FORBIDDEN", "voice_forbidden", True, False),
    ("wrong video note length", "media_refused", True, False),
    ("file is too big", "media_refused", True, False),
    ("chat not found", "chat_not_found", False, True),
    ("blocked by the user", "blocked", False, True),
    ("user is deactivated", "deactivated", False, True),
    ("can't initiate conversation", "never_started", False, True),
)
"""Words in a refusal, our code for it, whether a text would be taken, whether nothing reaches the person any more."""


class TypedClient:
    """Sends messages of one bot.

    Args:
        answer_timeout: seconds for an answer once all is uploaded.
    Raises:
        ConfigurationError: the proxy in the environment is of a kind that this client cannot use.
    """

    def __init__(
        self,
        token: str,
        base: str,
        *,
        answer_timeout: float = ANSWER_TIMEOUT,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        proxy = proxy_for(base, os.environ if environment is None else environment)
        if proxy is not None and not proxy.startswith("http"):
            raise ConfigurationError("Telegram cannot be reached through a SOCKS proxy: name one with http://")
        self._token = token
        self._answer_timeout = answer_timeout
        self._bot = Bot(token, session=_Session(TelegramAPIServer.from_base(base), proxy))

    async def close(self) -> None:
        await self._bot.session.close()

    async def send(self, message: Outgoing) -> str:
        """Send a message; returns its id.

        Raises:
            NotSent, Refused, OutcomeUnknown: as for `Channel.send`.
        """
        timeout = self._answer_timeout + len(message.media) / SLOWEST_UPLOAD
        if message.kind == "text" and message.markdown:
            try:
                return await self._call(_text(message, telegram_html(message.text)), timeout)
            except Refused as error:
                if error.code != "entities":
                    raise
        return await self._call(_METHODS[message.kind](message), timeout)

    async def _call(self, method: TelegramMethod[Message], timeout: float) -> str:
        try:
            return str((await self._bot(method, request_timeout=round(timeout))).message_id)
        except ClientDecodeError as error:
            # The answer of a message that was sent, with a field of a kind that this version does not know.
            sent = _sent_id(error.data)
            if sent:
                return sent
            raise self._translated(error) from cause_without(error, self._token)
        except (AiogramError, ClientError, OSError) as error:
            raise self._translated(error) from cause_without(error, self._token)

    def _translated(self, error: Exception) -> VisavisError:
        # A page of HTML, or what could not be decoded, says nothing that helps, and much of it.
        words = "no answer of the Bot API" if isinstance(error, ClientDecodeError) else str(error)
        detail = redacted(words.replace("\n", " "), self._token)[:300]
        if isinstance(error, TelegramRetryAfter):
            after = error.retry_after * _PATIENCE
            return NotSent(detail, after=after, everywhere=error.retry_after > _WAIT_OF_ALL)
        if isinstance(error, (TelegramUnauthorizedError, TelegramNotFound)):
            return Refused(f"{detail}; the token is not valid: set VISAVIS_TELEGRAM_TOKEN", code="telegram_token")
        # A kind of network error by its class, but an answer.
        if isinstance(error, TelegramEntityTooLarge):
            return Refused(detail, code="media_refused", as_text=True)
        if isinstance(error, (TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat)):
            return _refused(detail, forbidden=isinstance(error, TelegramForbiddenError))
        if isinstance(error, TelegramNetworkError) and isinstance(error.__cause__, _BEFORE_SENDING):
            return NotSent(detail)
        return OutcomeUnknown(detail)


_BEFORE_SENDING = (ClientConnectorError, ConnectionTimeoutError, InvalidURL)
"""Raised before anything of a request was written."""


def _refused(detail: str, *, forbidden: bool) -> Refused:
    if re.search("can't parse entities|text is empty", detail):
        return Refused(detail, code="entities")
    for words, code, as_text, unreachable in _REFUSALS:
        if words in detail:
            return Refused(detail, code=code, as_text=as_text, unreachable=unreachable)
    return Refused(detail, unreachable=forbidden)


def _sent_id(answer: Any) -> str:
    match answer:
        case {"ok": True, "result": {"message_id": int(number)}}:
            return str(number)
    return ""


def _text(message: Outgoing, html: str = "") -> SendMessage:
    return SendMessage(
        chat_id=int(message.chat),
        text=html or message.text,
        parse_mode="HTML" if html else None,
        # Else Telegram opens each link, also one that is good for a single time.
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        disable_notification=message.silent,
        reply_parameters=_reply(message),
    )


def _voice(message: Outgoing) -> SendVoice:
    return SendVoice(
        chat_id=int(message.chat),
        voice=BufferedInputFile(message.media, "reply.ogg"),
        duration=round(message.seconds),
        disable_notification=message.silent,
        reply_parameters=_reply(message),
    )


def _video(message: Outgoing) -> SendVideoNote:
    return SendVideoNote(
        chat_id=int(message.chat),
        video_note=BufferedInputFile(message.media, "reply.mp4"),
        duration=round(message.seconds),
        disable_notification=message.silent,
        reply_parameters=_reply(message),
    )


def _reply(message: Outgoing) -> ReplyParameters | None:
    if not message.reply_to:
        return None
    return ReplyParameters(message_id=int(message.reply_to), allow_sending_without_reply=True)


_METHODS: dict[str, Callable[[Outgoing], TelegramMethod[Message]]] = {
    "text": _text, "voice": _voice, "video": _video,
}  # fmt: skip


class _Session(AiohttpSession):
    """Connects within a time of its own, through an HTTP proxy if there is one, and follows no redirects."""

    def __init__(self, api: TelegramAPIServer, proxy: str | None) -> None:
        super().__init__(api=api, json_loads=msgspec.json.decode, json_dumps=lambda o: msgspec.json.encode(o).decode())
        self._http_proxy = proxy

    async def create_session(self) -> ClientSession:
        if self._session is None or self._session.closed:
            trace = TraceConfig()
            trace.on_request_redirect.append(_refuse_redirect)
            # A connection for each message: on one that was kept, and that the server closes as we write, the outcome
            # is unknown, and the message lost.
            self._session = ClientSession(
                connector=TCPConnector(**self._connector_init, force_close=True),
                proxy=self._http_proxy,
                trace_configs=[trace],
            )
        return self._session

    async def close(self) -> None:
        """Without aiogram's wait of 250 ms for connections to close: each was closed after its message."""
        if self._session is not None:
            await self._session.close()

    async def make_request(self, bot: Bot, method: TelegramMethod[_T], timeout: int | None = None) -> _T:
        limits = ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT)
        # It is handed to aiohttp as it is, which takes both.
        return await super().make_request(bot, method, cast(int, limits))


async def _refuse_redirect(session: ClientSession, context: SimpleNamespace, parameters: object) -> None:
    raise ClientError("redirected")
