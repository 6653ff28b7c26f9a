"""Our own voice in the person's microphone is no speech; the person's voice over it is."""

from __future__ import annotations

import numpy as np
import pytest

from services.audio import Samples, packet_loudness, resample, rms
from services.gateway.listening.echo import EchoDetector
from services.gateway.listening.endpointing import Endpointer, Started
from services.gateway.listening.voice_activity import best_detector
from tests import voices

RATE = 16_000
OURS = np.concatenate(
    [voices.samples("please_tell_me_a_story_about_the_sea_slt"), voices.samples("tell_me_something_about_yourself_slt")]
)
THEIRS = voices.samples("what_can_you_do_for_me_rms")


def starts(heard: Samples, played: Samples, *, guarded: bool = True) -> list[float]:
    """Seconds at which a phrase is said to begin, where both streams run side by side from the same moment."""
    activity, guard = best_detector()(), EchoDetector()
    endpointer = Endpointer(window=activity.window)
    loudness = packet_loudness(resample(played, RATE, 48_000))
    found: list[float] = []
    ticks = 0
    for start in range(0, len(heard) - activity.window, activity.window):
        while ticks * RATE // 50 <= start:
            guard.played(loudness[ticks] if ticks < len(loudness) else 0.0)
            ticks += 1
        window = heard[start : start + activity.window]
        echo = guard.is_echo(rms(window)) and guarded
        for boundary in endpointer.push(0.0 if echo else activity.probability(window.tobytes())):
            if isinstance(boundary, Started):
                found.append(start / RATE)
    return found


def microphone(*sounds: tuple[Samples, float, float]) -> Samples:
    """Sounds with their loudness and the second at which they begin, in a quiet room."""
    length = max(round(at * RATE) + len(sound) for sound, _, at in sounds) + RATE
    room = np.random.default_rng(2).normal(0, 3, length)
    for sound, loudness, at in sounds:
        room[round(at * RATE) : round(at * RATE) + len(sound)] += loudness * sound
    return room.clip(-32768, 32767).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


@pytest.mark.parametrize("loudness", [0.15, 0.5])
@pytest.mark.parametrize("delay", [0.08, 0.25, 0.5])
def test_our_own_voice_comes_back_as_no_speech(delay: float, loudness: float) -> None:
    played = np.concatenate([silence(1), OURS])
    heard = microphone((played, loudness, delay))
    assert starts(heard, played) == []
    assert starts(heard, played, guarded=False) != []


def test_somebody_who_speaks_over_our_voice_is_heard() -> None:
    played = np.concatenate([silence(1), OURS])
    heard = microphone((played, 0.15, 0.2), (THEIRS, 1.0, 2.5))
    first, *_ = starts(heard, played)
    assert 2.5 < first < 3.3


def test_where_nothing_is_played_everybody_is_heard_as_soon_as_without() -> None:
    heard = microphone((THEIRS, 1.0, 1.5))
    assert starts(heard, silence(1)) == starts(heard, silence(1), guarded=False) != []
