"""The channel of a bot, against the double."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bus.settings import Settings
from services.channels.channel import Outgoing
from services.channels.telegram import Telegram
from tests.services.channels.telegram_double import TelegramDouble

OGG = b"OggS" + bytes(24) + b"OpusHead" + bytes(200)
MP4 = bytes(4) + b"ftypisom" + bytes(200)


@asynccontextmanager
async def bot(double: TelegramDouble, *, webhook: str = "", **options: Any) -> AsyncIterator[Telegram]:
    settings = Settings(telegram_token=double.token, telegram_api=double.url, telegram_webhook=webhook)
    telegram = Telegram(settings, **options)
    try:
        yield telegram
    finally:
        await telegram.close()


def outgoing(double: TelegramDouble, **fields: Any) -> Outgoing:
    """A text to Ann, or what the fields say."""
    message: dict[str, Any] = {
        "delivery": "d1",
        "chat": str(double.ann.id),
        "reply_to": "",
        "silent": False,
        "text": "hello",
    }
    return Outgoing(**message | fields)
