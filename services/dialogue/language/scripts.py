"""The writing systems of a text, and the languages that are written in each."""

from __future__ import annotations

import unicodedata
from collections import Counter

LANGUAGES = {
    "LATIN": (),
    "CJK": ("zh", "ja"), "HIRAGANA": ("ja",), "KATAKANA": ("ja",), "HANGUL": ("ko",),
    "ARABIC": ("ar", "fa", "ur", "ps"), "HEBREW": ("he", "yi"), "GREEK": ("el",),
    "CYRILLIC": ("ru", "uk", "bg", "be", "sr", "mk", "kk", "mn"),
    "DEVANAGARI": ("hi", "mr", "ne"), "BENGALI": ("bn",), "GURMUKHI": ("pa",), "GUJARATI": ("gu",),
    "TAMIL": ("ta",), "TELUGU": ("te",), "KANNADA": ("kn",), "MALAYALAM": ("ml",), "SINHALA": ("si",),
    "THAI": ("th",), "LAO": ("lo",), "MYANMAR": ("my",), "KHMER": ("km",),
    "GEORGIAN": ("ka",), "ARMENIAN": ("hy",), "ETHIOPIC": ("am",),
}  # fmt: skip
"""By the first word of the Unicode names of its letters; the commonest language first, Latin ones are too many."""

LETTERS = {
    "ar": "ةىأإ", "fa": "پچژگک", "ur": "ٹڈڑںےہھ", "ps": "ټډړږښګڼې",
    "ru": "ыэё", "uk": "іїєґ", "be": "ўі", "bg": "ъ", "sr": "ђћљњџј", "mk": "ѓќѕљњџј", "kk": "әғқңөұүһі", "mn": "өү",
    "mr": "ळ", "yi": "ײװױ",
}  # fmt: skip
"""Letters that a language has and its neighbours of the same script have not, or hardly."""

FOREIGN_LETTERS = {
    "uk": "ыэёъ", "bg": "ыэёіїє", "ru": "іїєўђћљњџј", "be": "їєґищъ", "sr": "ыэёъйщьюя", "mk": "ыэёъйщьюя",
    "ar": "پچژگٹڈڑںے", "fa": "ةىٹڈڑںے", "hi": "ळ",
}  # fmt: skip
"""Letters that a language never has, while its neighbours have them."""

WEIGHT = {"CJK": 3, "HIRAGANA": 2, "KATAKANA": 2, "HANGUL": 3, "THAI": 1}
"""Letters of an alphabet that a sign is worth."""


def script_of(letter: str) -> str:
    """The script of a letter, a key of `LANGUAGES`; "" for all others."""
    if not letter.isalpha():
        return ""
    if letter < "\u0250":
        return "LATIN"
    name = unicodedata.name(letter, "").replace("FULLWIDTH ", "").replace("HALFWIDTH ", "").split(" ")[0]
    return name if name in LANGUAGES else ""


def scripts_in(text: str) -> Counter[str]:
    """How much of a text is in each script, in letters of an alphabet; all of a Japanese text counts as HIRAGANA."""
    found: Counter[str] = Counter()
    for letter in text:
        if script := script_of(letter):
            found[script] += WEIGHT.get(script, 1)
    kana = found["HIRAGANA"] + found["KATAKANA"]
    if kana:
        found["HIRAGANA"] = kana + found.pop("CJK", 0)
        found.pop("KATAKANA", None)
    return +found


def is_written_in(language: str, script: str) -> bool:
    """Whether a language, a subtag, is written in a script, a key of `LANGUAGES`."""
    if script == "LATIN":
        return not any(language in languages for languages in LANGUAGES.values())
    return language in LANGUAGES[script]
