"""Word error rate. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence


def words_of(text: str) -> list[str]:
    """Words as they are compared: lower case, without marks."""
    return re.findall(r"[\w']+", text.lower().replace("’", "'"))


def errors(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Words that were replaced, left out or put in, the fewest that explain the difference (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for place, word in enumerate(expected, 1):
        before, row[0] = row[0], place
        for column, other in enumerate(heard, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (word != other))
    return row[-1]
