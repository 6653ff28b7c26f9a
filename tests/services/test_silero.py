"""Silero in digital silence: a muted microphone costs nothing, and the word after it is noticed as the first one."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.audio import Samples
from services.models.catalogue import SILERO
from services.silero import WINDOW, SileroVad
from tests import real_models, voices

pytestmark = real_models.needs(SILERO)


class Counted:
    """The network, with the number of windows that it was given."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self.windows = 0

    def run(self, *arguments: Any) -> Any:
        self.windows += 1
        return self._network.run(*arguments)


def counted() -> tuple[SileroVad, Counted]:
    detector = real_models.silero()
    network = Counted(detector._session)
    detector._session = network
    return detector, network


def heard(detector: SileroVad, samples: Samples) -> list[float]:
    whole = len(samples) // WINDOW * WINDOW
    return [detector.probability(window) for window in samples[:whole].reshape(-1, WINDOW)]


def silence(windows: int) -> Samples:
    return np.zeros(windows * WINDOW, np.int16)


def test_after_two_seconds_of_digital_silence_the_network_is_not_asked_until_there_is_sound() -> None:
    detector, network = counted()
    said = voices.samples("what_can_you_do_for_me_rms")
    assert heard(detector, silence(50)) == [0.0] * 50
    assert network.windows == 0
    first = heard(detector, said)
    assert max(first) > 0.9
    heard(detector, np.random.default_rng(1).normal(0, 300, 64 * WINDOW).astype(np.int16))
    before = network.windows
    quiet = heard(detector, silence(500))
    assert max(quiet[10:]) < 0.15
    assert network.windows < before + 80
    asked = network.windows
    assert heard(detector, said) == first, "as if nobody had spoken before"
    assert network.windows == asked + len(first)


def test_faint_noise_is_heard() -> None:
    detector, network = counted()
    noise = np.random.default_rng(1).integers(-1, 2, 100 * WINDOW).astype(np.int16)
    assert max(heard(detector, noise)) < 0.15
    assert network.windows == 100
