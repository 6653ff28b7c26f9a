"""The channel's settings, what it tells the operator, and its address."""

from __future__ import annotations

import asyncio

import pytest

from bus.errors import ConfigurationError, VisavisError
from bus.settings import Settings
from services.channels.channel import Channel
from services.channels.whatsapp.adapter import POLICY, WhatsApp
from tests.services.channels.whatsapp.conftest import Inbox
from tests.services.channels.whatsapp_double import GraphDouble


def test_it_is_a_channel(channel: WhatsApp) -> None:
    made: Channel = channel
    assert (made.name, made.account, made.capabilities.mirrors) == ("whatsapp", "106540352242922", False)


@pytest.mark.parametrize("missing", ["phone_number_id", "app_secret", "verify_token"])
async def test_it_does_not_start_without_a_setting(double: GraphDouble, missing: str) -> None:
    settings = double.settings | {f"whatsapp_{missing}": ""}
    with pytest.raises(ConfigurationError, match=f"VISAVIS_WHATSAPP_{missing.upper()} is not: copy it"):
        WhatsApp(Settings(**settings))  # type: ignore[arg-type]  # texts by name


def test_all_settings_that_are_missing_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError, match="_APP_SECRET, VISAVIS_WHATSAPP_VERIFY_TOKEN are not: copy them"):
        WhatsApp(Settings(whatsapp_token="t"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api", "http://graph.facebook.com/v26.0"),
        ("api", "graph.facebook.com"),
        ("api", "ftp://127.0.0.1"),
        ("api", "https://graph.facebook.com:https"),
        ("phone_number_id", "+1 555"),
    ],
)
async def test_it_does_not_start_with_a_wrong_setting(double: GraphDouble, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"VISAVIS_WHATSAPP_{name.upper()}"):
        WhatsApp(Settings(**double.settings | {f"whatsapp_{name}": value}))  # type: ignore[arg-type]


async def test_the_check_says_what_works(double: GraphDouble, channel: WhatsApp, inbox: Inbox) -> None:
    assert await channel.check() == [
        "the token works; the number is +1 5550783881, Luna, quality GREEN",
        f"webhooks go to {double.webhook}",
        POLICY,
    ]


@pytest.mark.parametrize(
    ("webhook", "line"),
    [
        ("", "no webhook is set, so nothing comes in; "),
        ("https://old.example.org/whatsapp", "webhooks go to https://old.example.org/whatsapp, not to "),
        ("https://avatar.example.org/telegram", "webhooks go to https://avatar.example.org/telegram, not to "),
    ],
)
async def test_the_check_says_where_webhooks_should_go(double: GraphDouble, webhook: str, line: str) -> None:
    double.webhook = webhook
    settings = double.settings | {"public_url": "https://avatar.example.org/"}
    channel = WhatsApp(Settings(**settings))  # type: ignore[arg-type]  # texts by name
    said = (await channel.check())[1]
    assert said.startswith(line)
    assert said.endswith("set https://avatar.example.org/whatsapp, and subscribe to the field messages")
    await channel.close()


@pytest.mark.parametrize("kind", ["drop_before", "html"])
async def test_a_check_that_gets_no_answer_fails(double: GraphDouble, channel: WhatsApp, kind: str) -> None:
    double.fault(kind, on="phone")
    with pytest.raises(VisavisError) as failed:
        await channel.check()
    assert failed.value.retryable


async def test_the_address_of_a_link_opens_a_chat_with_our_number(double: GraphDouble, channel: WhatsApp) -> None:
    assert channel.link_address("l_abc") == ""
    await channel.check()
    assert channel.link_address("l_abc") == "https://wa.me/15550783881?text=link%20l_abc"


async def test_running_learns_our_number_also_where_the_api_is_away_first(
    double: GraphDouble, channel: WhatsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.channels.whatsapp.adapter._PAUSES", (0.01,))
    double.fault("html", on="phone", times=3)
    running = asyncio.create_task(channel.run(Inbox().store))
    while not channel.link_address("l_abc"):
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(double.calls) == 4
