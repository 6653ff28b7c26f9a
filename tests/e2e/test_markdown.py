"""A reply in Markdown: its form is on the page, its words are in the voice, and it plays to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from bus.events import Event, PlaybackFinished, ReplyEnded, ReplySentence, SpeechStarted
from projections.conversation import Conversation, fold_all, heard_messages
from tests.e2e.browser import browser, element
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import facts, has_state, open_page
from tests.scripted_model_server import DONE, Script, delta, serving, stream

CODE = "```sql\nSELECT name\n  FROM guests WHERE paid = 0;\n```"
TABLE = "| Name | Age |\n|------|----:|\n| Ada. Yes | 36 |"
MIXED = f"[happy] **Here** it is:\n\n{CODE}\n\n{TABLE}\n\n---\n\n*waves* See [the page](https://example.org/a)."
FORMS = f"{TABLE}\n\nIt was −12 °C.\n\n{CODE}"
ARABIC = "أين أنت؟ هل أنت بخير؟"


def script(text: str) -> Script:
    """The text, three characters at a time."""
    return stream(*(delta(text[at : at + 3]) for at in range(0, len(text), 3)), delta(finish="stop"), DONE)


@asynccontextmanager
async def watched(folder: Path, *texts: str) -> AsyncIterator[tuple[Stack, Page]]:
    """A page that watches, in a system whose language model answers with these texts in turn."""
    async with serving(*map(script, texts)) as server, browser(folder, None) as context:
        stack = Stack(folder, VISAVIS_LLM_URL=server.url)
        await asyncio.to_thread(stack.start)
        try:
            page = await context.new_page()
            await open_page(page, stack)
            await element(page, "talk-button").first.click()
            await eventually(lambda: has_state(page, "watching"), "the page watches")
            yield stack, page
        finally:
            await asyncio.to_thread(stack.close)


async def ask(stack: Stack, page: Page, text: str) -> list[Event]:
    """Write, and wait until the reply has been played to its end; the facts of its turn."""
    before = len(await facts(stack, page)) if "c=" in page.url else 0
    await element(page, "composer-input").fill(text)
    await element(page, "composer-send").click()

    async def turn() -> list[Event]:
        return (await facts(stack, page))[before:]

    async def over() -> bool:
        bodies = [event.body for event in await turn()]
        voiced = sum(isinstance(one, ReplySentence) and one.spoken_text != "" for one in bodies)
        played = sum(isinstance(one, PlaybackFinished) and one.complete for one in bodies)
        return any(isinstance(one, ReplyEnded) for one in bodies) and played == voiced

    await eventually(over, f"the answer to {text!r} has been played", patience=60)
    await eventually(lambda: has_state(page, "watching"), "nobody speaks any more")
    return await turn()


def voiced(events: list[Event]) -> list[str]:
    """The words of the sentences that have a speech."""
    sentences = {one.index: one for event in events if isinstance(one := event.body, ReplySentence)}
    started = [one.index for event in events if isinstance(one := event.body, SpeechStarted)]
    words = [(sentences[index].spoken_text, sentences[index].text) for index in started]
    return [text if spoken is None else spoken for spoken, text in words]


async def test_markdown_is_shown_in_its_form_and_said_in_its_words(tmp_path: Path) -> None:
    async with watched(tmp_path, MIXED, FORMS, CODE, ARABIC) as (stack, page):
        said = voiced(await ask(stack, page, "show me"))
        assert said == ["Here it is:", "See the page."]
        reply = element(page, "message-avatar").last
        assert await reply.locator("strong").inner_text() == "Here"
        assert await reply.locator("pre").inner_text() == "SELECT name\n  FROM guests WHERE paid = 0;\n"
        assert await reply.locator("td").all_inner_texts() == ["Ada. Yes", "36"]
        assert await reply.locator("hr").count() == 1
        assert await reply.locator("a").get_attribute("href") == "https://example.org/a"
        assert await element(page, "caption-avatar").inner_text() == "See the page."

        # It begins and ends with what is only shown.
        assert voiced(await ask(stack, page, "and more")) == ["It was −12 °C."]
        # Nothing but code: nothing is played, and nobody waits for it.
        assert voiced(await ask(stack, page, "only code")) == []
        assert await element(page, "message-avatar").last.locator("pre").count() == 1

        assert voiced(await ask(stack, page, "in Arabic")) == ARABIC.replace("؟ ", "؟|").split("|")
        paragraph = element(page, "message-avatar").last.locator(".markdown p")
        assert await paragraph.evaluate("(one) => getComputedStyle(one).direction") == "rtl"

        events = await facts(stack, page)
        history = heard_messages(fold_all(Conversation(id=events[0].conversation), enumerate(events, 1)))
        assert [one.text for one in history if one.role == "assistant"] == [
            MIXED.removeprefix("[happy] "), FORMS, CODE, ARABIC,
        ]  # fmt: skip
