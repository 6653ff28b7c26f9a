"""hibari: a woman's voice in English, 8 MB, distilled from Kokoro, a hundred times faster than speech on one core."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bus.errors import ConfigurationError, EngineError
from bus.events import VisemeMark
from services.audio import to_int16
from services.onnx_graph import INT64, with_output
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.engines.hibari_sound import Spectra, sound_blocks
from services.tts.engines.language_router import is_latin
from services.tts.engines.long_text import FADE, PAUSE, split_text, trim_and_fade, without_leading_silence
from services.tts.engines.misaki_reader import MisakiReader, vocabulary
from services.tts.lips.misaki import UNIT_SECONDS, misaki_marks

RATE = 24_000
MAX_PART = 200
"""Characters synthesised at once: the network takes 400 phonemes."""
GAIN = 1.8
"""Its sound is 5 dB below the other voices'."""
_DURATIONS = "/Cast_32_output_0"
"""The network's intermediate tensor with the length of each phoneme."""
_FORMANT_EXPONENT = 0.4
"""Formants scale by pitch ** 0.4: a smaller person has a higher voice and, less so, higher formants."""


def why_unavailable() -> str | None:
    """The unmet requirement, as one sentence; None if it can run here."""
    for package in ("onnxruntime", "hibari"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed"
    return None


class HibariEngine:
    """Speaks English as a woman; the fallback engine speaks as a man and in other languages.

    Args:
        threads: of the CPU, for one sentence; one is enough.
    Raises:
        ConfigurationError: the package contains another network than this code knows.
    """

    def __init__(self, fallback: Synthesizer, threads: int = 1) -> None:
        import hibari
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.log_severity_level = 3
        network = with_output(Path(hibari.Hibari().model_path).read_bytes(), _DURATIONS, INT64)
        try:
            self._session: Any = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors share no base class
            raise ConfigurationError(f"hibari's network has no {_DURATIONS}: another version is installed") from error
        self._reader = MisakiReader(None)
        self._fallback = fallback
        # The first run initialises the network.
        for _ in self.speak("Hello.", Voice(language="en"), 0):
            pass

    def voice_for(self, voice: Voice) -> str:
        return "hibari/heart" if _speaks_as(voice) else self._fallback.voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        if not (_speaks_as(voice) and is_latin(text)):
            yield from self._fallback.speak(text, voice, seed)
            return
        pitch = min(max(voice.pitch, 0.7), 1.4)
        pace = min(max(voice.pace, 0.5), 2.0)
        spoken = 0
        for place, part in enumerate(split_text(text, MAX_PART)):
            phonemes = self._reader.phonemes(part, "en")
            if not phonemes:
                continue
            if spoken:
                pause = np.zeros(round(PAUSE * RATE), np.int16)
                yield SpeechPiece(pause, RATE)
                spoken += len(pause)
            spectra, durations = self._spectra(phonemes, pace, pitch)
            blocks = (to_int16(sound * np.float32(GAIN)) for sound in sound_blocks(spectra, seed + place))
            lead, sounds = without_leading_silence(blocks, RATE)
            begin = spoken
            marks = [
                # The silence before a later part lies over the end of the part before.
                VisemeMark(max(mark.sample, begin) if begin else mark.sample, mark.viseme, mark.weight)
                for mark in misaki_marks(f" {phonemes} ", durations, round(UNIT_SECONDS * RATE), RATE, spoken - lead)
            ]
            # The silence at the end is trimmed, and with it the marks in it.
            for trimmed in trim_and_fade(sounds, round(FADE * RATE)):
                spoken += len(trimmed)
                yield SpeechPiece(trimmed, RATE, tuple(mark for mark in marks if mark.sample < spoken))
                marks = [mark for mark in marks if mark.sample >= spoken]

    def _spectra(self, phonemes: str, pace: float, pitch: float) -> tuple[Spectra, list[int]]:
        """The spectra of a part, and the durations of its phonemes and of the silence before and after them."""
        ids = [0, *(vocabulary()[phoneme] for phoneme in phonemes), 0]
        inputs = {"ids": np.array([ids], np.int64), "speed": np.array([pace], np.float32)}
        try:
            *spectra, durations = self._session.run(None, inputs)
        except Exception as error:  # see above
            raise EngineError(f"hibari failed on {len(ids)} phonemes: {error}", retryable=False) from error
        harmonic, rotation, noise, rest, phase, f0 = (one[0] for one in spectra)
        if pitch != 1.0:
            formant_factor = pitch**_FORMANT_EXPONENT
            harmonic, noise, rest = (_stretched(one, formant_factor) for one in (harmonic, noise, rest))
            # A lower voice has more harmonics below the same frequency: this keeps it as loud.
            harmonic = harmonic + np.float32(np.log(pitch))
        spectra = Spectra(harmonic, rotation, noise, rest, phase, f0 * np.float32(pitch))
        return spectra, [int(one) for one in durations.reshape(-1)]


def _speaks_as(voice: Voice) -> bool:
    return voice.is_english and voice.name != "male"


def _stretched(spectrum: npt.NDArray[np.float32], factor: float) -> npt.NDArray[np.float32]:
    """A log spectrum, [bins, frames], whose envelope is moved up in frequency by a factor."""
    bins = np.minimum(np.arange(len(spectrum)) / factor, len(spectrum) - 1)
    below = bins.astype(np.int64)
    above = np.minimum(below + 1, len(spectrum) - 1)
    share = (bins - below).astype(np.float32)[:, None]
    return spectrum[below] * (1 - share) + spectrum[above] * share
