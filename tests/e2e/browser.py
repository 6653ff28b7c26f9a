"""Headless Chromium with a recording as its microphone, and recordings of what it shows and plays."""

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


def sentence(name: str) -> npt.NDArray[np.int16]:
    """A sentence from the recorded voices, 48 kHz."""
    return resample(voices.samples(name), 16_000, 48_000)


def microphone_recording(folder: Path, *parts: npt.NDArray[np.int16] | float) -> Path:
    """Write a WAV file of sentences and pauses (seconds), with the faint noise of a room."""
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
    """A browser with a profile of its own. Without a recording, access to the microphone is refused."""
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
            # Without a graphics card, animations of the page take the cores that the avatar needs.
            reduced_motion="reduce",
        )
        try:
            yield context
        finally:
            await context.close()


def element(page: Page, testid: str) -> Any:
    """An element of the page by its data-testid."""
    return page.locator(f'[data-testid="{testid}"]')


@dataclass(frozen=True)
class Recording:
    """The sound that a page played and the pictures that it showed."""

    sound: npt.NDArray[np.int16]
    """16 kHz mono."""
    sound_at: float
    """Time of the first sample, milliseconds on the page's clock."""
    frames_at: npt.NDArray[np.float64]
    """[n] times of the pictures, milliseconds on the page's clock."""
    mouths: npt.NDArray[np.float64]
    """[n, 32, 48] grey pixels of the region round the mouth."""


async def start_recording(page: Page) -> None:
    """Begin to record the sound and the face of the page."""
    await page.evaluate(PROBE)


async def recorded(page: Page) -> Recording:
    """The recording since `start_recording`."""
    probe = await page.evaluate("() => window.__probe.recording()")
    sound = np.frombuffer(base64.b64decode(probe["sound"]), np.int16)
    # Chunks are evenly spaced; the median of their offsets is steadier than any one of them.
    starts = np.array(probe["sound_at"])
    length = len(sound) / len(starts) * 1000 / probe["rate"]
    sound_at = float(np.median(starts - np.arange(len(starts)) * length))
    frames_at = np.array(probe["frames_at"])
    mouths = np.frombuffer(base64.b64decode(probe["frames"]), np.uint8).reshape(-1, 32, 48).astype(np.float64)
    return Recording(sound, sound_at, frames_at, mouths)
