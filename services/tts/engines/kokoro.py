"""Kokoro, 82 million parameters, under the Apache License: a natural voice on the CPU."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from bus.errors import ConfigurationError, EngineError
from bus.settings import Settings
from services.audio import Samples, to_int16
from services.downloads import Model, ModelFile, missing_files
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.engines import espeak
from services.tts.engines.kokoro_phonemes import phoneme_ids, to_kokoro_phonemes
from services.tts.engines.long_text import FADE, PAUSE, split_text, trim_and_fade
from services.tts.lips.estimator import VisemeEstimator

RATE = 24_000
MAX_PART = 100
"""Characters synthesised at once: the model returns no audio before all of it is ready, so parts must be short."""
_CONTEXT = 510
"""Phonemes that the model takes at once, and rows in a voice file: one for each length."""
_STYLE = 256

VOICES = {
    "en": ("af_heart", "am_michael"), "en-gb": ("bf_emma", "bm_george"), "es": ("ef_dora", "em_alex"),
    "fr": ("ff_siwis", "ff_siwis"), "hi": ("hf_alpha", "hm_omega"), "it": ("if_sara", "im_nicola"),
    "pt": ("pf_dora", "pm_alex"),
}  # fmt: skip
"""Female and male. Japanese and Chinese are missing: they were trained with other phonemes than eSpeak NG's."""

# The checksums of model and tokenizer are those that several independent projects on GitHub pin for this commit. Those
# of the voices were computed from the npm package kokoro-js 1.2.1, by the same publisher, and agree with the projects'.
_VOICES_SHA256 = {
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
    "bf_emma": "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73",
    "bm_george": "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc",
    "ef_dora": "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532",
    "em_alex": "27809e9eafdcbcfff90a3016c697568676531de2a2c39cee29c96c7bd6b83e95",
    "ff_siwis": "a35f5675ad08948e326ae75fd0ea16ba5d0042e4f76b5f3d1df77d0a48c54861",
    "hf_alpha": "040be6a4425411cc01fda5fd06693c76bfa78572632852bc8cda9c99232ffb56",
    "hm_omega": "b02d9222d9ed00ce26b302173a862c2c93f96cc40b5c422b8d14910b9ff34137",
    "if_sara": "409b69248798fcdc2542330c76953d230710f19b057e59cb82fdc3c4cf71265c",
    "im_nicola": "bc578e510d52a96d6940d46f12e96d7b3df00905dbea075113226d100e6e1ab0",
    "pf_dora": "3da7b5b2d91847ebf5646f57631af6ececae3c29a89cd300f06edf9aa6cfe9ee",
    "pm_alex": "0175c753f59c54e7fd5a995bedef0c5ff2fb67e0043dd3dcb2ae74ec2acbeb2a",
}
WEIGHTS = Model(
    "onnx-community/Kokoro-82M-v1.0-ONNX",
    "1939ad2a8e416c0acfeecc08a694d14ef25f2231",
    (
        ModelFile("tokenizer.json", sha256="77a02c8e164413299b4b4c403b14f8e0e1c1b727db4d46a09d6327b861060a34"),
        ModelFile(
            "model.onnx", sha256="8fbea51ea711f2af382e88c833d9e288c6dc82ce5e98421ea61c058ce21a34cb",
            source="onnx/model.onnx",
        ),
        *(
            ModelFile(f"{name}.bin", sha256=sha256, source=f"voices/{name}.bin")
            for name, sha256 in _VOICES_SHA256.items()
        ),
    ),
)  # fmt: skip


class Phonemizer(Protocol):
    """Text to IPA, see `EspeakEngine.ipa`."""

    def ipa(self, text: str, language: str) -> str: ...


class _Vocabulary(msgspec.Struct):
    vocab: dict[str, int]


class _Tokenizer(msgspec.Struct):
    """The part of tokenizer.json that is needed."""

    model: _Vocabulary


def model_folder(settings: Settings) -> Path:
    return Path(settings.kokoro_model) if settings.kokoro_model else settings.data_folder / "models" / "kokoro"


def why_unavailable(
    settings: Settings, why_no_espeak: Callable[[], str | None] = espeak.why_unavailable
) -> str | None:
    """The unmet requirement, as one sentence. An engine configured by name may lack its files: it downloads them."""
    if importlib.util.find_spec("onnxruntime") is None:
        return "the package onnxruntime is not installed (pip install 'visavis[kokoro]')"
    if reason := why_no_espeak():
        return f"it needs eSpeak NG to read: {reason}"
    missing = missing_files(WEIGHTS.files, model_folder(settings))
    if missing and settings.tts_engine != "kokoro":
        return f"its files are not in {model_folder(settings)}; VISAVIS_TTS_ENGINE=kokoro downloads them (330 MB)"
    return None


class KokoroEngine:
    """Speaks the languages of its voices; the fallback engine speaks all others.

    Args:
        folder: with the files of `WEIGHTS`, flat.
        threads: of the CPU, for one part of a text.
    Raises:
        ConfigurationError: the files are not those of the model.
    """

    def __init__(
        self, folder: Path, phonemizer: Phonemizer, visemes: VisemeEstimator, fallback: Synthesizer, threads: int = 0
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            model = str(folder / "model.onnx")
            self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            tokenizer = msgspec.json.decode((folder / "tokenizer.json").read_bytes(), type=_Tokenizer)
        except Exception as error:  # onnxruntime's errors share no base class
            raise ConfigurationError(f"{folder} holds no Kokoro model that can be loaded: {error}") from error
        names = [node.name for node in self._session.get_inputs()]
        if len(names) != 3 or names[1:] != ["style", "speed"]:
            raise ConfigurationError(f"expected the model inputs tokens, style and speed, got {', '.join(names)}")
        self._tokens_input = names[0]
        self._vocabulary = tokenizer.model.vocab
        self._folder = folder
        self._phonemizer = phonemizer
        self._visemes = visemes
        self._fallback = fallback
        self._styles: dict[str, npt.NDArray[np.float32]] = {}
        self._loading = threading.Lock()

    def voice_for(self, voice: Voice) -> str:
        name = voice_name(voice)
        return f"kokoro/{name}" if name else self._fallback.voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        name = voice_name(voice)
        if name is None:
            yield from self._fallback.speak(text, voice, seed)
            return
        # The model cannot change the pitch: a higher sample rate with slower speech does.
        pitch = min(max(voice.pitch, 0.8), 1.25)
        speed = min(max(voice.pace, 0.6), 1.7) / pitch
        rate = round(RATE * pitch)
        visemes = self._visemes.open(text, voice, rate)
        for place, part in enumerate(split_text(text, MAX_PART)):
            if place:
                pause = np.zeros(round(PAUSE * rate), np.int16)
                yield SpeechPiece(pause, rate, visemes.push(pause))
            for piece in trim_and_fade(iter([self._synthesize(part, voice.language, name, speed)]), round(FADE * rate)):
                yield SpeechPiece(piece, rate, visemes.push(piece))
        rest = np.zeros(0, np.int16)
        yield SpeechPiece(rest, rate, visemes.push(rest, last=True))

    def _synthesize(self, text: str, language: str, name: str, speed: float) -> Samples:
        phonemes = to_kokoro_phonemes(self._phonemizer.ipa(text, language), language)
        ids = phoneme_ids(phonemes, self._vocabulary)[: _CONTEXT - 1]
        if not ids:
            return np.zeros(0, np.int16)
        inputs = {
            self._tokens_input: np.array([[0, *ids, 0]], np.int64),
            "style": self._style(name)[len(ids)],
            "speed": np.array([speed], np.float32),
        }
        try:
            sound = self._session.run(None, inputs)[0]
        except Exception as error:  # see above
            raise EngineError(f"Kokoro failed on {len(ids)} phonemes: {error}", retryable=False) from error
        return to_int16(np.asarray(sound, np.float32))

    def _style(self, name: str) -> npt.NDArray[np.float32]:
        """[510, 1, 256]: the style vector of a voice for each length of text."""
        with self._loading:
            if name not in self._styles:
                values = np.fromfile(self._folder / f"{name}.bin", np.float32)
                if values.size != _CONTEXT * _STYLE:
                    expected = _CONTEXT * _STYLE
                    raise EngineError(f"{name}.bin: expected {expected} numbers, got {values.size}", retryable=False)
                self._styles[name] = values.reshape(_CONTEXT, 1, _STYLE)
            return self._styles[name]


def voice_name(voice: Voice) -> str | None:
    """The name of the voice file; None if there is none for the language."""
    tag = voice.language.lower()
    pair = VOICES.get(tag) or VOICES.get(tag.split("-")[0])
    if pair is None:
        return None
    all_names = {name for names in VOICES.values() for name in names}
    return voice.name if voice.name in all_names else pair[voice.name == "male"]
