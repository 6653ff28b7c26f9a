"""The avatar's voice in the person's microphone is no speech; the person's voice over it is."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from services.audio import Samples, packet_loudness, resample, rms
from services.gateway.listening.echo import EchoDetector, band_powers
from services.gateway.listening.endpointing import PRE_ROLL, Endpointer, StartOfSpeech
from services.gateway.listening.voice_activity import PocketsphinxDetector
from tests import voices

RATE = 16_000
PLAYBACK = np.concatenate(
    [voices.samples("please_tell_me_a_story_about_the_sea_slt"), voices.samples("tell_me_something_about_yourself_slt")]
)
PERSON = voices.samples("what_can_you_do_for_me_rms")


def starts(captured: Samples, played: Samples, *, detect_echo: bool = True) -> list[float]:
    """Seconds at which utterances start, with both streams in step from the same moment."""
    detector, echo_detector = PocketsphinxDetector(), EchoDetector()
    endpointer = Endpointer(window=detector.window)
    loudness = packet_loudness(resample(played, RATE, 48_000))
    found: list[float] = []
    ticks = 0
    for start in range(0, len(captured) - detector.window, detector.window):
        while ticks * RATE // 50 <= start:
            packet = played[ticks * RATE // 50 :][: RATE // 50]
            heard = ticks < len(loudness) and len(packet) == RATE // 50
            if heard:
                echo_detector.push_playback(loudness[ticks], partial(band_powers, packet, RATE))
            else:
                echo_detector.push_playback()
            ticks += 1
        window = captured[start : start + detector.window]
        echo = echo_detector.is_echo(rms(window), partial(band_powers, window, RATE)) and detect_echo
        boundary = endpointer.push(0.0 if echo else detector.probability(window.tobytes()))
        if isinstance(boundary, StartOfSpeech):
            found.append(start / RATE)
    return found


def microphone(*sounds: tuple[Samples, float, float]) -> Samples:
    """A quiet room with sounds in it: each with its loudness and the second at which it begins."""
    length = max(round(at * RATE) + len(sound) for sound, _, at in sounds) + RATE
    room = np.random.default_rng(2).normal(0, 3, length)
    for sound, loudness, at in sounds:
        room[round(at * RATE) : round(at * RATE) + len(sound)] += loudness * sound
    return room.clip(-32768, 32767).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


@pytest.mark.parametrize("loudness", [0.15, 0.5])
@pytest.mark.parametrize("delay", [0.08, 0.25, 0.5])
def test_the_echo_of_the_playback_is_no_speech(delay: float, loudness: float) -> None:
    played = np.concatenate([silence(1), PLAYBACK])
    captured = microphone((played, loudness, delay))
    assert starts(captured, played) == []
    assert starts(captured, played, detect_echo=False) != []


def test_a_person_who_speaks_over_the_playback_is_captured() -> None:
    played = np.concatenate([silence(1), PLAYBACK])
    captured = microphone((played, 0.15, 0.2), (PERSON, 1.0, 2.5))
    first, *_ = starts(captured, played)
    assert 2.5 < first < 3.3


@pytest.mark.parametrize("person", ["what_is_your_name_rms", "what_time_is_it_slt", "hello_rms", "repeat_that_rms"])
@pytest.mark.parametrize("after", [0.1, 0.2, 0.4, 0.6])
def test_a_person_who_begins_right_after_the_playback_is_no_echo(after: float, person: str) -> None:
    played = np.concatenate([silence(1), PLAYBACK])
    captured = microphone((voices.samples(person), 1.0, 1 + after))
    first, *_ = starts(captured, played)
    # The first word is in what is kept from before the onset.
    assert first - PRE_ROLL / RATE < 1 + after + 0.25


def test_an_echo_with_the_sound_of_a_room_is_no_speech() -> None:
    played = np.concatenate([silence(1), PLAYBACK])
    times = np.arange(RATE // 5) / RATE
    room = np.random.default_rng(2).normal(0, 0.03, len(times)) * np.exp(-times / 0.05)
    room[0] = 1.0
    echo = np.convolve(played.astype(float), room).clip(-32768, 32767).astype(np.int16)
    assert starts(microphone((echo, 0.3, 0.25)), played) == []


def test_without_playback_echo_detection_delays_nothing() -> None:
    captured = microphone((PERSON, 1.0, 1.5))
    assert starts(captured, silence(1)) == starts(captured, silence(1), detect_echo=False) != []
