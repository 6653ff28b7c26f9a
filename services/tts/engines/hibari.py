"""hibari: an English woman's voice of 8 MB, distilled from Kokoro, a hundred times faster than speech on one core.

Its package reads the text (misaki's rules) and makes the sound of what the network predicts; the network also tells how
long each phoneme lasts, from which the lip shapes come.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bus.errors import ConfigurationError, EngineError
from services.audio import to_int16
from services.onnx_graph import INT64, with_output
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.engines.long_text import FADE, PAUSE, trim_and_fade
from services.tts.lips.misaki import misaki_marks

RATE = 24_000
_DURATIONS = "/Cast_32_output_0"
"""The network's inner value that holds the length of each phoneme."""
_UNIT = 600
"""Samples of a unit of it: 25 ms."""
_LEAD = 0.02
"""Seconds of silence left before the first sound; the network begins with some 300 ms."""
_QUIET = 0.004
"""Height below which the beginning counts as silence, of 1."""
GAIN = 2.0
"""Its sound is 6 dB below the other voices'."""


def why_unavailable() -> str | None:
    """What it lacks on this machine, as one sentence; None where it can run."""
    for package in ("onnxruntime", "hibari"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed"
    return None


class HibariEngine:
    """Speaks English as a woman; other languages and men go to another engine.

    Args:
        others: the engine for what it does not speak.
        threads: that one sentence may use; one is enough.
    Raises:
        ConfigurationError: the package holds another network than this code knows.
    """

    def __init__(self, others: Synthesizer, threads: int = 1) -> None:
        import hibari
        import hibari.dsp
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.log_severity_level = 3
        self._reader = hibari.Hibari()
        self._synthesise = hibari.dsp.synth
        network = with_output(Path(self._reader.model_path).read_bytes(), _DURATIONS, INT64)
        try:
            self._session: Any = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has no error class of its own
            raise ConfigurationError(
                f"hibari's network has no {_DURATIONS}: another version of it is installed"
            ) from error
        self._others = others
        self._reading = threading.Lock()
        self._sound(self._phonemes("Hello.")[0], 1.0, 1.0, 0)  # the first run pays for setting up

    def voice_for(self, voice: Voice) -> str:
        return "hibari/heart" if _speaks(voice) else self._others.voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        if not _speaks(voice):
            yield from self._others.speak(text, voice, seed)
            return
        pitch = min(max(voice.pitch, 0.7), 1.4)
        pace = min(max(voice.pace, 0.5), 2.0)
        spoken = 0
        for place, phonemes in enumerate(self._phonemes(text)):
            if place:
                pause = np.zeros(round(PAUSE * RATE), np.int16)
                yield SpeechPiece(pause, RATE)
                spoken += len(pause)
            sound, durations = self._sound(phonemes, pace, pitch, seed + place)
            lead = _lead(sound)
            marks = misaki_marks(f" {phonemes} ", durations, _UNIT, RATE, spoken - lead)
            for piece in trim_and_fade(iter([to_int16(sound[lead:] * np.float32(GAIN))]), round(FADE * RATE)):
                yield SpeechPiece(piece, RATE, marks)
                marks = ()
                spoken += len(piece)

    def _phonemes(self, text: str) -> list[str]:
        """The phonemes of each sentence, those only that the network knows."""
        with self._reading:  # its reader keeps what it has looked up
            sentences = self._reader.phonemize(text)
        known = ("".join(letter for letter in one if letter in self._reader.vocab) for one in sentences)
        return [one for one in known if one.strip()]

    def _sound(self, phonemes: str, pace: float, pitch: float, seed: int) -> tuple[npt.NDArray[np.float32], list[int]]:
        """The sound of a sentence, and how many units each phoneme and the silence round them last."""
        ids = self._reader.ids(phonemes)
        inputs = {"ids": np.array([ids], np.int64), "speed": np.array([pace], np.float32)}
        try:
            *spectra, durations = self._session.run(None, inputs)
        except Exception as error:  # onnxruntime has no error class of its own
            raise EngineError(f"hibari failed on {len(ids)} phonemes: {error}", retryable=False) from error
        *parts, melody = (one[0] for one in spectra)
        # Moving the melody alone leaves the voice's colour as it is.
        sound = self._synthesise(*parts, melody * np.float32(pitch), np.random.default_rng(seed))
        return sound, [int(one) for one in durations.reshape(-1)]


def _speaks(voice: Voice) -> bool:
    return voice.is_english and voice.name != "male"


def _lead(sound: npt.NDArray[np.float32]) -> int:
    """Samples of silence to cut away at the beginning."""
    loud = np.flatnonzero(np.abs(sound) > _QUIET)
    return max(0, int(loud[0]) - round(_LEAD * RATE)) if len(loud) else 0
