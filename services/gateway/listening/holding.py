"""Judges from the words so far whether a speaker holds the floor in a pause. Pure; English and German.

They ask for time ("let me think"), have not come to what they want to say ("my name is"), or spell or dictate it.
Recognisers put a full stop wherever the sound ends, so of punctuation only the question mark counts.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

_SPELLED = 2
"""Letters in a row from which they are said one by one."""
_DICTATED, _WHOLE_NUMBER = 3, 7
"""Digits from which a number is dictated in parts, and from which it may be complete, as a telephone's."""
_WORD = re.compile(r"[\w']+")


@dataclass(frozen=True)
class _Language:
    before_number: re.Pattern[str]
    """Ends of a text after which a number is dictated."""
    ends: re.Pattern[str]
    """Ends of a text after which the speaker goes on. Fillers count after other words only: alone, "you know" is what
    recognisers make of a short "hello"."""
    digits: frozenset[str]
    """Words of which a number is dictated."""


def _language(before_number: str, ends: tuple[str, ...], digits: str) -> _Language:
    def at_end(*texts: str) -> re.Pattern[str]:
        return re.compile(rf"(?:^|\s)(?:{'|'.join(texts)})$")

    return _Language(at_end(before_number), at_end(*ends), frozenset(digits.split()))


_LANGUAGES = {
    "en": _language(
        r"(?:my|his|her|their|its|the) (?:\w+ )?(?:number|code|pin) is",
        (
            r"let me (?:think|see|check|look|remember)(?: about (?:it|that))?",
            r"(?:just )?(?:a|one) (?:moment|second|minute|sec)",
            r"give me a (?:moment|second|minute|sec)",
            r"(?:hold|hang) on",
            r"how (?:do|shall|should|can) i (?:say|put) (?:it|this|that)",
            r"(?:what was|what is|what's|whats) (?:it|that|he|she) called",
            r"what(?:'s|s| is| was) the word",
            r"i(?:'m| am) (?:thinking|not sure yet)",
            r"\w+ i mean",
            r"\w+ you know",
            r"\w+ (?:kind|sort) of",
            r"\w+ for example",
            r"\w+ such as",
            r"the thing is",
            r"(?:my|his|her|their|its|the) (?:\w+ )?(?:name|number|address|code|street|email) is",
            r"(?:is|are|was|am) called",
            r"spel(?:led|t)",
            r"i (?:live|work|was born) in",
            r"i(?:'m| am| come) from",
        ),
        "zero oh one two three four five six seven eight nine double triple",
    ),
    "de": _language(
        r"(?:meine|seine|ihre|die|der) (?:\w+ )?(?:\w*nummer|code|pin) (?:ist|lautet)",
        (
            r"lass mich (?:mal )?(?:kurz )?(?:überlegen|nachdenken|sehen|schauen)",
            r"(?:einen|nen|ein) (?:kleinen )?(?:moment|augenblick)",
            r"moment(?: mal)?",
            r"sekunde",
            r"warte mal",
            r"wie (?:heißt|hieß|nennt man|sagt man) (?:das|es|der|die|er|sie)(?: noch(?: ?mal)?)?",
            r"wie soll ich(?: das)? sagen",
            r"\w+ ich meine",
            r"\w+ weißt du",
            r"\w+ zum beispiel",
            r"\w+ sozusagen",
            r"das heißt",
            r"\w+ nämlich",
            r"(?:mein|sein|ihr|der|die) (?:\w+ )?(?:name|nummer|adresse|straße|code) (?:ist|lautet)",
            r"ich heiße",
            r"buchstabiert",
            r"ich (?:wohne|lebe|arbeite) in",
            r"ich komme aus",
        ),
        "null eins zwei zwo drei vier fünf sechs sieben acht neun doppel",
    ),
}


def is_holding(text: str, language: str = "en") -> bool:
    """Whether the speaker, who pauses after this text, is likely to go on whatever it sounds like.

    Args:
        language: BCP-47; in languages without lists here the answer is no.
    """
    lists = _LANGUAGES.get(language.lower().split("-")[0])
    if lists is None or text.rstrip().endswith("?"):
        return False
    words = _WORD.findall(text.lower().replace("’", "'"))
    if _is_dictating(words, lists):
        return True
    # The first letter is none of the words before it: "my name is spelled T".
    before = words[:-1] if words and _is_letter(words[-1]) else words
    return lists.ends.search(" ".join(before)) is not None


def _is_dictating(words: list[str], lists: _Language) -> bool:
    """Whether a text ends in letters or digits one by one, too few for a telephone number."""
    letters = list(itertools.takewhile(_is_letter, reversed(words)))
    run = list(itertools.takewhile(lambda word: word.isdigit() or word in lists.digits, reversed(words)))
    digits = sum(len(word) if word.isdigit() else 1 for word in run)
    # Recognisers write a group of digits as one figure: "my number is 555".
    one_by_one = len(run) >= 2 or lists.before_number.search(" ".join(words[: -len(run) or None])) is not None
    return len(letters) >= _SPELLED or (one_by_one and _DICTATED <= digits < _WHOLE_NUMBER)


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()
