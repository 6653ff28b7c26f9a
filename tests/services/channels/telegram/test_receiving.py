"""Updates are confirmed once they are stored, by polling and by webhook, and no failure ends it."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, get_args

import httpx2
import pytest
from starlette.applications import Starlette

from bus.errors import BusError, ConfigurationError
from bus.process.http_server import bind, serve
from bus.settings import Settings
from services.channels.incoming.commands import CommandName
from services.channels.telegram import Telegram
from services.channels.telegram.adapter import COMMANDS
from services.channels.telegram.receiving import MAX_BODY, SECRET_HEADER, webhook_path, webhook_secret
from tests.services.channels.telegram.bots import OGG, bot
from tests.services.channels.telegram_double import TOKEN, TelegramDouble, running, serving


class Inbox:
    """Stores each event once, and can be away."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.tries: list[str] = []
        self.failures = 0
        """How many tries fail from here on."""

    async def __call__(self, event: str, data: bytes) -> bool:
        self.tries.append(event)
        if self.failures:
            self.failures -= 1
            raise BusError("the log is away")
        new = event not in self.stored
        self.stored[event] = data
        return new

    def texts(self) -> list[str]:
        return [json.loads(data)["message"]["text"] for data in self.stored.values()]


class Waits:
    """Waits a moment instead, and keeps for how long it was to be."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0.01)


@pytest.fixture
async def double() -> AsyncIterator[TelegramDouble]:
    async with serving() as telegram:
        yield telegram


@asynccontextmanager
async def polling(double: TelegramDouble, inbox: Inbox, **options: Any) -> AsyncIterator[Telegram]:
    async with bot(double, **{"sleep": Waits()} | options) as telegram:
        task = asyncio.create_task(telegram.run(inbox))
        try:
            yield telegram
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


# polling


async def test_an_update_is_stored_as_received_and_then_confirmed(double: TelegramDouble) -> None:
    number = double.voice(OGG)
    expected = dict(double.updates[0])
    inbox = Inbox()
    async with polling(double, inbox):
        await double.confirmed()
    assert list(inbox.stored) == [str(number)]
    assert json.loads(inbox.stored[str(number)]) == expected


async def test_nothing_is_confirmed_that_is_not_stored(double: TelegramDouble) -> None:
    double.text("one")
    double.text("two")
    inbox = Inbox()
    inbox.failures = 1 << 30
    waits = Waits()
    async with polling(double, inbox, sleep=waits):
        await until(lambda: len(waits.seconds) >= 8)
        assert len(double.updates) == 2
        inbox.failures = 0
        await double.confirmed()
    assert inbox.texts() == ["one", "two"]
    assert waits.seconds[:8] == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_batch_of_which_a_part_was_stored_comes_again(double: TelegramDouble) -> None:
    for word in ("one", "two", "three"):
        double.text(word)
    inbox = Inbox()

    async def store(event: str, data: bytes) -> bool:
        if len(inbox.stored) == 1 and len(inbox.tries) == 1:
            inbox.failures = 1
        return await inbox(event, data)

    async with bot(double, sleep=Waits()) as telegram:
        task = asyncio.create_task(telegram.run(store))
        await double.confirmed()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert inbox.texts() == ["one", "two", "three"]
    assert inbox.tries == ["1001", "1002", "1001", "1002", "1003"]


async def test_more_than_a_batch_comes_in_order(double: TelegramDouble) -> None:
    for number in range(250):
        double.text(str(number))
    inbox = Inbox()
    async with polling(double, inbox):
        await double.confirmed()
    assert inbox.texts() == [str(number) for number in range(250)]


@pytest.mark.parametrize("fault", ["429", "500", "502", "401", "cut_before", "cut_after"])
async def test_polling_goes_on_after_a_fault(double: TelegramDouble, fault: Any) -> None:
    double.fault("getUpdates", fault, times=3)
    inbox = Inbox()
    async with polling(double, inbox):
        double.text("hello")
        await double.confirmed()
    assert inbox.texts() == ["hello"]


async def test_polling_waits_as_long_as_telegram_says(double: TelegramDouble) -> None:
    double.fault("getUpdates", "429", retry_after=17)
    waits = Waits()
    async with polling(double, Inbox(), sleep=waits):
        await until(lambda: bool(waits.seconds))
    assert waits.seconds == [17]


async def test_polling_goes_on_after_the_server_was_away(double: TelegramDouble) -> None:
    inbox = Inbox()
    other = TelegramDouble()
    waits = Waits()
    async with running(other):
        port = int(other.url.rpartition(":")[2])
    async with polling(other, inbox, sleep=waits):
        await until(lambda: len(waits.seconds) > 2)
        other.text("hello")
        async with running(other, port=port):
            await other.confirmed()
    assert inbox.texts() == ["hello"]


async def test_a_webhook_that_is_set_is_deleted(double: TelegramDouble, caplog: pytest.LogCaptureFixture) -> None:
    double.webhook.set("http://127.0.0.1:9/secret-path", "s", 1)
    inbox = Inbox()
    async with polling(double, inbox):
        double.text("hello")
        await double.confirmed()
        # Set again by somebody else, while we poll.
        double.webhook.set("http://127.0.0.1:9/secret-path", "s", 1)
        double.fault("getUpdates", "429")
        double.text("again")
        await double.confirmed()
    assert inbox.texts() == ["hello", "again"]
    lines = [record for record in caplog.records if "deleted the webhook" in record.getMessage()]
    assert len(lines) >= 2
    assert "secret-path" not in str([vars(record) for record in caplog.records])


async def test_a_second_program_that_polls_is_named(double: TelegramDouble, caplog: pytest.LogCaptureFixture) -> None:
    waits = Waits()
    async with polling(double, Inbox(), sleep=waits), httpx2.AsyncClient() as other:
        await until(lambda: bool(double.called("getUpdates")))
        await other.post(f"{double.url}/bot{double.token}/getUpdates", json={"timeout": 0})
        await until(lambda: bool(waits.seconds))
    remedies = [getattr(record, "remedy", "") for record in caplog.records if record.levelno == logging.ERROR]
    assert any("another program fetches this bot's updates" in remedy for remedy in remedies)


async def test_ids_that_begin_again_lower_are_fetched(double: TelegramDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.channels.telegram.bot_api.LONG_POLL", 1)
    inbox = Inbox()
    async with polling(double, inbox):
        double.text("before the quiet week")
        await until(lambda: len(double.called("getUpdates")) >= 3)
        double.update_ids = itertools.count(5)
        double.text("after it")
        await until(lambda: len(inbox.stored) == 2)
    assert list(inbox.stored) == ["1001", "5"]
    offsets = [call.arguments.get("offset") for call in double.called("getUpdates")]
    assert offsets[:3] == [None, 1002, None]
    assert -1 not in offsets


async def test_only_the_kinds_that_are_read_are_asked_for(double: TelegramDouble) -> None:
    async with polling(double, Inbox()):
        await until(lambda: double.allowed is not None)
    assert double.allowed == frozenset({"message", "edited_message", "my_chat_member"})


async def test_the_menu_is_set_in_english_and_german(double: TelegramDouble) -> None:
    async with polling(double, Inbox()):
        await until(lambda: len(double.commands) == 2)
    for language in ("", "de"):
        assert [command["command"] for command in double.commands[language]] == list(COMMANDS)
    assert set(COMMANDS) == set(get_args(CommandName)) - {"start"}  # which Telegram shows itself
    assert double.commands[""] != double.commands["de"]


async def test_a_menu_that_cannot_be_set_stops_nothing(double: TelegramDouble) -> None:
    double.fault("setMyCommands", "500")
    inbox = Inbox()
    async with polling(double, inbox):
        double.text("hello")
        await double.confirmed()
    assert inbox.texts() == ["hello"]


# webhook


@asynccontextmanager
async def hooked(double: TelegramDouble, inbox: Inbox) -> AsyncIterator[str]:
    """The channel by webhook, served; gives the address of the webhook."""
    listener = bind("127.0.0.1", 0, "port")
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with (
        polling(double, inbox, webhook=base, sleep=asyncio.sleep) as telegram,
        serve(Starlette(routes=list(telegram.routes(inbox))), listener),
    ):
        await until(lambda: bool(double.webhook.url))
        yield double.webhook.url


async def test_updates_come_by_webhook(double: TelegramDouble) -> None:
    inbox = Inbox()
    double.text("before")
    async with hooked(double, inbox):
        double.text("after")
        double.text("auch", double.ben)
        await double.confirmed()
    assert sorted(inbox.texts()) == ["after", "auch", "before"]
    assert [call.arguments["secret_token"] for call in double.called("setWebhook")] == [webhook_secret(TOKEN)]


async def test_what_cannot_be_stored_is_sent_again_in_order(double: TelegramDouble) -> None:
    inbox = Inbox()
    inbox.failures = 3
    async with hooked(double, inbox):
        for word in ("one", "two", "three"):
            double.text(word)
        await double.confirmed()
    assert inbox.texts() == ["one", "two", "three"]
    assert double.webhook.attempts == [(1001, 503)] * 3 + [(1001, 200), (1002, 200), (1003, 200)]


async def test_when_the_log_is_away_telegram_is_told_when_to_come_again(double: TelegramDouble) -> None:
    inbox = Inbox()
    async with hooked(double, inbox) as url, httpx2.AsyncClient() as client:
        inbox.failures = 1
        response = await client.post(url, json={"update_id": 1}, headers={SECRET_HEADER: webhook_secret(TOKEN)})
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_only_telegram_is_listened_to(double: TelegramDouble) -> None:
    inbox = Inbox()
    async with hooked(double, inbox) as url, httpx2.AsyncClient() as client:
        for secret in (None, b"", b"wrong", "ö".encode(), webhook_secret(TOKEN).encode()[:-1]):
            headers = {} if secret is None else {SECRET_HEADER.encode(): secret}
            response = await client.post(url, json={"update_id": 1}, headers=headers)
            assert (response.status_code, response.content) == (401, b"")
    assert inbox.tries == []


async def test_a_body_that_is_too_large_is_refused_by_its_length_and_while_it_is_read(double: TelegramDouble) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // (64 << 10) + 2):
            yield bytes(64 << 10)

    inbox = Inbox()
    headers = {SECRET_HEADER: webhook_secret(TOKEN)}
    async with hooked(double, inbox) as url, httpx2.AsyncClient() as client:
        by_length = await client.post(url, content=bytes(MAX_BODY + 1), headers=headers)
        while_read = await client.post(url, content=endless(), headers=headers)
    assert (by_length.status_code, while_read.status_code) == (413, 413)
    assert inbox.tries == []


async def test_a_body_that_cannot_be_read_is_stored_and_blocks_nothing(double: TelegramDouble) -> None:
    inbox = Inbox()
    headers = {SECRET_HEADER: webhook_secret(TOKEN)}
    async with hooked(double, inbox) as url, httpx2.AsyncClient() as client:
        responses = [await client.post(url, content=b"{oh", headers=headers) for _ in range(2)]
    assert [response.status_code for response in responses] == [200, 200]
    assert list(inbox.stored.values()) == [b"{oh"]


async def test_one_update_fired_eight_times_at_once_is_stored_once(double: TelegramDouble) -> None:
    inbox = Inbox()
    headers = {SECRET_HEADER: webhook_secret(TOKEN)}
    async with hooked(double, inbox) as url, httpx2.AsyncClient() as client:
        posts: list[Awaitable[httpx2.Response]] = [
            client.post(url, json={"update_id": 5}, headers=headers) for _ in range(8)
        ]
        responses = await asyncio.gather(*posts)
    assert [response.status_code for response in responses] == [200] * 8
    assert list(inbox.stored) == ["5"]


def test_the_path_of_the_webhook_is_of_the_token() -> None:
    assert webhook_path(TOKEN) != webhook_path(TOKEN + "x")
    assert TOKEN not in webhook_path(TOKEN) + webhook_secret(TOKEN)


def test_by_polling_there_is_no_route() -> None:
    telegram = Telegram(Settings(telegram_token=TOKEN))
    assert list(telegram.routes(Inbox())) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"telegram_token": "no token"},
        {"telegram_token": TOKEN, "telegram_webhook": "http://example.org"},
        {"telegram_token": TOKEN, "telegram_webhook": "https://example.org/path"},
        {"telegram_token": TOKEN, "telegram_webhook": "example.org"},
        {"telegram_token": TOKEN, "telegram_api": "example.org"},
    ],
)
def test_a_setting_that_cannot_be_used_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"VISAVIS_TELEGRAM_\w+: expected") as caught:
        Telegram(Settings(**settings))
    assert "no token" not in str(caught.value)


async def _until_loaded(caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(60):
        while "loaded aiogram" not in caplog.messages:
            await asyncio.sleep(0.02)


async def test_the_first_update_begins_to_load_what_sends_the_answer(
    double: TelegramDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with polling(double, Inbox()):
        async with asyncio.timeout(20):
            while len(double.called("getUpdates")) < 1:
                await asyncio.sleep(0.02)
        assert "loaded aiogram" not in caplog.messages
        double.text("hello")
        await _until_loaded(caplog)
        double.text("again")
        await double.confirmed()
    assert caplog.messages.count("loaded aiogram") == 1
