"""What can be said of a synthetic voice by listening to it: its words, and whether its lip shapes fit its sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bus.events import VisemeMark
from projections.replay.word_error_rate import normalised_words
from services.audio import Samples, resample
from services.models.catalogue import MOONSHINE
from services.stt.moonshine.engine import load
from tests import real_models


def words_heard(sound: Samples, rate: int) -> list[str]:
    """The words that Moonshine hears."""
    engine = load(real_models.folder(MOONSHINE), lambda: real_models.silero().probability, threads=2)
    try:
        transcription = engine.open("en")
        heard = np.concatenate([np.zeros(4_000, np.int16), resample(sound, rate, 16_000), np.zeros(8_000, np.int16)])
        transcription.push(heard.tobytes())
        return normalised_words(transcription.finish().text)
    finally:
        engine.close()


def loudness_ratio(sound: Samples, marks: Sequence[VisemeMark]) -> float:
    """How much louder the sound is while the mouth is open for a vowel than while lips are shut for p, b or m.

    A plosive's burst comes at its end: of closed lips the first half counts.
    """
    ends = [*(mark.sample for mark in marks[1:]), len(sound)]
    opened = [sound[mark.sample : end] for mark, end in zip(marks, ends, strict=True) if mark.viseme in ("aa", "oh")]
    lips = [(mark.sample, end) for mark, end in zip(marks, ends, strict=True) if mark.viseme == "PP"]
    shut = [sound[start : (start + end) // 2] for start, end in lips]
    assert opened
    assert shut
    level = [float(np.sqrt(np.mean(np.concatenate(parts).astype(float) ** 2))) for parts in (opened, shut)]
    return level[0] / level[1]
