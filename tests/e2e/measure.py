"""Measures of a recording: its words, and how well its lips and voice agree."""

from __future__ import annotations

import difflib
import re

import numpy as np
import numpy.typing as npt
from num2words import num2words

from services.stt.pocketsphinx_engine import PocketsphinxEngine
from tests.e2e.browser import Recording

_RATE = 16_000
_SLOW = 600.0
"""Milliseconds; movement that takes longer is that of the head."""


def transcribe(sound: npt.NDArray[np.int16]) -> str:
    """The words in 16 kHz sound, according to the embedded recogniser."""
    transcription = PocketsphinxEngine().open("en")
    pcm = sound.tobytes()
    for start in range(0, len(pcm), 2048):
        transcription.push(pcm[start : start + 2048])
    return transcription.finish().text


def similarity(one: str, other: str) -> float:
    """How similar two texts are, letter by letter, 0 to 1.

    The embedded recogniser gets every third word of a synthetic voice wrong, but writes words that sound alike:
    different sentences reach some 0.3 to 0.45, a sentence and its transcript 0.6 to 1.
    """
    spoken = (re.sub(r"\d+", lambda found: str(num2words(int(found[0]))), text) for text in (one, other))
    first, second = ("".join(re.findall(r"[a-z]+", text.lower())) for text in spoken)
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()


def loudness(recorded: Recording, at: npt.NDArray[np.float64], *, width: float = 60.0) -> npt.NDArray[np.float64]:
    """Root mean square of the sound round these times on the page's clock.

    Args:
        at: [n] milliseconds.
        width: milliseconds of sound round each time.
    """
    half = int(width / 2000 * _RATE)
    centres = ((at - recorded.sound_at) / 1000 * _RATE).astype(int)
    padded = np.pad(recorded.sound.astype(np.float64), half)
    return np.array(
        [
            np.sqrt(np.mean(padded[centre : centre + 2 * half] ** 2)) if 0 <= centre < len(recorded.sound) else 0.0
            for centre in centres
        ]
    )


def mouth_change(recorded: Recording, rest: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """How much the mouth in each picture differs from the mouth at rest."""
    still = np.median(recorded.mouths[rest], axis=0)
    return np.asarray(np.mean(np.abs(recorded.mouths - still), axis=(1, 2)))


def _without_slow_movement(values: npt.NDArray[np.float64], at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What differs from the mean of the time round it: a head that turns moves the mouth, too."""
    near = np.abs(at[:, None] - at[None, :]) <= _SLOW / 2
    return np.asarray(values - (near @ values) / near.sum(axis=1))


def lip_sync(recorded: Recording, most: float = 400.0) -> tuple[float, float]:
    """The best correlation of mouth and sound during speech, and the lag of the sound for it in milliseconds.

    Args:
        most: the lag looked for, in milliseconds. Words of an even beat, such as the time, match their neighbours, too.
    """
    at = recorded.frames_at
    voice = loudness(recorded, at)
    loud = voice > 0.05 * voice.max()
    change = _without_slow_movement(mouth_change(recorded, ~loud), at)
    first, last = np.flatnonzero(loud)[[0, -1]]
    span = slice(max(0, first - 5), last + 5)
    lags = np.arange(-most, most + 1, 20.0)
    sounds = (_without_slow_movement(loudness(recorded, at + lag), at) for lag in lags)
    scores = [np.corrcoef(change[span], sound[span])[0, 1] for sound in sounds]
    best = int(np.argmax(scores))
    return float(scores[best]), float(lags[best])
