"""XTTS v2: seventeen languages, and voices cloned from a recording of a few seconds."""

from __future__ import annotations

import importlib.util
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from bus.errors import InvalidInput
from bus.ids import derive_id, seed_of
from bus.settings import Settings
from services.audio import Samples, to_int16
from services.models.verification import fingerprint
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.engines import voice_samples
from services.tts.engines.long_text import FADE, PAUSE, split_text, trim_and_fade
from services.tts.engines.voice_samples import LatentsCache
from services.tts.engines.xtts_model import CLONING_RATE, FILES, SpeakerConditioning, XttsModel
from services.tts.lips.estimator import VisemeEstimator

log = logging.getLogger(__name__)

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh", "ja", "hu", "ko", "hi")
_PACKAGES = {"zh": "pypinyin", "ja": "cutlet"}
"""Packages with which the library reads a language, if it does not contain them."""
_BUILT_IN = {"female": "Claribel Dervla", "male": "Damien Black"}
"""Two of the 58 voices that come with the model."""


class XttsEngine:
    """Speaks the languages of the model; the fallback engine speaks all others.

    Args:
        samples: folder of the recordings that voices are cloned from.
        cache: folder for the conditioning computed from them.
        model_id: distinguishes this model from another one.
    """

    def __init__(
        self,
        model: XttsModel,
        samples: Path,
        cache: Path,
        visemes: VisemeEstimator,
        fallback: Synthesizer,
        model_id: bytes = b"",
    ) -> None:
        self._model = model
        self._samples = samples
        self._cache = LatentsCache(cache)
        self._visemes = visemes
        self._fallback = fallback
        self._model_id = model_id
        self._languages = {language for language in LANGUAGES if _readable(language)}
        self._cloned: dict[tuple[str, int, int], SpeakerConditioning] = {}
        self._refused: set[tuple[str, int, int]] = set()
        self._cloning = threading.Lock()

    @classmethod
    def load(cls, folder: Path, settings: Settings, visemes: VisemeEstimator, fallback: Synthesizer) -> XttsEngine:
        """Load the model and warm it up with one word, so that the first sentence is as fast as the next.

        Raises:
            ConfigurationError: the files are not those of an XTTS v2 model.
            GpuFault: the graphics card has not enough memory, fails, or is not there.
        """
        model = XttsModel(folder, device_of(settings), settings.tts_gpu_bytes)
        data = settings.data_folder
        samples = Path(settings.voices) if settings.voices else data / "voices"
        engine = cls(model, samples, data / "cloned", visemes, fallback, fingerprint(folder, FILES))
        for _ in engine.speak("Yes.", Voice(), 1):
            pass
        return engine

    def voice_for(self, voice: Voice) -> str:
        if _language(voice) not in self._languages:
            return self._fallback.voice_for(voice)
        sample = self._sample(voice)
        return f"xtts/{sample.name if sample else self._built_in(voice)}"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        language = _language(voice)
        if language not in self._languages:
            yield from self._fallback.speak(text, voice, seed)
            return
        speaker, cloned = self._speaker(voice)
        # The model cannot change the pitch: a higher sample rate with slower speech does.
        pitch = 1.0 if cloned else min(max(voice.pitch, 0.8), 1.25)
        stretch = pitch / min(max(voice.pace, 0.6), 1.7)
        rate = round(self._model.rate * pitch)
        visemes = self._visemes.open(text, voice, rate)
        parts = split_text(text, self._model.max_characters.get(language, 200))
        for place, part in enumerate(parts):
            part_seed = seed_of(derive_id(str(seed), place)) if place else seed
            pieces = self._part(part, language, speaker, part_seed, stretch)
            if place:
                pause = np.zeros(round(PAUSE * rate), np.int16)
                yield SpeechPiece(pause, rate, visemes.push(pause))
            for piece in pieces:
                yield SpeechPiece(piece, rate, visemes.push(piece))
        rest = np.zeros(0, np.int16)
        yield SpeechPiece(rest, rate, visemes.push(rest, last=True))

    def _part(
        self, text: str, language: str, speaker: SpeakerConditioning, seed: int, stretch: float
    ) -> Iterator[Samples]:
        tokens = self._model.tokenize(text, language)
        sounds = self._model.speak(tokens, speaker, seed, stretch)
        return trim_and_fade((to_int16(sound.numpy()) for sound in sounds), round(FADE * self._model.rate))

    def _built_in(self, voice: Voice) -> str:
        name = _BUILT_IN.get(voice.name, voice.name)
        return name if name in self._model.speakers else next(iter(self._model.speakers))

    def _sample(self, voice: Voice) -> Path | None:
        path = voice_samples.find_sample(self._samples, voice.sample)
        return None if path is None or _version(path) in self._refused else path

    def _speaker(self, voice: Voice) -> tuple[SpeakerConditioning, bool]:
        """The voice, and whether it is a clone. An unusable recording is logged once."""
        path = self._sample(voice)
        if path is not None:
            with self._cloning:
                try:
                    return self._clone(path), True
                except InvalidInput as error:
                    log.warning("a voice sample cannot be used", extra={"why": error.detail})
                    self._refused.add(_version(path))
        return self._model.speakers[self._built_in(voice)], False

    def _clone(self, path: Path) -> SpeakerConditioning:
        version = _version(path)
        if version in self._cloned:
            return self._cloned[version]
        key = LatentsCache.key(self._model_id, path.read_bytes())
        found = self._cache.get(key)
        if found is None or set(found) != {"style", "timbre"}:
            made = self._model.clone(voice_samples.read_sample(path, CLONING_RATE))
            found = {"style": made.style.float().cpu().numpy(), "timbre": made.timbre.float().cpu().numpy()}
            self._cache.put(key, found)
        device = self._model.device
        style, timbre = (torch.from_numpy(found[name]).to(device) for name in ("style", "timbre"))
        speaker = SpeakerConditioning(style, timbre)
        self._cloned[version] = speaker
        return speaker


def device_of(settings: Settings) -> str:
    """The device of the networks."""
    return settings.tts_device or ("cuda" if torch.cuda.is_available() else "cpu")


def _language(voice: Voice) -> str:
    return voice.language.lower().split("-")[0]


def _readable(language: str) -> bool:
    package = _PACKAGES.get(language)
    return package is None or importlib.util.find_spec(package) is not None


def _version(path: Path) -> tuple[str, int, int]:
    """Identifies the content of a file without reading it."""
    status = path.stat()
    return path.name, status.st_mtime_ns, status.st_size
