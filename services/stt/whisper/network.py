"""The interface of Whisper's encoder-decoder network. Sizes: [B, n_mels, 3000] is 30 s of audio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tokenizers

SPECTROGRAM_FRAMES = 3000
"""Columns of a spectrogram: 100 a second."""
ENCODER_POSITIONS_PER_SECOND = 50
"""The encoder halves the frame rate."""


@dataclass(frozen=True)
class DecodeRequest:
    """Options of greedy decoding."""

    max_tokens: int
    suppress: tuple[int, ...]
    """Tokens that are never generated."""
    suppress_first: tuple[int, ...]
    """Tokens that are not generated first."""
    allow_repeats: bool = True
    """False: no three tokens are generated twice in the same order, which breaks a loop."""


@dataclass(frozen=True)
class DecodeResult:
    tokens: tuple[int, ...]
    """Without the prompt and the end token."""
    logprob: float
    """Sum over the tokens and the end token."""
    no_speech_prob: float
    """Probability of the token `<|nospeech|>`, 0 to 1."""


@dataclass(frozen=True)
class Alignment:
    """Of n tokens and the end token to encoder positions."""

    path: tuple[tuple[int, int], ...]
    """Monotonic pairs of token (0 to n) and position (50 a second)."""
    probabilities: tuple[float, ...]
    """[n], of each token, 0 to 1."""


class Network(Protocol):
    """Whisper with its weights. Used by one thread at a time. Greedy, so the same audio gives the same tokens.

    Any method raises EngineError if the device fails; where it is a graphics card, a GpuFault.
    """

    @property
    def n_mels(self) -> int:
        """Rows of a spectrogram: 80 or 128."""
        ...

    @property
    def batch_size(self) -> int:
        """Windows worth decoding together."""
        ...

    @property
    def tokenizer(self) -> tokenizers.Tokenizer: ...

    @property
    def multilingual(self) -> bool: ...

    @property
    def fast_prefill(self) -> bool:
        """Whether a known beginning of the text costs less as part of the prompt than decoded again."""
        ...

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        """The encoder's output for a batch of spectrograms.

        Args:
            features: [B, n_mels, 3000].
        """
        ...

    def detect_language(self, encoded: Any) -> list[tuple[str, float]]:
        """The most probable language of each row and its probability, e.g. ("en", 0.97)."""
        ...

    def generate(self, encoded: Any, prompts: Sequence[Sequence[int]], request: DecodeRequest) -> list[DecodeResult]:
        """The most probable tokens after each prompt.

        Args:
            prompts: [B], all of one length and with `<|startoftranscript|>` in the same place.
        """
        ...

    def align(
        self, encoded: Any, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        """The time of each token.

        Args:
            start: the tokens before each text: start, language and task.
            texts: [B], none of them empty.
            frames: [B], columns of the spectrogram that hold audio.
        """
        ...
