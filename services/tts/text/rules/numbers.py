"""Rules for plain numbers and for signs, tried after all others. Pure."""

from __future__ import annotations

import re
import unicodedata

from services.tts.text.language import Language
from services.tts.text.scanner import Match, Rule, after, before, word_after

_SIGN = re.compile(r"[^\w\s]")
_PUNCTUATION = frozenset(".,;:!?'\"()[]{}-–—…«»‹›„“”‚‘’`*_|¡¿")
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])|(?<=\w)\s?/\s?(?=\w)")

_DIVIDED = re.compile(r"(?<=[\d)])\s/\s(?=[\d(])")
_OVER = re.compile(r"(?<=[\d)²³])/(?=[(]|[A-Za-z](?![^\W²³]))")
_RATE = re.compile(r"(?<=[\w$€£¥₹%])/(?=[^\W\d_²³]{2,20}(?!\w))")


def rules(language: Language) -> list[Rule]:
    """The rules of a language, tried last of all."""
    slash = language.words.get("slash")

    def number(match: Match) -> str | None:
        numeral = language.read(match[1])
        if numeral.integer.isdecimal() and language.is_year(match[1], before(match), after(match)):
            return language.year(int(match[1]))
        return language.cardinal(numeral, language.counted(before(match), word_after(match)))

    def sign(match: Match) -> str | None:
        written = match[0]
        if written in _PUNCTUATION or unicodedata.category(written)[0] in "MC":
            return None
        return _spaced(language.symbol(written))

    per = language.words.get("per")

    def rate(match: Match) -> str | None:
        """24/day, €50/month: the slash behind a quantity."""
        return f" {per} " if per and re.search(r"[\d$€£¥₹%][\s\u00a0]?[^\W\d_]{0,3}$", before(match)) else None

    found = [Rule(re.compile(rf"({language.number})"), number), Rule(_RATE, rate)]
    divided = language.symbol("÷")
    if divided is not None:
        found.append(Rule(_DIVIDED, lambda match: f" {divided} "))
    if "over" in language.words:
        found.append(Rule(_OVER, lambda match: f" {language.words['over']} "))
    if slash is not None:
        found.append(Rule(_BETWEEN_LETTERS, lambda match: f" {slash} "))
    found.append(Rule(_SIGN, sign))
    return found


def _spaced(said: str | None) -> str | None:
    return None if said is None else f" {said} "
