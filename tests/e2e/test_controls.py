"""The controls of the page in a real browser: two tabs of one person, the key to talk, and a text that is too long."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.async_api import Page

from bus.events import ReplyEnded, SessionClosed, SessionOpened
from tests.e2e.browser import browser, element, microphone_recording, recorded
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import facts, has_state, open_page, played_reply, talk

MUTED = "() => document.querySelector('[data-testid=mute-button]').getAttribute('aria-pressed')"
TRACKS = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  window.tracks = []
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await open(wanted)
    window.tracks.push(...stream.getAudioTracks())
    return stream
  }
}"""
HEARS = "() => window.tracks.some((track) => track.readyState === 'live' && track.enabled)"


async def test_two_tabs_of_one_conversation_both_hear_the_one_answer(stack: Stack, tmp_path: Path) -> None:
    async with browser(tmp_path, microphone_recording(tmp_path, 30.0)) as context:
        older, newer = await context.new_page(), await context.new_page()
        await open_page(older, stack)
        await talk(older)
        await element(older, "composer-input").fill("hello")
        await older.keyboard.press("Enter")
        await played_reply(stack, older)
        await newer.goto(older.url)
        await element(newer, "talk-button").first.wait_for()
        await talk(newer)
        heard_before = len((await recorded(older)).sound)
        await element(older, "composer-input").fill("tell me a joke")
        await older.keyboard.press("Enter")
        await eventually(lambda: has_replies(stack, older, 2), "there is a second reply")
        events = await played_reply(stack, newer)
        assert np.any(np.abs((await recorded(older)).sound[heard_before:].astype(int)) > 500)
        assert np.any(np.abs((await recorded(newer)).sound.astype(int)) > 500)
    assert len({event.body.session for event in events if isinstance(event.body, SessionOpened)}) == 2
    assert [one for one in events if isinstance(one.body, SessionClosed)] == []


async def has_replies(stack: Stack, page: Page, count: int) -> bool:
    return sum(isinstance(event.body, ReplyEnded) for event in await facts(stack, page)) == count


async def test_the_key_to_talk_opens_the_microphone_for_as_long_as_it_is_held(stack: Stack, tmp_path: Path) -> None:
    async with browser(tmp_path, microphone_recording(tmp_path, 30.0)) as context:
        page = await context.new_page()
        await page.add_init_script(f"({TRACKS})()")
        await open_page(page, stack)
        await talk(page)
        await element(page, "mute-button").click()  # it has the focus now
        await held_and_released(page, "the mute button")
        await element(page, "leave-button").focus()
        await held_and_released(page, "the button to hang up")
        assert await page.evaluate(MUTED) == "true"
        await page.keyboard.down(" ")
        await page.evaluate("() => window.dispatchEvent(new Event('blur'))")
        assert not await page.evaluate(HEARS)
        await page.keyboard.up(" ")
        assert not await page.evaluate(HEARS)


async def held_and_released(page: Page, where: str) -> None:
    await page.keyboard.down(" ")
    assert await page.evaluate(HEARS), where
    await page.keyboard.up(" ")
    assert not await page.evaluate(HEARS), where
    await eventually(lambda: has_state(page, "muted"), "the call goes on, muted")


async def test_a_paste_that_is_too_long_is_kept_and_said_to_be(stack: Stack, tmp_path: Path) -> None:
    async with browser(tmp_path, None) as context:
        page = await context.new_page()
        await open_page(page, stack)
        await element(page, "composer-input").fill("word " * 4000)
        await page.keyboard.press("Enter")
        assert "15999 characters too many" in await element(page, "composer-length").inner_text()
        assert len(await element(page, "composer-input").input_value()) == 20_000
        answer = await page.request.post(f"{stack.url}/api/conversations", data={})
        conversation = (await answer.json())["id"]
        refused = await page.request.post(
            f"{stack.url}/api/conversations/{conversation}/messages", data={"text": "word " * 4000}
        )
        assert refused.status == 413
