"""Lip sync of a voice without visemes: how far the mouth is open in rendered frames, and how loud the voice is.

The jaw follows the loudness there, so they go together far more closely than in people. What a voice with visemes looks
like is measured by `bench/lips.py`; that its lips are in time is tested in `test_motion.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from bus.events import FRAMES_PER_SECOND, OPUS_FRAME, SPEECH_RATE, AudioOut
from services.audio import packet_loudness, resample
from services.render.layered.renderer import LayeredRenderer
from services.render.motion import SpeechMotion
from services.render.photo.portrait import Portrait
from services.render.photo.warp import WarpedFace
from services.render.pose import Pose
from tests import voices

RECORDING = "tell_me_something_about_yourself_slt"
MAX_LAG = 0.040
"""Seconds by which lips may be early or late."""

Curve = NDArray[np.float64]


@cache
def voice(delay: int = 0) -> tuple[float, ...]:
    """Loudness of each 20 ms of a recorded sentence, after `delay` packets of silence."""
    samples = resample(voices.samples(RECORDING), 16_000, SPEECH_RATE)
    return (*(0.0,) * delay, *packet_loudness(samples))


def poses(delay: int = 0) -> list[Pose]:
    loudness = voice(delay)
    motion = SpeechMotion("ada", "speech", phase=0)
    motion.add_audio(AudioOut(
        conversation="c", speech="s", index=0, sample=0, packets=(b"",) * len(loudness), loudness=loudness, final=True,
    ))
    # The head does not move, so that only the mouth is measured.
    all_poses = [motion.pose(frame) for frame in range(motion.frames_ready)]
    return [Pose(jaw=pose.jaw, teeth=pose.teeth, upper=pose.upper) for pose in all_poses]


def dark_pixels(pixels: NDArray[np.uint8], part: tuple[slice, slice]) -> int:
    return int((pixels[part].astype(int).sum(axis=2) < 200).sum())


def layered() -> Callable[[Pose], float]:
    face = LayeredRenderer(256).face("milo")
    return lambda pose: dark_pixels(face.pixels(pose)[:, :, :3], (slice(150, 200), slice(95, 161)))


def warped(portrait: Portrait) -> Callable[[Pose], float]:
    face = WarpedFace(portrait, 512)
    low, high = (f(portrait.face.mesh[[61, 291, 152], :2], axis=0).astype(int) for f in (np.min, np.max))
    return lambda pose: dark_pixels(face.pixels(pose), (slice(low[1] - 10, high[1]), slice(low[0], high[0])))


def lag_and_correlation(opening: Curve, loudness: tuple[float, ...]) -> tuple[float, float]:
    """The lag of the mouth behind the voice in seconds, negative where it is early, and the correlation at that lag."""
    # The envelope as an ear hears it, smoothed over about a syllable.
    envelope = np.convolve(np.sqrt(loudness), np.hanning(7) / np.hanning(7).sum(), mode="same")
    times = (np.arange(len(opening)) + 0.5) / FRAMES_PER_SECOND
    middles = (np.arange(len(envelope)) + 0.5) * OPUS_FRAME / SPEECH_RATE
    lags = np.arange(-0.2, 0.2001, 0.005)
    found = [float(np.corrcoef(opening, np.interp(times - lag, middles, envelope))[0, 1]) for lag in lags]
    best = int(np.argmax(found))
    return float(lags[best]), found[best]


@pytest.fixture(params=["layered", "warped"])
def opening(request: pytest.FixtureRequest, portrait: Portrait) -> Callable[[Pose], float]:
    return layered() if request.param == "layered" else warped(portrait)


def test_the_mouth_is_open_when_the_voice_is_loud_within_40_ms(opening: Callable[[Pose], float]) -> None:
    measured = np.array([opening(pose) for pose in poses()], float)
    lag, correlation = lag_and_correlation(measured, voice())
    assert abs(lag) <= MAX_LAG, f"the mouth is {1000 * lag:.0f} ms late"
    assert correlation > 0.75


def test_a_voice_that_comes_later_moves_the_mouth_as_much_later(opening: Callable[[Pose], float]) -> None:
    frames = 6
    now = [opening(pose) for pose in poses()]
    later = [opening(pose) for pose in poses(delay=2 * frames)]
    closed = opening(Pose())
    np.testing.assert_allclose(later[frames : frames + len(voice()) // 2], now[: len(voice()) // 2], atol=2.0)
    assert max(later[: frames - 2]) <= closed + 2.0
