"""What a person would judge by eye and ear, as numbers."""

from __future__ import annotations

import difflib
import re

import numpy as np
import numpy.typing as npt

from services.stt.pocketsphinx_engine import PocketsphinxEngine
from tests.e2e.browser import Seen

_RATE = 16_000


def transcribe(sound: npt.NDArray[np.int16]) -> str:
    """The words in 16 kHz sound, as the embedded recogniser hears them."""
    transcription = PocketsphinxEngine().open("en")
    pcm = sound.tobytes()
    for start in range(0, len(pcm), 2048):
        transcription.push(pcm[start : start + 2048])
    return transcription.finish().text


def likeness(one: str, other: str) -> float:
    """How much two texts have in common, letter by letter, 0 to 1.

    The embedded recogniser gets every third word of a synthetic voice wrong, but then it writes what sounds alike:
    different sentences reach some 0.3 to 0.45, a sentence and what was heard of it 0.6 to 1.
    """
    first, second = ("".join(re.findall(r"[a-z]+", text.lower())) for text in (one, other))
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()


def loudness(seen: Seen, at: npt.NDArray[np.float64], *, width: float = 60.0) -> npt.NDArray[np.float64]:
    """Root mean square of the sound round these moments of the page's clock.

    Args:
        at: [n] milliseconds.
        width: milliseconds looked at.
    """
    half = int(width / 2000 * _RATE)
    centres = ((at - seen.sound_at) / 1000 * _RATE).astype(int)
    padded = np.pad(seen.sound.astype(np.float64), half)
    return np.array(
        [
            np.sqrt(np.mean(padded[centre : centre + 2 * half] ** 2)) if 0 <= centre < len(seen.sound) else 0.0
            for centre in centres
        ]
    )


def mouth_change(seen: Seen, rest: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """How far the region of the mouth is from how it looks at rest, picture by picture."""
    still = np.median(seen.mouths[rest], axis=0)
    return np.asarray(np.mean(np.abs(seen.mouths - still), axis=(1, 2)))


def lip_sync(seen: Seen) -> tuple[float, float]:
    """Correlation of mouth and sound while something is said, and by how many milliseconds the sound comes later."""
    voice = loudness(seen, seen.frames_at)
    loud = voice > 0.05 * voice.max()
    change = mouth_change(seen, ~loud)
    first, last = np.flatnonzero(loud)[[0, -1]]
    span = slice(max(0, first - 5), last + 5)
    lags = np.arange(-400, 401, 20.0)
    scores = [np.corrcoef(change[span], loudness(seen, seen.frames_at[span] + lag))[0, 1] for lag in lags]
    best = int(np.argmax(scores))
    return float(scores[best]), float(lags[best])
