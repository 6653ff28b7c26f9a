"""Loads XTTS v2 from a folder of its published files and runs it with coqui-tts."""

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
from services.gpu_faults import gpu_faults
from services.models.catalogue import XTTS
from services.tts.engines.xtts_streaming import Sampling, Vocoder, conditioning_prefix, generate_latents

log = logging.getLogger(__name__)

FILES = XTTS.files
CLONING_RATE = 22_050
"""Sample rate of the recording that a voice is cloned from."""
_FIRST, _NEXT = 8, 16
"""Latents per piece of audio: few in the first one (about 180 ms), for low latency."""
_NOT_A_MODEL = (
    OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, EOFError, pickle.UnpicklingError,
)  # fmt: skip
_LATENTS_PER_TOKEN = 8
"""With more audio per token of text the model has missed the end."""


@dataclass(frozen=True)
class SpeakerConditioning:
    """The voice on which the networks are conditioned."""

    style: Tensor
    """[1, 32, width], coqui's `gpt_cond_latent`."""
    timbre: Tensor
    """[1, 512, 1], coqui's `speaker_embedding`."""


class XttsModel:
    """The networks on one device. May be used by several threads at once.

    Args:
        folder: with the files named in `FILES`.
        device: "cuda", "cpu" and so on.
        memory: limit in bytes on a GPU.
    Raises:
        ConfigurationError: the files are not those of an XTTS v2 model.
        GpuFault: the graphics card has no memory left for them, fails, or is not there.
    """

    def __init__(self, folder: Path, device: str, memory: int) -> None:
        config_class, model_class = _library()
        with engine_errors("load the voice"):
            gpu.limit_memory(device, memory)
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
            self.speakers = {
                name: SpeakerConditioning(found["gpt_cond_latent"].to(device), found["speaker_embedding"].to(device))
                for name, found in speakers.items()
            }
        self.device = device
        self.rate = int(self._model.hifigan_decoder.output_sample_rate)

    @property
    def max_characters(self) -> dict[str, int]:
        """Maximum of characters per call, by language."""
        limits: dict[str, int] = self._model.tokenizer.char_limits
        return limits

    def tokenize(self, text: str, language: str) -> list[int]:
        """The tokens of a text, in which the library spells out numbers, abbreviations and symbols.

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
        """The voice of a recording, [n] at `CLONING_RATE`, -1 to 1."""
        sound = torch.from_numpy(samples)[None].to(self.device)
        with engine_errors("clone a voice"):
            style = self._model.get_gpt_cond_latents(sound, CLONING_RATE, length=30, chunk_length=6)
            return SpeakerConditioning(style, self._model.get_speaker_embedding(sound, CLONING_RATE))

    def speak(self, tokens: list[int], speaker: SpeakerConditioning, seed: int, stretch: float) -> Iterator[Tensor]:
        """Audio piece by piece, [n] each at `rate`, -1 to 1.

        Raises:
            GpuFault: the graphics card failed; of a full one the memory is freed.
        """
        with engine_errors("speak"):
            gpt = self._model.gpt
            vocoder = Vocoder(self._model.hifigan_decoder, speaker.timbre, stretch)
            max_latents = min(int(gpt.max_gen_mel_tokens), 40 + _LATENTS_PER_TOKEN * len(tokens))
            pending: list[Tensor] = []
            piece_size = _FIRST
            with torch.inference_mode():
                prefix = conditioning_prefix(gpt, tokens, speaker.style)
            for latent in generate_latents(gpt, prefix, seed, max_latents, Sampling()):
                pending.append(latent)
                if len(pending) == piece_size:
                    yield vocoder.push(pending)
                    pending, piece_size = [], _NEXT
            yield vocoder.push(pending, last=True)


@contextlib.contextmanager
def engine_errors(action: str) -> Iterator[None]:
    """Raises errors of the graphics card as a GpuFault and frees the memory of the unfinished work."""
    with gpu_faults(action):
        try:
            yield
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            raise


def _library() -> tuple[Any, Any]:
    """coqui-tts's configuration and model classes."""
    torch_audio.make_importable()
    config = importlib.import_module("TTS.tts.configs.xtts_config").XttsConfig
    return config, importlib.import_module("TTS.tts.models.xtts").Xtts
