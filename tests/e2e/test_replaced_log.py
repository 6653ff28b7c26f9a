"""The log is deleted, or put back from an older copy, under an open page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from bus import subjects
from bus.log import streams
from tests.e2e.browser import browser, element, microphone_recording
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import conversation_of, has_state, open_page, played_reply, spoken_text, talk


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A system whose log tests may destroy: the next one finds that it has gone on."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.start()
    yield stack
    stack.close()
    print(stack.output()[-4000:])  # shown where a test failed


async def write(page: Page, text: str) -> None:
    await element(page, "composer-input").fill(text)
    await page.keyboard.press("Enter")


async def messages(page: Page) -> list[str]:
    """What the person said and wrote, as the page shows it."""
    return list(await element(page, "message-person").all_inner_texts())


async def test_a_page_whose_conversation_was_deleted_says_so_and_its_call_goes_on_in_a_new_one(
    own_stack: Stack, tmp_path: Path
) -> None:
    async with browser(tmp_path, microphone_recording(tmp_path, 120.0)) as context:
        page = await context.new_page()
        await open_page(page, own_stack)
        await talk(page)
        await write(page, "hello")
        await played_reply(own_stack, page)
        deleted = await conversation_of(page)
        await element(page, "composer-input").fill("what is your name")
        async with own_stack.event_log() as event_log:
            await event_log.js.delete_stream(streams.CONVERSATIONS)
        await page.get_by_text("That conversation is gone").wait_for(timeout=30_000)

        async def is_in_a_new_one() -> bool:
            return await conversation_of(page) not in (deleted, "None")

        await eventually(is_in_a_new_one, "a new conversation is open")
        await eventually(lambda: has_state(page, "listening"), "the call goes on in it")
        assert await messages(page) == []
        assert await page.get_by_text("The server is away").count() == 0
        assert await element(page, "composer-input").input_value() == "what is your name"
        await element(page, "composer-send").click()
        assert "Ada" in spoken_text(await played_reply(own_stack, page))
        assert await messages(page) == ["what is your name"]
        await page.get_by_text("That conversation is gone").wait_for(state="hidden")


async def test_a_page_shows_what_an_older_copy_of_the_log_has_of_its_conversation_and_follows_it(
    own_stack: Stack, tmp_path: Path
) -> None:
    async with browser(tmp_path, None) as context:
        page = await context.new_page()
        await open_page(page, own_stack)
        await write(page, "hello")
        await played_reply(own_stack, page)
        async with own_stack.event_log() as event_log:
            copy = [one async for one in event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS)]
        await write(page, "what is your name")
        await eventually(lambda: has_messages(page, "hello", "what is your name"), "both are shown")
        await played_reply(own_stack, page)
        async with own_stack.event_log() as event_log:
            stream = await event_log.js.stream_info(streams.CONVERSATIONS)
            await event_log.js.delete_stream(streams.CONVERSATIONS)
            await event_log.js.add_stream(stream.config)
            for record in copy:
                await event_log.js.publish(record.subject, record.data)
        await eventually(lambda: has_messages(page, "hello"), "the page shows what the copy has")
        await write(page, "tell me a joke")
        await eventually(lambda: has_messages(page, "hello", "tell me a joke"), "the page follows the copy")


async def has_messages(page: Page, *wanted: str) -> bool:
    return await messages(page) == list(wanted)
