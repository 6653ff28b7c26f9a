"""Linking a channel in a real browser, and what is said there shown here. The channel's side is written by the test."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import Page

from bus import codec
from bus.channel_events import LinkBody, LinkClaimed, Linked, LinkPreferencesChosen, Unlinked
from bus.events import MessageReceived, Origin
from bus.log import streams
from bus.log.event_log import EventLog
from bus.process.discovery import announce
from bus.stamping import new_event, new_link_event
from services.link_secrets import link_id
from tests.e2e.browser import browser, element
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import conversation_of, open_page

TELEGRAM = {
    "name": "telegram",
    "account": "visavis_bot",
    "label": "@visavis_bot",
    "link": "https://t.me/visavis_bot?start=l_{token}",
}
ANN = LinkClaimed(account="visavis_bot", sender="70001234", chat="70001234", name="Ann")
ORIGIN = Origin(channel="telegram", account="visavis_bot", chat="70001234", sender="70001234", message="5")


async def append(event_log: EventLog, link: str, body: LinkBody) -> None:
    """Append an event of a link as the channels do."""
    newest = await event_log.last_message(f"link.{link}")
    after = 0 if newest is None else newest.sequence
    await event_log.append_link(new_link_event(body, link=link), after=after)


async def say_on_telegram(event_log: EventLog, conversation: str, text: str) -> None:
    """Write a message as it comes in from Telegram."""
    body = MessageReceived(message="tg-5", text=text, channel="telegram", origin=ORIGIN)
    await event_log.append(new_event(body, conversation=conversation, turn="t-from-telegram"))


async def write(page: Page, text: str) -> None:
    await page.fill("#message", text)
    await page.keyboard.press("Enter")


async def test_telegram_is_linked_seen_in_the_transcript_and_unlinked(stack: Stack, tmp_path: Path) -> None:
    listed = json.dumps([TELEGRAM])
    async with (
        stack.event_log() as event_log,
        announce(event_log, "channels", metadata=lambda: {"channels": listed}),
        browser(tmp_path, None) as context,
    ):
        page = await context.new_page()
        await open_page(page, stack)
        await write(page, "hello")
        await element(page, "message-avatar").first.wait_for(timeout=30_000)
        conversation = await conversation_of(page)

        await element(page, "channels-button").click()
        await page.click('[aria-label="Link Telegram"]')
        address = await page.locator("text=Open Telegram").get_attribute("href")
        assert address is not None
        token = address.removeprefix("https://t.me/visavis_bot?start=l_")
        assert await element(page, "link-offer").locator("code").inner_text() == f"link {token}"

        link = link_id(token)
        await append(event_log, link, ANN)
        await element(page, "link-claim").wait_for(timeout=10_000)
        assert "Ann …1234" in await element(page, "link-claim").inner_text()
        await page.click("text=Yes, link it")
        await element(page, "linked-account").wait_for(timeout=10_000)
        assert "Goes on in this conversation" in await element(page, "linked-account").inner_text()
        await page.select_option("select", label="Voice notes")
        await eventually(lambda: _has(event_log, link, LinkPreferencesChosen(form="voice")), "the form is chosen")

        await page.click('[aria-label="Close"]')
        await say_on_telegram(event_log, conversation, "what is your name")
        badge = element(page, "channel-badge")
        await badge.wait_for(timeout=10_000)
        assert await badge.inner_text() == "Telegram"
        answers = element(page, "message-avatar")
        await answers.nth(1).wait_for(timeout=30_000)

        # The same conversation, by the address that a channel may send.
        other = await context.new_page()
        await other.goto(f"{stack.url}/?conversation={conversation}")
        await element(other, "channel-badge").wait_for(timeout=30_000, state="attached")
        assert await conversation_of(other) == conversation
        await other.close()

        await element(page, "channels-button").click()
        await page.click('[aria-label="Unlink Ann"]')
        await page.click('[aria-label="Unlink Ann for good"]')
        await element(page, "linked-account").wait_for(state="detached")
        bodies = await _bodies(event_log, link)
    (linked,) = [body for body in bodies if isinstance(body, Linked)]
    assert linked.conversation == conversation
    assert bodies[1] == ANN
    assert bodies[-1] == Unlinked(by="page")


async def _bodies(event_log: EventLog, link: str) -> list[LinkBody]:
    return [
        codec.decode_link_event(record.data).body async for record in event_log.read(streams.PEOPLE, f"link.{link}")
    ]


async def _has(event_log: EventLog, link: str, body: LinkBody) -> bool:
    return body in await _bodies(event_log, link)
