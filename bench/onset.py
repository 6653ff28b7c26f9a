"""How soon it is certain that somebody speaks, and how many short vocal sounds are taken for speech.

`python -m bench.onset --prompts FOLDER` plays the beginnings of recorded sentences (`tests.voices.hesitant`) and
snippets of 60 to 170 ms cut out of their vowels, as a murmur is, through Silero, by each rule of
`services.gateway.listening.onset`, after a short and a long silence. The time counts from the first audible 20 ms.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.machine import machine, percentiles, table
from bus.events import MICROPHONE_RATE
from services.audio import Samples, to_int16
from services.gateway.listening.onset import STEADY, SURE, Evidence, Onset
from services.silero import WINDOW
from tests import real_models
from tests.voices import hesitant

MS = MICROPHONE_RATE // 1000
AUDIBLE = 328
"""Root mean square of 20 ms, in sample values."""
TIMES = 2
SILENCES = (("1 s in a room", 1, 5), ("15 s in a room", 15, 5), ("15 s of zeros", 15, 0))
"""Before a sentence or a murmur: name, seconds, and standard deviation of the noise in it, in sample values. Zeros are
what a browser sends that suppresses noise."""
Heard = list[tuple[float, float]]
"""Probability and loudness of each window."""


def heard(samples: Samples) -> Heard:
    """What Silero tells of each window."""
    vad = real_models.silero()
    windows = [samples[at : at + WINDOW] for at in range(0, len(samples) - WINDOW + 1, WINDOW)]
    return [(vad.probability(one), float(np.sqrt(np.square(one.astype(np.float64)).mean()))) for one in windows]


def certain_at(rule: tuple[Evidence, ...], windows: Heard) -> float:
    """Samples until it is certain that somebody speaks; infinite if it never is."""
    onset = Onset(rule)
    for number, (probability, loudness) in enumerate(windows, 1):
        if onset.push(probability, loudness) is not None:
            return number * WINDOW
    return float("inf")


def loudness_of(sound: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Root mean square of the 20 ms around each sample."""
    return np.asarray(np.sqrt(np.convolve(np.square(sound), np.ones(20 * MS) / (20 * MS), "same")))


def material(prompts: Path, silence: int, noise: int) -> tuple[list[tuple[int, Heard]], list[Heard]]:
    """Beginnings of sentences with their first audible sample, and murmurs.

    Args:
        silence: seconds before each.
        noise: standard deviation of the noise in it, in sample values.
    """
    generator = np.random.default_rng(3)
    speech: list[tuple[int, Heard]] = []
    murmurs: list[Heard] = []
    for sentence in hesitant.sentences(prompts):
        sound = sentence.samples.astype(np.float64)
        loudness = loudness_of(sound)
        first = int(np.flatnonzero(loudness > AUDIBLE)[0])
        for _ in range(TIMES):
            gain = generator.uniform(0.3, 1.2)
            room = generator.normal(0, noise, silence * MICROPHONE_RATE + int(generator.integers(0, WINDOW)))
            begun = np.concatenate([room, gain * sound[max(0, first - 50 * MS) : first + MICROPHONE_RATE]])
            audible = int(np.flatnonzero(loudness_of(begun) > AUDIBLE)[0])
            speech.append((audible, heard(to_int16(begun / 32768))))
            middle = int(generator.choice(np.flatnonzero(loudness > loudness.max() / 2)))
            half = int(MS * generator.uniform(30, 85))
            snippet = gain * sound[max(0, middle - half) : middle + half]
            snippet *= np.minimum(1, np.minimum(np.arange(len(snippet)), np.arange(len(snippet))[::-1]) / (10 * MS))
            murmur = np.concatenate([room, snippet, generator.normal(0, noise, MICROPHONE_RATE)])
            murmurs.append(heard(to_int16(murmur / 32768)))
    return speech, murmurs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=Path, default=hesitant.PROMPTS, help="folder of the prompts of Asterisk")
    arguments = parser.parse_args()
    where = machine()
    rows = []
    for before, silence, noise in SILENCES:
        speech, murmurs = material(arguments.prompts, silence, noise)
        for name, rule in (("6 of 8 windows", STEADY), ("3 to 6 windows, the fewer the surer", SURE)):
            times = [(certain_at(rule, windows) - first) / MS for first, windows in speech]
            median, high = percentiles(times, 50, 95)
            false = 100 * sum(np.isfinite(certain_at(rule, windows)) for windows in murmurs) / len(murmurs)
            rows.append([before, name, f"{median:.0f}", f"{high:.0f}", f"{false:.0f} %", f"{len(speech)}"])
    print(f"{where}\n")
    certain = "certain that somebody speaks"
    print(table(("after", certain, "p50, ms", "p95, ms", "murmurs taken for speech", "of each"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
