"""Messages are sent, and each failure says whether the message may have been sent."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bus.errors import VisavisError
from bus.settings import Settings
from services.channels.channel import Activity, NotSent, OutcomeUnknown, Outgoing, Refused
from services.channels.telegram import Telegram
from services.channels.telegram.typed_client import TypedClient
from tests.conftest import free_port
from tests.services.channels.telegram.bots import MP4, OGG, bot, outgoing
from tests.services.channels.telegram_double import TOKEN, Person, Sent, TelegramDouble, running, serving


@pytest.fixture
async def double() -> AsyncIterator[TelegramDouble]:
    async with serving() as telegram:
        yield telegram


@pytest.fixture
async def telegram(double: TelegramDouble) -> AsyncIterator[Telegram]:
    async with bot(double) as channel:
        yield channel


async def failure(telegram: Telegram, message: Outgoing) -> VisavisError:
    with pytest.raises(VisavisError) as caught:
        await telegram.send(message)
    return caught.value


def without_time(sent: Sent) -> dict[str, Any]:
    return {name: value for name, value in vars(sent).items() if name not in ("at", "message_id")}


async def test_a_voice_note_arrives_as_one_with_our_duration(telegram: Telegram, double: TelegramDouble) -> None:
    message = outgoing(double, kind="voice", media=OGG, seconds=12.4, reply_to="7", silent=True)
    number = await telegram.send(message)
    assert [str(sent.message_id) for sent in double.sent] == [number]
    assert without_time(double.sent[0]) == {
        "chat": double.ann.id, "kind": "voice", "text": "", "html": "", "media": OGG, "filename": "reply.ogg",
        "duration": 12, "reply_to": 7, "silent": True,
    }  # fmt: skip


async def test_a_video_arrives_as_a_round_one(telegram: Telegram, double: TelegramDouble) -> None:
    await telegram.send(outgoing(double, kind="video", media=MP4, seconds=3.0))
    assert [(sent.kind, sent.media, sent.duration) for sent in double.sent] == [("video_note", MP4, 3)]


async def test_a_plain_text_is_sent_as_it_is(telegram: Telegram, double: TelegramDouble) -> None:
    await telegram.send(outgoing(double, text="1 < 2 & *no* <b>"))
    assert [(sent.text, sent.html) for sent in double.sent] == [("1 < 2 & *no* <b>", "")]


async def test_a_text_of_the_model_is_shown_with_its_marks(telegram: Telegram, double: TelegramDouble) -> None:
    await telegram.send(outgoing(double, text="**1 < 2** and `a & b`", markdown=True))
    assert [(sent.text, sent.html) for sent in double.sent] == [
        ("1 < 2 and a & b", "<b>1 &lt; 2</b> and <code>a &amp; b</code>")
    ]


async def test_a_text_whose_marks_are_refused_is_sent_without(telegram: Telegram, double: TelegramDouble) -> None:
    double.fault("sendMessage", "entities")
    await telegram.send(outgoing(double, text="**bold**", markdown=True))
    assert [(sent.text, sent.html) for sent in double.sent] == [("**bold**", "")]


async def test_a_wait_is_of_the_chat_or_of_the_bot(telegram: Telegram, double: TelegramDouble) -> None:
    for retry_after, everywhere in ((7, False), (60, True)):
        double.fault("sendVoice", "429", retry_after=retry_after)
        error = await failure(telegram, outgoing(double, kind="voice", media=OGG))
        assert isinstance(error, NotSent)
        assert error.after is not None
        assert error.after >= retry_after
        assert error.everywhere is everywhere
    assert double.sent == []


@pytest.mark.parametrize("kind", ["text", "voice", "video"])
@pytest.mark.parametrize(("fault", "reached"), [("500", 0), ("502", 0), ("cut_before", 0), ("cut_after", 1)])
async def test_a_lost_answer_leaves_the_outcome_unknown(
    telegram: Telegram, double: TelegramDouble, fault: Any, reached: int, kind: str
) -> None:
    method, media = {"text": ("sendMessage", b""), "voice": ("sendVoice", OGG), "video": ("sendVideoNote", MP4)}[kind]
    double.fault(method, fault)
    error = await failure(telegram, outgoing(double, kind=kind, media=media))
    assert isinstance(error, OutcomeUnknown)
    assert len(double.sent) == reached
    await telegram.send(outgoing(double, kind=kind, media=media))  # the next message is not hurt
    assert len(double.sent) == reached + 1


async def test_an_answer_that_is_too_slow_leaves_the_outcome_unknown(double: TelegramDouble) -> None:
    client = TypedClient(double.token, double.url, answer_timeout=1.0)
    double.fault("sendMessage", "slow", seconds=5.0)
    with pytest.raises(OutcomeUnknown):
        await client.send(outgoing(double))
    assert len(double.sent) == 1
    await client.close()


async def test_an_answer_of_a_new_form_is_a_message_that_was_sent(
    telegram: Telegram, double: TelegramDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(double, "me", lambda: "of another type than aiogram knows")
    assert await telegram.send(outgoing(double)) == str(double.sent[0].message_id)


async def test_a_server_that_was_started_anew_takes_the_next_message() -> None:
    double = TelegramDouble()
    async with running(double), bot(double) as telegram:
        await telegram.send(outgoing(double))
        port = int(double.url.rpartition(":")[2])
    async with bot(double) as telegram:
        async with running(double, port=port):
            await telegram.send(outgoing(double))
        assert isinstance(await failure(telegram, outgoing(double)), NotSent)
        async with running(double, port=port):
            await telegram.send(outgoing(double))
    assert len(double.sent) == 3


async def test_a_message_is_not_sent_to_another_server(telegram: Telegram, double: TelegramDouble) -> None:
    async with serving() as other:
        double.fault("sendVoice", "redirect", location=f"{other.url}/bot{other.token}/getMe")
        assert isinstance(await failure(telegram, outgoing(double, kind="voice", media=OGG)), OutcomeUnknown)
        assert other.calls == []


async def test_without_a_connection_nothing_was_sent(double: TelegramDouble) -> None:
    telegram = Telegram(Settings(telegram_token=TOKEN, telegram_api=f"http://127.0.0.1:{free_port()}"))
    assert isinstance(await failure(telegram, outgoing(double)), NotSent)
    await telegram.close()


async def test_where_the_client_library_is_broken_nothing_was_sent(
    telegram: Telegram, double: TelegramDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "services.channels.telegram.typed_client", None)
    error = await failure(telegram, outgoing(double))
    assert isinstance(error, NotSent)
    assert error.code == "client_missing"
    monkeypatch.undo()
    await telegram.send(outgoing(double))
    assert len(double.sent) == 1


@pytest.mark.parametrize(
    ("state", "code", "as_text", "unreachable"),
    [
        ({"voice_forbidden": True}, "voice_forbidden", True, False),
        ({"blocked": True}, "blocked", False, True),
        ({"deactivated": True}, "deactivated", False, True),
        ({"started": False}, "never_started", False, True),
    ],
)
async def test_a_refusal_says_what_can_be_done(
    telegram: Telegram, double: TelegramDouble, state: dict[str, bool], code: str, as_text: bool, unreachable: bool
) -> None:
    person = Person(5, "Cid")
    for name, value in state.items():
        setattr(person, name, value)
    double.persons[5] = person
    error = await failure(telegram, outgoing(double, chat="5", kind="voice", media=OGG))
    assert isinstance(error, Refused)
    assert (error.code, error.as_text, error.unreachable) == (code, as_text, unreachable)


async def test_a_chat_that_does_not_exist_is_unreachable(telegram: Telegram, double: TelegramDouble) -> None:
    error = await failure(telegram, outgoing(double, chat="404"))
    assert isinstance(error, Refused)
    assert (error.code, error.unreachable) == ("chat_not_found", True)


async def test_a_token_that_is_not_valid_is_named_as_the_reason(double: TelegramDouble) -> None:
    settings = Settings(telegram_token="42:other", telegram_api=double.url)
    telegram = Telegram(settings)
    error = await failure(telegram, outgoing(double))
    assert isinstance(error, Refused)
    assert error.code == "telegram_token"
    assert "VISAVIS_TELEGRAM_TOKEN" in error.detail
    await telegram.close()


async def test_an_empty_text_is_refused(telegram: Telegram, double: TelegramDouble) -> None:
    assert isinstance(await failure(telegram, outgoing(double, text=" ", markdown=True)), Refused)


async def test_what_we_do_is_shown(telegram: Telegram, double: TelegramDouble) -> None:
    activities: tuple[Activity, ...] = ("typing", "recording", "recording_video")
    for activity in activities:
        await telegram.show_activity(str(double.ann.id), activity, "7")
    double.ann.blocked = True
    await telegram.show_activity(str(double.ann.id), "typing", "7")  # best effort
    assert [action for _, action in double.actions] == ["typing", "record_voice", "record_video_note"]


async def test_only_sending_loads_the_typed_client() -> None:
    code = "import sys, services.channels.telegram; sys.exit('aiogram' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0
