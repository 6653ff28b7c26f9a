"""The workload by which recognisers are timed: one sentence, spoken by hibari."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from bus.events import MICROPHONE_RATE
from services.audio import Samples, resample, to_int16
from services.engine_speed import Workload
from services.stt.engine import Transcriber
from services.stt.service import BLOCK_BYTES

SAMPLE = Path(__file__).with_name("speed_sample.ogg")
"""Of hibari, so free of other people's rights: "How fast can this machine listen to a sentence?"."""
SILENCE = 0.5
"""Seconds behind it, as in an utterance."""


def sample() -> Samples:
    """The sentence and a silence, [n] at 16 kHz."""
    with av.open(str(SAMPLE)) as container:
        rate = container.streams.audio[0].rate
        sound = np.concatenate([to_int16(frame.to_ndarray()[0]) for frame in container.decode(audio=0)])
    silence = np.zeros(round(SILENCE * MICROPHONE_RATE), np.int16)
    return np.concatenate([resample(sound, rate, MICROPHONE_RATE), silence])


def workload(engine: Transcriber) -> Workload:
    """Transcribes the sentence block by block, as fast as it goes; gives the seconds of its sound."""

    def transcribe() -> float:
        sound = sample()
        pcm = sound.tobytes()
        transcription = engine.open("en")
        try:
            for start in range(0, len(pcm), BLOCK_BYTES):
                transcription.push(pcm[start : start + BLOCK_BYTES])
            transcription.finish()
        finally:
            transcription.close()
        return len(sound) / MICROPHONE_RATE

    return transcribe
