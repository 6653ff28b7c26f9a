"""How likely an English sentence ends after its last two words, by the language model in the wheel of pocketsphinx.

The model counts three words at a time in texts: after "dial again" a sentence ends more often than after "the number
and". It knows whole words, not punctuation, so it also reads transcripts without any.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from typing import Any

_WORD = re.compile(r"[a-z']+")


class SentenceEnd:
    """The language model; loading takes 0.2 s and 30 MB."""

    def __init__(self) -> None:
        from pocketsphinx import Config, LogMath, NGramModel, get_model_path

        self._log = LogMath()
        self._model: Any = NGramModel(Config(), self._log, get_model_path("en-us/en-us.lm.bin"))

    def probability(self, text: str) -> float:
        """The probability that the sentence ends after this text, 0 to 1; after no words 0."""
        words = _WORD.findall(text.lower())
        if not words:
            return 0.0
        return math.exp(self._log.log_to_ln(self._model.prob(["</s>", *words[:-3:-1]])))


def end_probability(language: str) -> Callable[[str], float] | None:
    """The probability that a sentence ends after a text, in this language (BCP-47); None where no model is here."""
    return _english().probability if language.lower().split("-")[0] == "en" else None


@functools.cache
def _english() -> SentenceEnd:
    """The model, loaded once for the process."""
    return SentenceEnd()
