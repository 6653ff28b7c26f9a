"""The double of the Bot API speaks it as aiogram's own client, and its dispatcher's polling, understand it."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator

import httpx2
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    RestartingTelegram,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import BotCommand, BufferedInputFile

from tests.conftest import free_port
from tests.services.channels.telegram.bots import MP4, OGG
from tests.services.channels.telegram_double import USERNAME, TelegramDouble, serving


@pytest.fixture
async def double() -> AsyncIterator[TelegramDouble]:
    async with serving() as telegram:
        yield telegram


def client(double: TelegramDouble, token: str = "") -> Bot:
    session = AiohttpSession(api=TelegramAPIServer.from_base(double.url))
    return Bot(token or double.token, session=session)


@pytest.fixture
async def aiogram(double: TelegramDouble) -> AsyncIterator[Bot]:
    bot = client(double)
    yield bot
    await bot.session.close()


async def test_the_typed_client_understands_each_answer(double: TelegramDouble, aiogram: Bot) -> None:
    ann = double.ann.id
    assert (await aiogram.get_me()).username == USERNAME
    assert (await aiogram.get_chat(ann)).first_name == "Ann"
    assert await aiogram.set_my_commands([BotCommand(command="help", description="Help")], language_code="de")
    assert await aiogram.send_chat_action(ann, "record_voice")
    text = await aiogram.send_message(ann, "<b>hi</b>", parse_mode="HTML")
    voice = await aiogram.send_voice(ann, BufferedInputFile(OGG, "reply.ogg"), duration=3)
    note = await aiogram.send_video_note(ann, BufferedInputFile(MP4, "reply.mp4"), duration=4)
    file = await aiogram.send_voice(ann, BufferedInputFile(b"ID3 is no Ogg", "reply.mp3"))
    assert text.text == "hi"
    assert voice.voice is not None
    assert voice.voice.duration == 3
    assert note.video_note is not None
    assert file.document is not None
    assert [sent.message_id for sent in double.sent] == [m.message_id for m in (text, voice, note, file)]


async def test_the_typed_client_understands_each_update(double: TelegramDouble, aiogram: Bot) -> None:
    double.text("/start abc")
    double.voice(OGG, double.ben, seconds=7)
    double.video_note(MP4)
    double.audio(b"ID3")
    double.document(b"text", mime="text/plain")
    double.edit(2, text="changed")
    double.block()
    updates = await aiogram.get_updates()
    assert [update.event_type for update in updates] == [*["message"] * 5, "edited_message", "my_chat_member"]
    voice = updates[1].message
    assert voice is not None
    assert voice.voice is not None
    assert voice.voice.duration == 7
    file = await aiogram.get_file(voice.voice.file_id)
    downloaded = io.BytesIO()
    await aiogram.download_file(file.file_path or "", downloaded)
    assert downloaded.getvalue() == OGG


async def test_updates_come_until_they_are_confirmed(double: TelegramDouble, aiogram: Bot) -> None:
    first, second = double.text("one"), double.text("two")
    for _ in range(2):
        assert [update.update_id for update in await aiogram.get_updates()] == [first, second]
    assert [update.update_id for update in await aiogram.get_updates(limit=1)] == [first]
    assert [update.update_id for update in await aiogram.get_updates(offset=second)] == [second]
    assert [update.update_id for update in await aiogram.get_updates()] == [second]
    assert await aiogram.get_updates(offset=second + 1) == []
    double.text("three")
    last = double.text("four")
    assert [update.update_id for update in await aiogram.get_updates(offset=-1)] == [last]  # the rest is forgotten
    assert [update.update_id for update in await aiogram.get_updates()] == [last]


async def test_kinds_that_are_not_asked_for_do_not_come(double: TelegramDouble, aiogram: Bot) -> None:
    await aiogram.get_updates(allowed_updates=["my_chat_member"])
    assert double.text("not asked for") == 0
    assert double.block() > 0


async def test_one_program_at_a_time_polls(double: TelegramDouble, aiogram: Bot) -> None:
    waiting = asyncio.create_task(aiogram.get_updates(timeout=20))
    while not double.called("getUpdates"):
        await asyncio.sleep(0.01)
    await aiogram.get_updates()
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await waiting
    await aiogram.set_webhook("http://127.0.0.1:9/x", secret_token="s")
    with pytest.raises(TelegramConflictError, match="while webhook is active"):
        await aiogram.get_updates()
    assert (await aiogram.get_webhook_info()).url == "http://127.0.0.1:9/x"
    await aiogram.delete_webhook(drop_pending_updates=True)
    assert (await aiogram.get_webhook_info()).url == ""


async def test_each_fault_is_the_one_that_telegram_has(double: TelegramDouble, aiogram: Bot) -> None:
    expected: dict[str, type[Exception]] = {
        "429": TelegramRetryAfter, "500": RestartingTelegram, "502": ClientDecodeError,
        "401": TelegramUnauthorizedError, "403": TelegramForbiddenError, "deactivated": TelegramForbiddenError,
        "voice_forbidden": TelegramBadRequest, "entities": TelegramBadRequest,
        "cut_before": TelegramNetworkError, "cut_after": TelegramNetworkError,
    }  # fmt: skip
    for kind, error in expected.items():
        double.fault("sendMessage", kind)  # type: ignore[arg-type]
        with pytest.raises(error):
            await aiogram.send_message(double.ann.id, "hello")
    assert len(double.sent) == 1  # of the answer that was lost
    double.fault("sendMessage", "500", taken=True)
    with pytest.raises(RestartingTelegram):
        await aiogram.send_message(double.ann.id, "hello")
    assert len(double.sent) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<x>", "can't parse entities"),
        ("<b>open", "can't parse entities"),
        ("<b><i></b></i>", "can't parse entities"),
        (" ", "text is empty"),
        ("x" * 4097, "too long"),
    ],
)
async def test_texts_are_refused_as_by_telegram(aiogram: Bot, double: TelegramDouble, text: str, words: str) -> None:
    with pytest.raises(TelegramBadRequest, match=words):
        await aiogram.send_message(double.ann.id, text, parse_mode="HTML")


async def test_another_token_is_refused(double: TelegramDouble) -> None:
    bot = client(double, "42:other")
    with pytest.raises(TelegramUnauthorizedError):
        await bot.get_me()
    await bot.session.close()


async def test_it_is_steered_from_another_process() -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.services.channels.telegram_double", "--port", str(port), "--token", "42:abc",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode().split()
        base = f"http://127.0.0.1:{port}"
        assert line == [f"VISAVIS_TELEGRAM_API={base}", "VISAVIS_TELEGRAM_TOKEN=42:abc"]
        async with httpx2.AsyncClient(base_url=base) as steering:
            await steering.post("/control/person", json={"id": 5, "first_name": "Cid"})
            text = await steering.post("/control/text?person=5", json={"text": "hello"})
            voice = await steering.post("/control/voice?person=5&seconds=3", content=OGG)
            assert [text.json(), voice.json()] == [{"update_id": 1001}, {"update_id": 1002}]
            updates = (await steering.get("/bot42:abc/getUpdates")).json()["result"]
            assert updates[1]["message"]["voice"]["file_size"] == len(OGG)
            await steering.post("/control/fault", json={"method": "sendMessage", "kind": "429", "retry_after": 3})
            call = {"chat_id": 5, "text": "answer"}
            refused = await steering.post("/bot42:abc/sendMessage", json=call)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
            await steering.post("/bot42:abc/sendMessage", json=call)
            sent = (await steering.get("/control/sent")).json()
            assert [(one["chat"], one["kind"], one["text"]) for one in sent] == [(5, "text", "answer")]
            state = (await steering.get("/control/state")).json()
            assert (state["waiting"], state["calls"]["sendMessage"]) == (2, 2)
            assert json.dumps(state)
    finally:
        process.terminate()
        await process.wait()
