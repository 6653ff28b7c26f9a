"""What both implementations of Whisper's network are to the decoder. Sizes: [B, mels, 3000] is 30 s of sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tokenizers

FRAMES = 3000
"""Columns of a spectrogram: 100 a second."""
POSITIONS_PER_SECOND = 50
"""Of what the encoder gives: it halves the rate."""


@dataclass(frozen=True)
class Wanted:
    """How to generate."""

    limit: int
    """Tokens at the most."""
    suppressed: tuple[int, ...]
    """Tokens that never come."""
    suppressed_first: tuple[int, ...]
    """Tokens that do not come first."""
    repeats: bool = True
    """False: no three tokens come twice in the same order, the way out of a loop."""


@dataclass(frozen=True)
class Generated:
    tokens: tuple[int, ...]
    """Without the prompt, without the end."""
    logprob: float
    """Sum over the tokens and the end."""
    no_speech: float
    """Probability of the token that says that nobody speaks, 0 to 1."""


@dataclass(frozen=True)
class Alignment:
    """Of n tokens and the end after them to the encoder's positions."""

    path: tuple[tuple[int, int], ...]
    """Pairs of token (0 to n) and position (50 a second), neither ever going back."""
    probabilities: tuple[float, ...]
    """[n], of each token, 0 to 1."""


class Network(Protocol):
    """Whisper with its weights. Used by one thread at a time. Greedy: the same sound gives the same tokens.

    Any method raises EngineError where the device failed; out of memory has the code "out_of_memory".
    """

    @property
    def mels(self) -> int:
        """Rows of a spectrogram: 80 or 128."""
        ...

    @property
    def batch(self) -> int:
        """Stretches worth decoding together."""
        ...

    @property
    def tokenizer(self) -> tokenizers.Tokenizer: ...

    @property
    def multilingual(self) -> bool: ...

    @property
    def keeps_prefix(self) -> bool:
        """Whether a beginning that is known costs less than decoding it again."""
        ...

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        """What the decoder looks at.

        Args:
            features: [B, mels, 3000].
        """
        ...

    def languages(self, encoded: Any) -> list[tuple[str, float]]:
        """The likeliest language of each row and its probability, e.g. ("en", 0.97)."""
        ...

    def generate(self, encoded: Any, prompts: Sequence[Sequence[int]], wanted: Wanted) -> list[Generated]:
        """The likeliest tokens after each prompt.

        Args:
            prompts: [B], all of one length and with `<|startoftranscript|>` in the same place.
        """
        ...

    def align(
        self, encoded: Any, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        """When each token was said.

        Args:
            start: what the texts begin with: start, language and task.
            texts: [B], none of them empty.
            frames: [B], columns of the spectrogram that hold sound.
        """
        ...
