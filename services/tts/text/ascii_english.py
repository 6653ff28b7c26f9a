"""English in ASCII, for engines that know no other characters. Pure."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
_SPACE_BEFORE_PUNCTUATION = re.compile(r"\s+([,.!?;:])")


def to_ascii_english(text: str) -> str:
    """English text in ASCII: accents dropped, symbols spelt out."""
    for symbol, name in (("€", " euros "), ("£", " pounds "), ("°", " degrees "), ("&", " and "), ("+", " plus ")):
        text = text.replace(symbol, name)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _SPACE_BEFORE_PUNCTUATION.sub(r"\1", _SPACE.sub(" ", plain)).strip()
