"""XTTS v2: seventeen languages, and voices cloned from a recording of some seconds."""

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
from services.downloads import fingerprint
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.engines import voice_samples
from services.tts.engines.long_text import FADE, PAUSE, cut, joinable
from services.tts.engines.voice_samples import Kept
from services.tts.engines.xtts_model import CLONING_RATE, FILES, Speaker, XttsModel
from services.tts.lips.reader import LipReader

log = logging.getLogger(__name__)

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh", "ja", "hu", "ko", "hi")
_PACKAGES = {"zh": "pypinyin", "ja": "cutlet"}
"""What the library reads a language with, where that is no part of it."""
_BUILT_IN = {"female": "Claribel Dervla", "male": "Damien Black"}
"""Of the 58 voices that come with the model."""


class Xtts:
    """Speaks the languages of the model; everything else goes to another engine.

    Args:
        model: loaded.
        samples: folder of the recordings that voices are cloned from.
        kept: folder for what the model made of them.
        lips: finds the shapes.
        others: speaks the languages that the model does not.
        model_id: what tells this model from another one.
    """

    def __init__(
        self, model: XttsModel, samples: Path, kept: Path, lips: LipReader, others: Synthesizer, model_id: bytes = b""
    ) -> None:
        self._model = model
        self._samples = samples
        self._kept = Kept(kept)
        self._lips = lips
        self._others = others
        self._model_id = model_id
        self._languages = {one for one in LANGUAGES if _readable(one)}
        self._cloned: dict[tuple[str, int, int], Speaker] = {}
        self._refused: set[tuple[str, int, int]] = set()
        self._cloning = threading.Lock()

    @classmethod
    def load(cls, folder: Path, settings: Settings, lips: LipReader, others: Synthesizer) -> Xtts:
        """From the files of the model; says one word to itself, so that the first sentence is as fast as the next.

        Raises:
            ConfigurationError: they are not those of an XTTS v2 model.
            EngineError: there is not enough memory.
        """
        model = XttsModel(folder, device(settings), settings.tts_gpu_bytes)
        data = settings.data_folder
        samples = Path(settings.voices) if settings.voices else data / "voices"
        engine = cls(model, samples, data / "cloned", lips, others, fingerprint(folder, FILES))
        for _ in engine.speak("Yes.", Voice(), 1):
            pass
        return engine

    def voice_for(self, voice: Voice) -> str:
        if _language(voice) not in self._languages:
            return self._others.voice_for(voice)
        sample = self._sample(voice)
        return f"xtts/{sample.name if sample else self._built_in(voice)}"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        language = _language(voice)
        if language not in self._languages:
            yield from self._others.speak(text, voice, seed)
            return
        speaker, cloned = self._speaker(voice)
        # A voice of the model is made a smaller or a larger one by playing it faster and speaking slower.
        pitch = 1.0 if cloned else min(max(voice.pitch, 0.8), 1.25)
        stretch = pitch / min(max(voice.pace, 0.6), 1.7)
        rate = round(self._model.rate * pitch)
        lips = self._lips.open(text, voice, rate)
        parts = cut(text, self._model.longest_text.get(language, 200))
        for place, part in enumerate(parts):
            own = seed_of(derive_id(str(seed), place)) if place else seed
            pieces = self._part(part, language, speaker, own, stretch)
            if place:
                pause = np.zeros(round(PAUSE * rate), np.int16)
                yield SpeechPiece(pause, rate, lips.push(pause))
            for piece in pieces:
                yield SpeechPiece(piece, rate, lips.push(piece))
        rest = np.zeros(0, np.int16)
        yield SpeechPiece(rest, rate, lips.push(rest, last=True))

    def _part(self, text: str, language: str, speaker: Speaker, seed: int, stretch: float) -> Iterator[Samples]:
        tokens = self._model.tokens(text, language)
        sounds = self._model.speak(tokens, speaker, seed, stretch)
        return joinable((to_int16(sound.numpy()) for sound in sounds), round(FADE * self._model.rate))

    def _built_in(self, voice: Voice) -> str:
        wanted = _BUILT_IN.get(voice.name, voice.name)
        return wanted if wanted in self._model.speakers else next(iter(self._model.speakers))

    def _sample(self, voice: Voice) -> Path | None:
        path = voice_samples.find(self._samples, voice.sample)
        return None if path is None or _stamp(path) in self._refused else path

    def _speaker(self, voice: Voice) -> tuple[Speaker, bool]:
        """The voice, and whether it was cloned. A recording that cannot be used is told once in the log."""
        path = self._sample(voice)
        if path is not None:
            with self._cloning:
                try:
                    return self._clone(path), True
                except InvalidInput as error:
                    log.warning("a voice sample cannot be used", extra={"why": error.detail})
                    self._refused.add(_stamp(path))
        return self._model.speakers[self._built_in(voice)], False

    def _clone(self, path: Path) -> Speaker:
        stamp = _stamp(path)
        if stamp in self._cloned:
            return self._cloned[stamp]
        key = Kept.key(self._model_id, path.read_bytes())
        found = self._kept.get(key)
        if found is None or set(found) != {"style", "timbre"}:
            made = self._model.speaker_of(voice_samples.read(path, CLONING_RATE))
            found = {"style": made.style.float().cpu().numpy(), "timbre": made.timbre.float().cpu().numpy()}
            self._kept.put(key, found)
        device = self._model.device
        speaker = Speaker(torch.from_numpy(found["style"]).to(device), torch.from_numpy(found["timbre"]).to(device))
        self._cloned[stamp] = speaker
        return speaker


def device(settings: Settings) -> str:
    """Where the networks run."""
    return settings.tts_device or ("cuda" if torch.cuda.is_available() else "cpu")


def _language(voice: Voice) -> str:
    return voice.language.lower().split("-")[0]


def _readable(language: str) -> bool:
    package = _PACKAGES.get(language)
    return package is None or importlib.util.find_spec(package) is not None


def _stamp(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return path.name, found.st_mtime_ns, found.st_size
