"""Kokoro, 82 million parameters, under the Apache License: natural voices in six languages on the CPU."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bus.errors import ConfigurationError, EngineError
from bus.events import VisemeMark
from services.audio import Samples, to_int16
from services.onnx_graph import FLOAT, with_output
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.engines.language_router import is_latin
from services.tts.engines.long_text import FADE, PAUSE, leading_silence, split_text, trim_and_fade
from services.tts.engines.misaki_reader import MisakiReader, vocabulary
from services.tts.lips.estimator import VisemeEstimator
from services.tts.lips.misaki import UNIT_SECONDS, misaki_marks

RATE = 24_000
MAX_PART = 100
"""Characters synthesised at once: the model returns no audio before all of it is ready, so parts must be short."""
FIRST_PART = 40
"""Characters of the first part, which somebody waits for."""
_CONTEXT = 510
"""Phonemes that the model takes at once, and rows in a voice file: one for each length."""
_STYLE = 256

VOICES = {
    "en": ("af_heart", "am_michael"), "en-gb": ("bf_emma", "bm_george"), "es": ("ef_dora", "em_alex"),
    "fr": ("ff_siwis", "ff_siwis"), "hi": ("hf_alpha", "hm_omega"), "it": ("if_sara", "im_nicola"),
    "pt": ("pf_dora", "pm_alex"),
}  # fmt: skip
"""Female and male. Japanese and Chinese are missing: they were trained with other phonemes than eSpeak NG's."""

_DURATIONS = "/encoder/Clip_output_0"
"""The inner value with the length of each phoneme, in the published network of 8 bits."""


def why_unavailable() -> str | None:
    """The unmet requirement, as one sentence; None if it can run here."""
    for package in ("onnxruntime", "hibari"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed"
    return None


class KokoroEngine:
    """Speaks the languages of its voices; the fallback engine speaks all others.

    Args:
        folder: with `model.onnx` and the voices.
        reader: text to phonemes.
        visemes: estimates visemes where the network does not tell the length of its phonemes.
        threads: of the CPU, for one part of a text; more than one gain little.
    Raises:
        ConfigurationError: the files are not those of the model.
    """

    def __init__(
        self, folder: Path, reader: MisakiReader, visemes: VisemeEstimator, fallback: Synthesizer, threads: int = 1
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3

        def session(network: bytes) -> Any:
            return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])

        try:
            network = (folder / "model.onnx").read_bytes()
            try:
                self._session = session(with_output(network, _DURATIONS, FLOAT))
                self._has_durations = True
            except Exception:  # noqa: BLE001 - another form of the network; onnxruntime's errors share no base class
                self._session = session(network)
                self._has_durations = False
        except Exception as error:  # see above
            raise ConfigurationError(f"{folder} holds no Kokoro model that can be loaded: {error}") from error
        names = [node.name for node in self._session.get_inputs()]
        if len(names) != 3 or names[1:] != ["style", "speed"]:
            raise ConfigurationError(f"expected the model inputs tokens, style and speed, got {', '.join(names)}")
        self._tokens_input = names[0]
        self._reader = reader
        self._visemes = visemes
        self._fallback = fallback
        # All at once, 7 MB: files may be removed while the engine is in use.
        self._styles = {path.stem: np.fromfile(path, np.float32) for path in folder.glob("*.bin")}

    def voice_for(self, voice: Voice) -> str:
        name = self._voice_name(voice)
        return f"kokoro/{name}" if name else self._fallback.voice_for(voice)

    def _voice_name(self, voice: Voice) -> str | None:
        return voice_name(voice) if self._reader.reads(voice.language) else None

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        name = self._voice_name(voice)
        if name is None or (not is_latin(text) and voice.is_english):
            yield from self._fallback.speak(text, voice, seed)
            return
        # The model cannot change the pitch: a higher sample rate with slower speech does.
        pitch = min(max(voice.pitch, 0.8), 1.25)
        speed = min(max(voice.pace, 0.6), 1.7) / pitch
        rate = round(RATE * pitch)
        estimate = None if self._has_durations else self._visemes.open(text, voice, rate)
        spoken = 0
        for part in split_text(text, MAX_PART, FIRST_PART):
            phonemes = self._reader.phonemes(part, voice.language)[: _CONTEXT - 1]
            if not phonemes:
                continue
            pause = np.zeros(round(PAUSE * rate) if spoken else 0, np.int16)
            pieces = [SpeechPiece(pause, rate)] if spoken else []
            for piece in (*pieces, self._part(phonemes, name, speed, rate, spoken + len(pause))):
                spoken += len(piece.samples)
                yield piece if estimate is None else replace(piece, visemes=estimate.push(piece.samples))
        if estimate is not None:
            rest = np.zeros(0, np.int16)
            yield SpeechPiece(rest, rate, estimate.push(rest, last=True))

    def _part(self, phonemes: str, name: str, speed: float, rate: int, start: int) -> SpeechPiece:
        """A part that begins at a sample of the speech."""
        sound, durations = self._synthesize(phonemes, name, speed)
        lead = leading_silence(sound, rate)
        marks: tuple[VisemeMark, ...] = ()
        if durations:
            # The unit is one of the network's own rate.
            marks = misaki_marks(f" {phonemes} ", durations, round(UNIT_SECONDS * RATE), rate, start - lead)
        trimmed = np.concatenate([*trim_and_fade(iter([sound[lead:]]), round(FADE * rate))])
        # The silence at the end was trimmed, and with it the marks in it.
        return SpeechPiece(trimmed, rate, tuple(mark for mark in marks if mark.sample < start + len(trimmed)))

    def _synthesize(self, phonemes: str, name: str, speed: float) -> tuple[Samples, list[int]]:
        """The audio of phonemes, and the durations of each and of the silence before and after them."""
        ids = [vocabulary()[phoneme] for phoneme in phonemes]
        inputs = {
            self._tokens_input: np.array([[0, *ids, 0]], np.int64),
            "style": self._style(name)[len(ids)],
            "speed": np.array([speed], np.float32),
        }
        try:
            sound, *durations = self._session.run(None, inputs)
        except Exception as error:  # onnxruntime's errors share no base class
            raise EngineError(f"Kokoro failed on {len(ids)} phonemes: {error}", retryable=False) from error
        samples = to_int16(np.asarray(sound, np.float32).reshape(-1))
        return samples, [round(float(one)) for one in durations[0].reshape(-1)] if durations else []

    def _style(self, name: str) -> npt.NDArray[np.float32]:
        """[510, 1, 256]: the style vector of a voice for each length of text."""
        values = self._styles.get(name, np.zeros(0, np.float32))
        if values.size != _CONTEXT * _STYLE:
            expected = _CONTEXT * _STYLE
            raise EngineError(f"{name}.bin: expected {expected} numbers, got {values.size}", retryable=False)
        return values.reshape(_CONTEXT, 1, _STYLE)


def voice_name(voice: Voice) -> str | None:
    """The name of the voice file; None if there is none for the language."""
    tag = voice.language.lower()
    pair = VOICES.get(tag) or VOICES.get(tag.split("-")[0])
    if pair is None:
        return None
    all_names = {name for names in VOICES.values() for name in names}
    return voice.name if voice.name in all_names else pair[voice.name == "male"]
