"""Text to the phonemes that Kokoro and hibari were trained with: English by misaki's rules, the rest by eSpeak NG."""

from __future__ import annotations

import functools
import re
import threading
from importlib import resources
from typing import Any, Protocol

import msgspec

from services.tts.engines.kokoro_phonemes import to_kokoro_phonemes


class Phonemizer(Protocol):
    """Text to IPA, see `EspeakEngine.ipa`."""

    def ipa(self, text: str, language: str) -> str: ...


_LETTER_A = re.compile(r"(?<=[\w,] )A(?=$|[,;:!?]| [^A-Z\W]| [A-Z](?!\w))|(?<!\w)A(?= [B-HJ-Z](?!\w))")
"""The letter and not the article: behind another word, and before no title's next word; or one of several letters."""


@functools.cache
def vocabulary() -> dict[str, int]:
    """The ids of the 114 phonemes, the same for both networks."""
    content = resources.files("hibari").joinpath("assets/vocab.json").read_bytes()
    return msgspec.json.decode(content, type=dict[str, int])


class MisakiReader:
    """Grapheme to phoneme conversion, with lexicon, context and stress.

    The package `hibari` contains a port of misaki, which wrote the phonemes of the training data: so English needs no
    conversion from another alphabet.

    Args:
        others: reads other languages; None if there is no such reader here.
    """

    def __init__(self, others: Phonemizer | None) -> None:
        self._others = others
        self._english: dict[bool, Any] = {}
        self._lock = threading.Lock()

    def reads(self, language: str) -> bool:
        """Whether it has rules for a language."""
        return self._others is not None or language.lower().split("-")[0] == "en"

    def phonemes(self, text: str, language: str) -> str:
        """The phonemes of a text, those only that the vocabulary has; empty where nothing is to be said.

        Args:
            language: BCP-47 tag, which distinguishes British from American English.
        Raises:
            EngineError: eSpeak NG failed.
        """
        if language.lower().split("-")[0] == "en":
            with self._lock:  # the lexicon caches what it has looked up
                spoken = self._reader(british=language.lower() == "en-gb")(_LETTER_A.sub("A.", text))
        else:
            assert self._others is not None
            spoken = to_kokoro_phonemes(self._others.ipa(text, language), language)
        known = "".join(letter for letter in spoken if letter in vocabulary())
        return known if any(letter.isalpha() for letter in known) else ""

    def _reader(self, *, british: bool) -> Any:
        if british not in self._english:
            from hibari.g2p import G2P

            self._english[british] = G2P(british=british)
        return self._english[british]
