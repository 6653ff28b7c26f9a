"""The shipped example conversation, brought into the system and replayed in a real browser."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from bus.process.operator_key import operator_key
from tests.e2e.browser import browser, element
from tests.e2e.stack import Stack

EXAMPLE = Path(__file__).parents[2] / "examples" / "first-conversation.visavis"
_PICTURES = """() => [...document.querySelectorAll('[data-testid="replay-picture"]')].some(
    (video) => !video.paused && video.readyState >= 2 && !video.classList.contains('opacity-0'))"""
_DRIFT = """() => {
    const video = [...document.querySelectorAll('[data-testid="replay-picture"]')].find((one) => !one.paused)
    const [minutes, seconds] = document.querySelector('[data-testid="replay-time"] span').textContent.split(':')
    return Math.abs(video.currentTime - (Number(minutes) * 60 + Number(seconds) - START))
}"""


async def test_the_example_plays_with_its_face_and_shows_what_led_to_what(stack: Stack, tmp_path: Path) -> None:
    conversation = await asyncio.to_thread(_import_example, stack)
    address = f"{stack.url}/operator?key={operator_key(stack.settings)}#replay={conversation}"
    async with browser(tmp_path, None) as context:
        page = context.pages[0]
        await page.goto(f"{address}&t=3000")
        await element(page, "copy-badge").wait_for()
        assert "expired" in await element(page, "replay-notice").inner_text()
        await element(page, "replay-play").click()
        await page.wait_for_function(_PICTURES)
        view = await page.evaluate(f"async () => (await fetch('api/replay/{conversation}')).json()")
        assert await page.evaluate(_DRIFT.replace("START", str(_first_pictures(view) / 1000))) < 0.3
        await page.keyboard.press(".")  # stops, too
        await element(page, "replay-events").locator("[aria-current=step]").click()
        body = await element(page, "event-json").inner_text()
        assert conversation in body
        await page.keyboard.press("Escape")
        await _seek_to_the_interruption(page)
        assert await page.evaluate("() => location.hash.startsWith('#replay=')")
        # Without a call: the page has asked for no session.
        asked = await page.evaluate("() => performance.getEntriesByType('resource').map(({ name }) => name)")
        assert [name for name in asked if "/rtc" in name] == []


def _import_example(stack: Stack) -> str:
    """Bring the example in; returns its conversation."""
    command = [sys.executable, "-m", "visavis", "import", str(EXAMPLE)]
    imported = subprocess.run(command, env=stack.environment, capture_output=True, text=True, check=True)
    found = re.search(r"\bc[0-9a-f]{32}\b", imported.stdout)
    assert found, imported.stdout
    return found[0]


def _first_pictures(view: Any) -> float:
    return float(next(clip["start"] for clip in view["clips"] if clip["pictures"]))


async def _seek_to_the_interruption(page: Any) -> None:
    await page.get_by_role("button", name="Interrupted by speech").click()
    await page.locator('[data-testid="waterfall"], [data-testid="replay-transcript"]').first.wait_for()
    current = page.locator('[data-testid="replay-turn"][aria-current="true"]')
    assert await current.count() == 1
