"""A person gives a photo in a real browser and talks to the face."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np

from bus.errors import NotFound
from bus.events import FaceMade, FaceRefused, FaceRequested, FramesStarted, SpeechStarted
from services.characters import current_characters
from services.render.layered.renderer import LayeredRenderer
from services.render.photo import models
from services.render.pose import Pose
from tests.e2e.browser import browser, by, seen, watch
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import answers, drawn, face, open_page, record, told

MODELS = Path(".setup/face-models")


def pictures(folder: Path) -> tuple[Path, Path]:
    """A photo of somebody, and one of nobody."""
    somebody, nobody = folder / "somebody.jpg", folder / "nobody.png"
    cv2.imwrite(str(somebody), LayeredRenderer(640).face("noor").pixels(Pose())[:, :, :3].copy())
    cv2.imwrite(str(nobody), np.full((400, 400, 3), 90, np.uint8))
    return somebody, nobody


async def test_a_photo_becomes_somebody_to_talk_to_who_can_be_removed(stack: Stack, tmp_path: Path) -> None:
    models.fetch(MODELS)
    shutil.copytree(MODELS, stack.folder / "data" / "models" / "face", dirs_exist_ok=True)
    somebody, nobody = pictures(tmp_path)
    async with browser(tmp_path, None) as context:
        page = await context.new_page()
        await open_page(page, stack)
        await by(page, "new-face").click()
        await page.fill("input[name=name]", "Zoe")
        await page.set_input_files("input[type=file]", nobody)
        await page.click("text=Make this face")
        await by(page, "face-problem").wait_for(timeout=30_000)
        assert "no face was found" in await by(page, "face-problem").text_content()

        await page.set_input_files("input[type=file]", somebody)
        await page.click("text=Make this face")
        chosen = page.locator('.character[aria-pressed="true"]')
        await eventually(lambda: _is(chosen, "Zoe"), "Zoe is made and chosen")
        assert await page.locator('[data-testid="face-form"]').count() == 0

        await page.fill("#message", "hello")
        await page.keyboard.press("Enter")
        await eventually(lambda: face(page), "there is a face")
        await told(stack, page)
        await watch(page)  # only now: of the first answer the beginning might be missed
        await page.fill("#message", "what is your name")
        await page.keyboard.press("Enter")
        await eventually(lambda: answers(stack, page, 2), "the second answer is on record")
        await told(stack, page)
        await eventually(lambda: drawn(stack, page), "all is drawn")
        what = await seen(page)
        events = await record(stack, page)
        zoe = next(event.body.character for event in events if isinstance(event.body, FaceMade))

        await by(page, "new-face").click()
        await page.click('[aria-label="Remove Zoe"]')
        await page.click('[aria-label="Remove Zoe for good"]')
        await eventually(lambda: _is(chosen, "Ada"), "the talk goes on with Ada")
        await by(page, f"character-{zoe}").wait_for(state="detached")

    bodies = [event.body for event in events]
    asked = [body for body in bodies if isinstance(body, FaceRequested)]
    assert [(body.character, body.name) for body in asked][1:] == [(zoe, "Zoe")]
    assert [body.character for body in bodies if isinstance(body, FaceRefused)] == [asked[0].character]
    assert {body.character for body in bodies if isinstance(body, SpeechStarted | FramesStarted)} == {zoe}
    # How well lips and voice agree is measured on the pictures themselves (tests/services/render/test_lip_sync.py).
    assert what.mouths.std(axis=0).max() > 30.0, "the mouth moves"
    async with stack.event_log() as event_log:
        assert zoe not in await current_characters(event_log)
        for name in (asked[0].photo, asked[1].photo, asked[1].look):
            try:
                await event_log.asset(name)
            except NotFound:
                continue
            raise AssertionError(f"{name} is still kept")


async def _is(chosen: object, name: str) -> bool:
    count: int = await chosen.count()  # type: ignore[attr-defined]
    return bool(count) and name in await chosen.inner_text()  # type: ignore[attr-defined]
