"""Files are fetched, the operator is told what works, and the token is never seen."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bus.errors import InvalidInput, TooLarge, VisavisError
from bus.settings import Settings
from services.channels.channel import Channel
from services.channels.telegram import Telegram
from services.channels.telegram.receiving import webhook_path
from services.channels.telegram.secrecy import cause_without, redacted
from tests.conftest import free_port
from tests.services.channels.telegram.bots import MP4, OGG, bot, outgoing
from tests.services.channels.telegram_double import TOKEN, USERNAME, TelegramDouble, serving


@pytest.fixture
async def double() -> AsyncIterator[TelegramDouble]:
    async with serving() as telegram:
        yield telegram


@pytest.fixture
async def telegram(double: TelegramDouble) -> AsyncIterator[Telegram]:
    async with bot(double) as channel:
        yield channel


async def fetched(telegram: Telegram, media: str) -> bytes:
    return b"".join([piece async for piece in telegram.fetch(media)])


def recorded(double: TelegramDouble, data: bytes = OGG) -> str:
    """The id of a voice note that Ann sent."""
    double.voice(data)
    return str(double.updates[-1]["message"]["voice"]["file_id"])


def test_it_is_a_channel() -> None:
    channel: Channel = Telegram(Settings(telegram_token="42:token"))
    assert (channel.name, channel.account) == ("telegram", "42")


# files


async def test_a_file_is_fetched_as_it_was_sent(telegram: Telegram, double: TelegramDouble) -> None:
    data = OGG * 5000
    assert await fetched(telegram, recorded(double, data)) == data


async def test_a_file_beyond_the_limit_is_too_large(telegram: Telegram, double: TelegramDouble) -> None:
    with pytest.raises(TooLarge) as caught:
        await fetched(telegram, recorded(double, bytes((20 << 20) + 1)))
    assert not caught.value.retryable


async def test_a_file_that_is_gone_is_not_asked_for_again(telegram: Telegram, double: TelegramDouble) -> None:
    media = recorded(double)
    double.expired.add(media)
    with pytest.raises(VisavisError) as caught:
        await fetched(telegram, media)
    assert (caught.value.code, caught.value.retryable) == ("media_expired", False)


@pytest.mark.parametrize(
    ("method", "fault"),
    [("file", "502"), ("file", "cut_before"), ("getFile", "500"), ("getFile", "502"), ("getFile", "cut_after")],
)
async def test_a_download_that_fails_may_be_tried_again(
    telegram: Telegram, double: TelegramDouble, method: str, fault: Any
) -> None:
    media = recorded(double)
    double.fault(method, fault)
    with pytest.raises(VisavisError) as caught:
        await fetched(telegram, media)
    assert caught.value.retryable
    assert await fetched(telegram, media) == OGG


@pytest.mark.parametrize("path", ["/var/lib/telegram/voice.oga", "../../secret", "voice/../../x"])
async def test_a_path_outside_is_not_fetched(telegram: Telegram, double: TelegramDouble, path: str) -> None:
    media = recorded(double)
    double.paths = {path: media}
    with pytest.raises(VisavisError) as caught:
        await fetched(telegram, media)
    assert caught.value.code == "media_path"
    assert double.called("file") == []


async def test_a_file_is_fetched_from_no_other_server(telegram: Telegram, double: TelegramDouble) -> None:
    media = recorded(double)
    async with serving() as other:
        for method in ("getFile", "file"):
            double.fault(method, "redirect", location=f"{other.url}/bot/getMe")
            with pytest.raises(VisavisError):
                await fetched(telegram, media)
        assert other.calls == []


# for people


async def test_the_link_opens_the_bot(telegram: Telegram) -> None:
    assert telegram.link_address("l_token") == ""  # its name is not known yet
    await telegram.check()
    assert telegram.link_address("l_token") == f"https://t.me/{USERNAME}?start=l_token"
    with pytest.raises(InvalidInput):
        telegram.link_address("not a token")


async def test_the_operator_is_told_what_works(telegram: Telegram, double: TelegramDouble) -> None:
    double.text("waits")
    lines = await telegram.check()
    assert lines == [
        f"Telegram: the bot @{USERNAME} (Visavis), https://t.me/{USERNAME}",
        "updates are fetched by long polling",
        "1 updates wait",
    ]


async def test_the_operator_is_told_of_the_webhook(double: TelegramDouble) -> None:
    async with bot(double, webhook="https://example.org") as telegram:
        assert "updates will be sent to https://example.org once the service runs" in await telegram.check()
        double.webhook.set("https://example.org" + webhook_path(TOKEN), "s", 1)
        double.webhook.last_error = "Connection timed out"
        lines = await telegram.check()
    assert "updates are sent to https://example.org" in lines
    assert "Telegram's last attempt to reach the webhook failed: Connection timed out" in lines
    assert webhook_path(TOKEN) not in str(lines)


async def test_the_operator_is_told_of_a_wrong_token(double: TelegramDouble) -> None:
    telegram = Telegram(Settings(telegram_token="42:wrong", telegram_api=double.url))
    with pytest.raises(VisavisError, match="VISAVIS_TELEGRAM_TOKEN") as caught:
        await telegram.check()
    assert caught.value.code == "telegram_token"
    await telegram.close()


async def test_the_operator_is_told_where_nothing_answers() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    telegram = Telegram(Settings(telegram_token=TOKEN, telegram_api=address))
    with pytest.raises(VisavisError, match=f"is {address} to be reached from here"):
        await telegram.check()
    await telegram.close()


# the token


async def everything(telegram: Telegram, double: TelegramDouble) -> list[VisavisError]:
    """Whatever the channel can do; the errors of it."""
    media = recorded(double)
    message = {"text": b"", "voice": OGG, "video": MP4}
    errors = []
    for act in (
        telegram.check(),
        fetched(telegram, media),
        telegram.show_activity(str(double.ann.id), "typing", "1"),
        *(telegram.send(outgoing(double, kind=kind, media=media)) for kind, media in message.items()),
    ):
        try:
            await act
        except VisavisError as error:
            errors.append(error)
    return errors


@pytest.mark.parametrize("fault", ["429", "500", "502", "401", "403", "cut_before", "cut_after", "away"])
async def test_the_token_is_in_no_error_and_no_log_line(
    double: TelegramDouble, fault: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    methods = ("getMe", "getFile", "file", "sendChatAction", "sendMessage", "sendVoice", "sendVideoNote", "getUpdates",
               "getWebhookInfo", "setMyCommands")  # fmt: skip
    async with bot(double) as telegram:
        if fault == "away":
            telegram = Telegram(Settings(telegram_token=TOKEN, telegram_api=f"http://127.0.0.1:{free_port()}"))
        else:
            for method in methods:
                double.fault(method, fault)
        receiving = asyncio.create_task(telegram.run(lambda event, data: asyncio.sleep(0, True)))
        errors = await everything(telegram, double)
        await asyncio.sleep(0.1)
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
        await telegram.close()
    assert len(errors) >= 4
    seen = [*("".join(traceback.format_exception(error)) for error in errors)]
    ours = [record for record in caplog.records if not record.name.startswith("uvicorn")]  # that is the double
    seen += [f"{vars(record)} {record.getMessage()}" for record in ours]
    secret = TOKEN.partition(":")[2]
    assert {record.name for record in ours} >= {"httpx2", "services.channels.telegram.receiving"} or fault == "away"
    assert [text for text in seen if secret in text] == []


def test_the_token_is_taken_out_of_words() -> None:
    for text in (f"https://api.telegram.org/bot{TOKEN}/getMe failed", f"{TOKEN}", f"bot{TOKEN.replace(':', '%3A')}"):
        assert TOKEN.partition(":")[2] not in redacted(text, TOKEN)


def test_a_cause_that_shows_the_token_is_none() -> None:
    assert cause_without(ValueError(f"https://x/bot{TOKEN}/y"), TOKEN) is None
    error = ValueError("harmless")
    assert cause_without(error, TOKEN) is error
    error.__cause__ = ValueError(TOKEN)
    assert cause_without(error, TOKEN) is None
