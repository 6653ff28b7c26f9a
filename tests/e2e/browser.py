"""A person's browser: headless Chromium with a recording as its microphone."""

from __future__ import annotations

import base64
import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from playwright.async_api import BrowserContext, Page, async_playwright

from services.audio import resample
from tests import voices

PROBE = (Path(__file__).parent / "probe.js").read_text()
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


def say(name: str) -> npt.NDArray[np.int16]:
    """A recorded sentence as a person would say it into a microphone, 48 kHz."""
    return resample(voices.samples(name), 16_000, 48_000)


def microphone(folder: Path, *parts: npt.NDArray[np.int16] | float) -> Path:
    """A recording of sentences and pauses (seconds), with the faint noise of a room."""
    pieces = [np.zeros(int(part * 48_000), np.int16) if isinstance(part, float) else part for part in parts]
    sound = np.concatenate(pieces).astype(np.float64)
    sound += np.random.default_rng(1).normal(0, 4, len(sound))
    path = folder / "microphone.wav"
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(48_000)
        recording.writeframes(np.clip(sound, -32768, 32767).astype("<i2").tobytes())
    return path


@asynccontextmanager
async def browser(
    folder: Path, recording: Path | None, *, width: int = 1280, height: int = 800
) -> AsyncIterator[BrowserContext]:
    """A browser of its own. Without a recording, the microphone is refused."""
    flags = list(_FLAGS)
    if recording is not None:
        flags += [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={recording}%noloop",
        ]
    chromium = shutil.which("chromium")
    assert chromium, "the tests need chromium; `make test` installs it"
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(folder / "profile"),
            executable_path=chromium,
            headless=True,
            args=flags,
            viewport={"width": width, "height": height},
            # Without a graphics card every moving glow is drawn by the cores that the avatar needs.
            reduced_motion="reduce",
        )
        try:
            yield context
        finally:
            await context.close()


def by(page: Page, testid: str) -> Any:
    """An element of the page by its data-testid."""
    return page.locator(f'[data-testid="{testid}"]')


@dataclass(frozen=True)
class Seen:
    """What reached the person."""

    sound: npt.NDArray[np.int16]
    """16 kHz mono."""
    sound_at: float
    """Milliseconds on the page's clock of the first sample."""
    frames_at: npt.NDArray[np.float64]
    """[n] milliseconds on the page's clock."""
    mouths: npt.NDArray[np.float64]
    """[n, 32, 48] grey, the region round the mouth."""


async def watch(page: Page) -> None:
    """Begin to record what the page shows and plays."""
    await page.evaluate(PROBE)


async def seen(page: Page) -> Seen:
    """What has been recorded."""
    told = await page.evaluate("() => window.__probe.told()")
    sound = np.frombuffer(base64.b64decode(told["sound"]), np.int16)
    # Chunks come at even distances; their median offset is the steadier clock.
    starts = np.array(told["sound_at"])
    length = len(sound) / len(starts) * 1000 / told["rate"]
    sound_at = float(np.median(starts - np.arange(len(starts)) * length))
    frames_at = np.array(told["frames_at"])
    mouths = np.frombuffer(base64.b64decode(told["frames"]), np.uint8).reshape(-1, 32, 48).astype(np.float64)
    return Seen(sound, sound_at, frames_at, mouths)
