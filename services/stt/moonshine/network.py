"""Moonshine tiny's network on onnxruntime: sound to tokens with their probabilities (Jeffries et al., 2024)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
BEGIN, END = 1, 2
_MARKS = (b".", b",", b"?", b"!")
TOKENS_PER_SECOND = 6.5
"""The publisher's bound for English; past it the decoder is in a loop."""
_LEAST_TOKENS = 6


@dataclass(frozen=True)
class Token:
    id: int
    probability: float
    """0 to 1."""


Caches = Mapping[str, npt.NDArray[np.float32]]
"""What the decoder keeps between two steps: by name, [rows, heads, positions, size of a head]."""


@dataclass(frozen=True)
class Heard:
    """A sound as the network has encoded and decoded it."""

    tokens: tuple[Token, ...]
    """What was said, without begin and end."""
    end_logprobs: tuple[float, ...]
    """Before each token and after the last one: logarithm of the probability that the speech ends there, with or
    without a punctuation mark."""
    hidden: npt.NDArray[np.float32]
    """[1, frames, features]."""
    mask: npt.NDArray[np.int64]
    first_logprobs: npt.NDArray[np.float32]
    """[tokens of the vocabulary]: how likely each one is the first."""
    first_caches: Caches
    """After the first step."""


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
        self._marks = frozenset(id_ for id_, content in enumerate(self.vocabulary) if content in _MARKS)
        self._ends = np.array([END, *sorted(self._marks)])
        self._caches = [
            f"past_key_values.{layer}.{side}.{part}"
            for layer in range(LAYERS)
            for side in ("decoder", "encoder")
            for part in ("key", "value")
        ]

    def hear(self, samples: Samples) -> Heard:
        """What was said.

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

    def step(
        self, tokens: Sequence[int], hidden: npt.NDArray[np.float32], mask: npt.NDArray[np.int64], caches: Caches
    ) -> tuple[npt.NDArray[np.float32], Caches]:
        """One step of the decoder for several beginnings of the same sound at once.

        Args:
            tokens: the last token of each beginning.
            caches: of the step before, a row for each beginning; empty at the first step.
        Returns:
            Logarithms of the probabilities of the next token, [rows, tokens of the vocabulary], and the caches.
        """
        rows = len(tokens)
        past = caches or {name: np.zeros((0, HEADS, 1, HEAD_SIZE), np.float32) for name in self._caches}
        logits, *present = self._decoder.run(
            None,
            {
                "input_ids": np.array(tokens, np.int64)[:, None],
                "encoder_hidden_states": np.repeat(hidden, rows, 0),
                "encoder_attention_mask": np.repeat(mask, rows, 0),
                "use_cache_branch": np.array([bool(caches)]),
                **past,
            },
        )
        # What is known of the sound does not change after the first step.
        changed = {
            name: value for name, value in zip(self._caches, present, strict=True) if not caches or ".decoder." in name
        }
        return _log_softmax(logits[:, -1]), {**past, **changed}

    def end_logprob(self, logprobs: npt.NDArray[np.float32]) -> float:
        """Logarithm of the probability that the speech ends here, with or without a punctuation mark."""
        return float(np.logaddexp.reduce(logprobs[self._ends]))

    def is_mark(self, token: int) -> bool:
        """Whether a token is a punctuation mark that ends a sentence or a part of it."""
        return token in self._marks

    def _decode(self, hidden: npt.NDArray[np.float32], mask: npt.NDArray[np.int64], limit: int) -> Heard:
        caches: Caches = {}
        found: list[Token] = []
        ends: list[float] = []
        first: tuple[npt.NDArray[np.float32], Caches] | None = None
        last = BEGIN
        while True:
            (logprobs,), caches = self.step([last], hidden, mask, caches)
            first = first or (logprobs, caches)
            ends.append(self.end_logprob(logprobs))
            last = int(logprobs.argmax())
            if last == END or len(found) == limit:
                return Heard(tuple(found), tuple(ends), hidden, mask, *first)
            found.append(Token(last, float(np.exp(logprobs[last]))))


def _limit(samples: int) -> int:
    return max(_LEAST_TOKENS, math.ceil(samples / MICROPHONE_RATE * TOKENS_PER_SECOND))


def _log_softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    shifted = logits - logits.max(-1, keepdims=True)
    result: npt.NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


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
