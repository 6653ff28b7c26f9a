"""Moonshine tiny's network on onnxruntime: sound to tokens with their probabilities (Jeffries et al., 2024)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bus.errors import ConfigurationError, EngineError
from bus.events import MICROPHONE_RATE
from services.audio import Samples

LAYERS, HEADS, HEAD_SIZE = 6, 8, 36
"""Of the decoder of the tiny model."""
_BEGIN, _END = 1, 2
TOKENS_PER_SECOND = 6.5
"""The publisher's bound for English; past it the decoder is in a loop."""
_LEAST_TOKENS = 6


@dataclass(frozen=True)
class Token:
    id: int
    probability: float
    """0 to 1."""


class MoonshineNetwork:
    """The encoder and the decoder with its cache, for one thread at a time. Greedy: the same sound, the same tokens.

    Args:
        folder: with `encoder_model.ort`, `decoder_model_merged.ort` and `tokenizer.bin`.
        threads: that onnxruntime may use.
    Raises:
        ConfigurationError: a file cannot be read as a network or a vocabulary.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        # Threads that spin between two steps would take the processor from the voice and the face.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")

        def session(name: str) -> Any:
            try:
                return onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
            except Exception as error:  # onnxruntime has no error class of its own
                raise ConfigurationError(f"{folder / name} is no network that can be loaded: {error}") from error

        self._encoder = session("encoder_model.ort")
        self._decoder = session("decoder_model_merged.ort")
        self.vocabulary = read_vocabulary(folder / "tokenizer.bin")
        self._caches = [
            f"past_key_values.{layer}.{side}.{part}"
            for layer in range(LAYERS)
            for side in ("decoder", "encoder")
            for part in ("key", "value")
        ]

    def tokens(self, samples: Samples) -> list[Token]:
        """The tokens that were said, without begin and end.

        Args:
            samples: [n], 16 kHz, at most 30 s.
        Raises:
            EngineError: the network failed.
        """
        sound = samples.astype(np.float32)[None] / np.float32(32768)
        mask = np.ones(sound.shape, np.int64)
        try:
            (hidden,) = self._encoder.run(None, {"input_values": sound, "attention_mask": mask})
            return self._decode(hidden, mask, _limit(len(samples)))
        except Exception as error:  # onnxruntime has no error class of its own
            raise EngineError(f"Moonshine failed on {len(samples)} samples: {error}", retryable=True) from error

    def _decode(self, hidden: npt.NDArray[np.float32], mask: npt.NDArray[np.int64], limit: int) -> list[Token]:
        past = {name: np.zeros((0, HEADS, 1, HEAD_SIZE), np.float32) for name in self._caches}
        found: list[Token] = []
        last = _BEGIN
        for step in range(limit):
            logits, *present = self._decoder.run(
                None,
                {
                    "input_ids": np.array([[last]], np.int64),
                    "encoder_hidden_states": hidden,
                    "encoder_attention_mask": mask,
                    "use_cache_branch": np.array([step > 0]),
                    **past,
                },
            )
            token = _likeliest(logits[0, -1])
            if token.id == _END:
                break
            found.append(token)
            last = token.id
            for name, value in zip(self._caches, present, strict=True):
                # What is known of the sound does not change after the first step.
                if step == 0 or ".decoder." in name:
                    past[name] = value
        return found


def _limit(samples: int) -> int:
    return max(_LEAST_TOKENS, math.ceil(samples / MICROPHONE_RATE * TOKENS_PER_SECOND))


def _likeliest(logits: npt.NDArray[np.float32]) -> Token:
    best = int(logits.argmax())
    return Token(best, float(1 / np.exp(logits - logits[best]).sum(dtype=np.float64)))


def read_vocabulary(path: Path) -> list[bytes]:
    """The bytes of each token: in the file a length, one byte or two where the first one's top bit is set, then UTF-8.

    Raises:
        ConfigurationError: it cannot be read, or ends inside a token.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the vocabulary {path} cannot be read: {error.strerror}") from error
    tokens: list[bytes] = []
    place = 0
    while place < len(data):
        length = data[place]
        place += 1
        if length >= 128 and place < len(data):
            length = length - 128 + data[place] * 128
            place += 1
        if place + length > len(data):
            raise ConfigurationError(f"the vocabulary {path} ends inside token {len(tokens)}")
        tokens.append(data[place : place + length])
        place += length
    return tokens
