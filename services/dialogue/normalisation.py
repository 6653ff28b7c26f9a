"""Text normalisation for comparing and matching what people said."""

from __future__ import annotations

import re


def normalise(text: str) -> str:
    """Lower-case words with single spaces, without punctuation and apostrophes, with "ss" for "ß".

    Typed text then reads as a speech recogniser would have written it.
    """
    text = text.lower().replace("’", "'").replace("ß", "ss")
    return " ".join(re.findall(r"\w+", re.sub(r"(?<=\w)'(?=\w)", "", text)))
