"""The channel of a Telegram bot.

Updates are received, and files fetched, without aiogram, whose import takes seconds and 130 MB: the first update that
comes in begins to load it, so that it is there when the answer is, and a bot that nobody writes to stays small.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import re
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.routing import BaseRoute

from bus.errors import ConfigurationError, InvalidInput, VisavisError
from bus.process.proxies import is_private
from bus.settings import Settings
from services.channels.channel import Activity, Capabilities, Incoming, NotSent, Outgoing, Store
from services.channels.telegram.bot_api import REMEDIES, ApiError, BotApi, Me
from services.channels.telegram.receiving import (
    Sleep,
    keep_webhook,
    poll,
    webhook_path,
    webhook_route,
    webhook_secret,
)
from services.channels.telegram.updates import parse_update

if TYPE_CHECKING:
    from services.channels.telegram.typed_client import TypedClient

logger = logging.getLogger(__name__)

COMMANDS = {
    "new": ("Begin a new conversation", "Ein neues Gespräch beginnen"),
    "voice": ("Answer by voice note", "Mit Sprachnachrichten antworten"),
    "text": ("Answer by text", "Mit Text antworten"),
    "both": ("Answer by voice note and text", "Mit Sprachnachricht und Text antworten"),
    "video": ("Answer by round video", "Mit runden Videos antworten"),
    "same": ("Answer as you wrote or spoke", "So antworten, wie du schreibst oder sprichst"),
    "character": ("Talk to another character", "Mit einer anderen Figur sprechen"),
    "repeat": ("Say the last answer again", "Die letzte Antwort wiederholen"),
    "link": ("Link this chat with another person", "Diesen Chat mit einer anderen Person verknüpfen"),
    "unlink": ("End the link with the page", "Die Verknüpfung mit der Seite beenden"),
    "forget": ("What I keep, and how it is deleted", "Was ich behalte und wie es gelöscht wird"),
    "help": ("What you can do here", "Was hier möglich ist"),
}
"""The menu of the bot: each command with what it does, in English and German."""
_ACTIONS = {"typing": "typing", "recording": "record_voice", "recording_video": "record_video_note"}
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Telegram:
    """A Telegram bot.

    Args:
        settings: telegram_token, telegram_webhook, telegram_api.
        sleep: waits between attempts to receive.
    Raises:
        ConfigurationError: a setting cannot be used.
    """

    name = "telegram"
    capabilities = Capabilities(
        voice=True,
        video=True,
        mirrors=True,
        proves_delivery=False,
        largest_voice_note=1_000_000,
        longest_text=4096,
        messages_per_second=30.0,
        seconds_between=1.0,
    )

    def __init__(self, settings: Settings, *, sleep: Sleep = asyncio.sleep) -> None:
        self._token = settings.telegram_token
        self._base = settings.telegram_api.rstrip("/")
        self._api = BotApi(self._token, self._base)
        self.account = self._api.account
        self._webhook = _webhook_base(settings)
        self._sleep = sleep
        self._username = ""
        self._client: TypedClient | None = None
        self._loading = asyncio.Lock()
        self._preloading: asyncio.Task[object] | None = None

    @property
    def label(self) -> str:
        return f"@{self._username}" if self._username else ""

    def parse(self, raw: bytes) -> Sequence[Incoming]:
        return parse_update(raw, self.account)

    # receiving

    async def run(self, store: Store) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._introduce())
            if self._webhook:
                url = self._webhook + webhook_path(self._token)
                tasks.create_task(keep_webhook(self._api, url, webhook_secret(self._token), sleep=self._sleep))
            else:
                tasks.create_task(poll(self._api, self._preloading_after(store), sleep=self._sleep))

    def routes(self, store: Store) -> Sequence[BaseRoute]:
        return [webhook_route(self._token, self._preloading_after(store))] if self._webhook else []

    def _preloading_after(self, store: Store) -> Store:
        """Stores an update, and begins to load what an answer will need."""

        async def stored(event: str, data: bytes) -> bool:
            new = await store(event, data)
            if self._client is None and self._preloading is None:
                self._preloading = asyncio.create_task(self._load_client())
            return new

        return stored

    def fetch(self, media: str) -> AsyncIterator[bytes]:
        return self._api.file(media)

    async def _introduce(self) -> None:
        """Learn our own name, and set the menu of commands. Both can wait."""
        try:
            await self._me()
            for number, language in enumerate(("", "de")):
                menu = [{"command": name, "description": words[number]} for name, words in COMMANDS.items()]
                await self._api.call("setMyCommands", commands=menu, language_code=language)
        except ApiError as error:
            logger.warning("the menu of the Telegram bot could not be set", extra={"reason": error.detail})

    async def _me(self) -> Me:
        me = await self._api.me()
        self._username = me.username
        return me

    # sending

    async def upload(self, message: Outgoing) -> str:
        return ""  # media travel with the message

    async def send(self, message: Outgoing) -> str:
        try:
            client = self._client or await self._load_client()
        except Exception as error:
            logger.exception("aiogram cannot be loaded")
            raise NotSent(f"aiogram cannot be loaded: {type(error).__name__}", code="client_missing") from error
        return await client.send(message)

    async def _load_client(self) -> TypedClient:
        async with self._loading:
            if self._client is None:
                started = time.monotonic()
                # In a thread: the loop goes on meanwhile, if slowly.
                module = await asyncio.to_thread(importlib.import_module, "services.channels.telegram.typed_client")
                self._client = module.TypedClient(self._token, self._base)
                logger.info("loaded aiogram", extra={"seconds": round(time.monotonic() - started, 1)})
            return self._client

    async def show_activity(self, chat: str, activity: Activity, message: str) -> None:
        try:
            await self._api.call("sendChatAction", chat_id=int(chat), action=_ACTIONS[activity])
        except ApiError as error:
            logger.debug("Telegram does not show what we do", extra={"reason": error.detail})

    # for people

    def link_address(self, token: str) -> str:
        if _PAYLOAD.fullmatch(token) is None:
            raise InvalidInput("Telegram takes tokens of 1 to 64 letters, digits, _ and -")
        return f"https://t.me/{self._username}?start={token}" if self._username else ""

    async def check(self) -> Sequence[str]:
        try:
            me = await self._me()
            info = await self._api.webhook()
        except ApiError as error:
            remedy = REMEDIES.get(error.status, f"is {self._base} to be reached from here?")
            raise VisavisError(f"{error.detail}; {remedy}", code=error.code, retryable=error.retryable) from error
        lines = [f"Telegram: the bot @{me.username} ({me.first_name}), https://t.me/{me.username}"]
        expected = self._webhook + webhook_path(self._token) if self._webhook else ""
        if not expected:
            lines.append("updates are fetched by long polling")
            if info.url:
                lines.append("a webhook is set, which is deleted when the service starts")
        elif info.url == expected:
            lines.append(f"updates are sent to {self._webhook}")
        else:
            lines.append(f"updates will be sent to {self._webhook} once the service runs")
        if info.pending_update_count:
            lines.append(f"{info.pending_update_count} updates wait")
        if info.url and info.last_error_message:
            lines.append(f"Telegram's last attempt to reach the webhook failed: {info.last_error_message}")
        return lines

    async def close(self) -> None:
        if self._preloading is not None:
            self._preloading.cancel()
            await asyncio.gather(self._preloading, return_exceptions=True)
            self._preloading = None
        await self._api.close()
        if self._client is not None:
            await self._client.close()


def _webhook_base(settings: Settings) -> str:
    """The address of the webhook, without its path; "" where there is none."""
    base = settings.telegram_webhook.rstrip("/")
    if not base:
        return ""
    parts = urlsplit(base)
    # A Bot API server of one's own takes plain HTTP too.
    own = is_private(urlsplit(settings.telegram_api).hostname or "")
    if parts.path or parts.query or not parts.hostname or parts.scheme not in ("https", *(["http"] if own else [])):
        raise ConfigurationError("VISAVIS_TELEGRAM_WEBHOOK: expected https://host, without a path")
    return base
