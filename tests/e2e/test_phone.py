"""The page at the width of a phone: what nobody hears can be read, and other languages are answered in theirs."""

from __future__ import annotations

from pathlib import Path

from bus.events import ReplySentence, ReplyStarted, SpeechStarted
from tests.e2e.browser import browser, element
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import facts, open_page


async def test_answers_that_are_written_only_are_shown_on_a_phone(stack: Stack, tmp_path: Path) -> None:
    async with browser(tmp_path, None, width=390, height=844) as context:
        page = await context.new_page()
        await open_page(page, stack)
        answers = page.get_by_test_id("message-avatar")
        await element(page, "composer-input").fill("text only")
        await page.keyboard.press("Enter")
        await answers.first.wait_for()  # "wait_for" waits until it can be seen
        await element(page, "composer-input").fill("Wie alt bist du eigentlich?")
        await page.keyboard.press("Enter")
        await answers.nth(1).wait_for()
        shown = await answers.nth(1).bounding_box()
        assert shown is not None
        assert 0 <= shown["x"] < shown["x"] + shown["width"] <= 390
        assert 0 <= shown["y"] < 844

        async def is_answered() -> bool:
            return sum(isinstance(one.body, SpeechStarted) for one in await facts(stack, page)) > 1

        await eventually(is_answered, "the second answer is on record")
        bodies = [event.body for event in await facts(stack, page)]
    assert [one.language for one in bodies if isinstance(one, ReplyStarted)][-1] == "de"
    assert [one.language for one in bodies if isinstance(one, ReplySentence)][-1] == "de"
