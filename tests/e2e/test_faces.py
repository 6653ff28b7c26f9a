"""Making a character of a photo in a real browser, and talking to it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from bus.errors import NotFound
from bus.events import FaceMade, FaceRefused, FaceRequested, FramesStarted, SpeechStarted
from services.characters import current_characters
from services.models.catalogue import FACE_LANDMARKS
from services.render.layered.renderer import LayeredRenderer
from services.render.pose import Pose
from tests import real_models
from tests.e2e.browser import browser, element, recorded, start_recording
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import all_drawn, facts, has_picture, has_replies, open_page, played_reply


def photos(folder: Path) -> tuple[Path, Path]:
    """A photo with a face, and one without."""
    with_face, without_face = folder / "face.jpg", folder / "empty.png"
    cv2.imwrite(str(with_face), LayeredRenderer(640).face("noor").pixels(Pose())[:, :, :3].copy())
    cv2.imwrite(str(without_face), np.full((400, 400, 3), 90, np.uint8))
    return with_face, without_face


@real_models.needs(FACE_LANDMARKS)
async def test_a_photo_becomes_a_character_that_answers_and_can_be_removed(stack: Stack, tmp_path: Path) -> None:
    with_face, without_face = photos(tmp_path)
    async with browser(tmp_path, None) as context:
        page = await context.new_page()
        await open_page(page, stack)
        await element(page, "new-face").click()
        await page.fill("input[name=name]", "Zoe")
        await page.set_input_files("input[type=file]", without_face)
        await page.click("text=Make this face")
        await element(page, "face-problem").wait_for(timeout=30_000)
        assert "no face was found" in await element(page, "face-problem").text_content()

        await page.set_input_files("input[type=file]", with_face)
        await page.click("text=Make this face")
        chosen = page.locator('.character[aria-pressed="true"]')
        await eventually(lambda: _has_text(chosen, "Zoe"), "Zoe is made and chosen")
        assert await page.locator('[data-testid="face-form"]').count() == 0

        await page.fill("#message", "hello")
        await page.keyboard.press("Enter")
        await eventually(lambda: has_picture(page), "there is a face")
        await played_reply(stack, page)
        await start_recording(page)  # not before: the beginning of the first answer might be missed
        await page.fill("#message", "what is your name")
        await page.keyboard.press("Enter")
        await eventually(lambda: has_replies(stack, page, 2), "the second answer is on the log")
        await played_reply(stack, page)
        await eventually(lambda: all_drawn(stack, page), "all sentences are drawn")
        reached = await recorded(page)
        events = await facts(stack, page)
        zoe = next(event.body.character for event in events if isinstance(event.body, FaceMade))

        await element(page, "new-face").click()
        await page.click('[aria-label="Remove Zoe"]')
        await page.click('[aria-label="Remove Zoe for good"]')
        await eventually(lambda: _has_text(chosen, "Ada"), "the talk goes on with Ada")
        await element(page, f"character-{zoe}").wait_for(state="detached")

    bodies = [event.body for event in events]
    requests = [body for body in bodies if isinstance(body, FaceRequested)]
    assert [(body.character, body.name) for body in requests][1:] == [(zoe, "Zoe")]
    assert [body.character for body in bodies if isinstance(body, FaceRefused)] == [requests[0].character]
    assert {body.character for body in bodies if isinstance(body, SpeechStarted | FramesStarted)} == {zoe}
    # Lip sync is measured on the rendered pictures (tests/services/render/test_lip_sync.py).
    assert reached.mouths.std(axis=0).max() > 30.0, "the mouth moves"
    async with stack.event_log() as event_log:
        assert zoe not in await current_characters(event_log)
        for name in (requests[0].photo, requests[1].photo, requests[1].look):
            try:
                await event_log.asset(name)
            except NotFound:
                continue
            raise AssertionError(f"{name} is still kept")


async def _has_text(chosen: object, name: str) -> bool:
    count: int = await chosen.count()  # type: ignore[attr-defined]
    return bool(count) and name in await chosen.inner_text()  # type: ignore[attr-defined]
