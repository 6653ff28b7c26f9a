"""XTTS v2 from a folder of its published files, by way of coqui-tts."""

from __future__ import annotations

import contextlib
import importlib
import logging
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bus.errors import ConfigurationError, EngineError
from services import gpu, torch_audio
from services.tts.engines.xtts_requirements import WEIGHTS
from services.tts.engines.xtts_streaming import Sampling, Vocoder, conditioning_prefix, generate_latents

log = logging.getLogger(__name__)

FILES = WEIGHTS.files
CLONING_RATE = 22_050
"""Samples per second of what a voice is cloned from."""
_FIRST, _NEXT = 8, 16
"""Latents that are waited for before the first sound (about 180 ms of it), and before each further one."""
_NOT_A_MODEL = (
    OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, EOFError, pickle.UnpicklingError,
)  # fmt: skip
_LATENTS_PER_TOKEN = 8
"""More sound than that for a token of text is a model that found no end."""


@dataclass(frozen=True)
class SpeakerConditioning:
    """What the model knows of a voice."""

    style: Tensor
    """[1, 32, width]."""
    timbre: Tensor
    """[1, 512, 1]."""


class XttsModel:
    """The networks on one device. May be used by several threads at once.

    Args:
        folder: with the files named in `FILES`.
        device: "cuda", "cpu" and so on.
        memory: bytes of a graphics card that may be taken.
    Raises:
        ConfigurationError: the files are not those of an XTTS v2 model.
        EngineError: there is not enough memory.
    """

    def __init__(self, folder: Path, device: str, memory: int) -> None:
        config_class, model_class = _library()
        gpu.limit_memory(device, memory)
        with engine_errors():
            try:
                config = config_class()
                config.load_json(str(folder / "config.json"))
                model = model_class(config)
                model.load_checkpoint(config, checkpoint_dir=str(folder), eval=True)
                speakers = torch.load(folder / "speakers_xtts.pth", map_location="cpu", weights_only=True)
            except torch.OutOfMemoryError:
                raise
            except _NOT_A_MODEL as error:
                raise ConfigurationError(f"{folder} holds no XTTS v2 model that can be loaded: {error}") from error
            self._model: Any = model.to(device)
        self.device = device
        self.rate = int(self._model.hifigan_decoder.output_sample_rate)
        self.speakers = {
            name: SpeakerConditioning(found["gpt_cond_latent"].to(device), found["speaker_embedding"].to(device))
            for name, found in speakers.items()
        }

    @property
    def longest_text(self) -> dict[str, int]:
        """Characters that may be said at once, by language."""
        limits: dict[str, int] = self._model.tokenizer.char_limits
        return limits

    def tokens(self, text: str, language: str) -> list[int]:
        """Numbers, abbreviations and symbols are spelt out by the library, in the language.

        Raises:
            EngineError: the language needs a package that is not installed.
        """
        try:
            found: list[int] = self._model.tokenizer.encode(text.strip().lower(), lang=language)
        except (ImportError, NotImplementedError) as error:
            raise EngineError(f"XTTS cannot read {language} here: {error}", code="language_unsupported") from error
        return found[: self._model.args.gpt_max_text_tokens - 2]

    @torch.inference_mode()
    def clone(self, samples: npt.NDArray[np.float32]) -> SpeakerConditioning:
        """The voice in a recording, [n] at `CLONING_RATE`, -1 to 1."""
        sound = torch.from_numpy(samples)[None].to(self.device)
        with engine_errors():
            style = self._model.get_gpt_cond_latents(sound, CLONING_RATE, length=30, chunk_length=6)
            return SpeakerConditioning(style, self._model.get_speaker_embedding(sound, CLONING_RATE))

    def speak(self, tokens: list[int], speaker: SpeakerConditioning, seed: int, stretch: float) -> Iterator[Tensor]:
        """Sound piece by piece, [n] each at `rate`, -1 to 1.

        Raises:
            EngineError: there is not enough memory; nothing of it is kept.
        """
        with engine_errors():
            gpt = self._model.gpt
            vocoder = Vocoder(self._model.hifigan_decoder, speaker.timbre, stretch)
            longest = min(int(gpt.max_gen_mel_tokens), 40 + _LATENTS_PER_TOKEN * len(tokens))
            waiting: list[Tensor] = []
            wanted = _FIRST
            with torch.inference_mode():
                prefix = conditioning_prefix(gpt, tokens, speaker.style)
            for latent in generate_latents(gpt, prefix, seed, longest, Sampling()):
                waiting.append(latent)
                if len(waiting) == wanted:
                    yield vocoder.push(waiting)
                    waiting, wanted = [], _NEXT
            yield vocoder.push(waiting, last=True)


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """A full graphics card as an error that the person is told; what was half made is given back."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        detail = "the graphics card has no memory left for the voice; the text goes on without it"
        raise EngineError(detail, code="out_of_memory") from error


def _library() -> tuple[Any, Any]:
    """coqui-tts's configuration and model."""
    torch_audio.make_importable()
    config = importlib.import_module("TTS.tts.configs.xtts_config").XttsConfig
    return config, importlib.import_module("TTS.tts.models.xtts").Xtts
