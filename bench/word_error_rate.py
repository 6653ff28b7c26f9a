"""Word error rate. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence


def normalised_words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return re.findall(r"[\w']+", text.lower().replace("’", "'"))


def word_errors(expected: Sequence[str], recognised: Sequence[str]) -> int:
    """The least number of substituted, deleted and inserted words (Levenshtein distance)."""
    row = list(range(len(recognised) + 1))
    for place, word in enumerate(expected, 1):
        before, row[0] = row[0], place
        for column, other in enumerate(recognised, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (word != other))
    return row[-1]
