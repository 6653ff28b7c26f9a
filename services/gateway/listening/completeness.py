"""Judges from the text alone whether an utterance reads as a finished sentence. Pure; English and German.

Some recognisers punctuate, others do not. A full stop is believed, except after a word that ends no sentence:
recognisers put one wherever the sound ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from services.gateway.listening.holding import is_holding

Completeness: TypeAlias = Literal["complete", "undecided", "unfinished"]
"""A judgement of a sentence; "undecided" where there is no sign of either."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


@dataclass(frozen=True)
class _Language:
    fillers: frozenset[str]
    """The speaker goes on after these."""
    never_last: frozenset[str]
    """No sentence ends with these, whatever the punctuation."""
    seldom_last: frozenset[str]
    """Without punctuation, a sentence goes on after these."""
    whole_alone: frozenset[str]
    """Each is a whole utterance by itself."""
    complete_from: int
    """Words from which a text without punctuation counts as complete; 0: never."""


_ENGLISH = _Language(
    fillers=_words("um uh uhm er erm hmm hm mm"),
    never_last=_words(
        "a an the my your our their every and or but because if than as although unless whose i'm i'd i'll"
    ),
    seldom_last=_words(
        """
        this these his her its some any so when while though until since that which who of to in on at for with from
        by about into onto over under between without like through during against is are was were am be been being do
        does did have has had will would can could shall should may might must you're we're they're let's very really
        too more most not well
        """
    ),
    whole_alone=_words(
        """
        yes no yeah yep nope ok okay sure hello hi hey thanks bye goodbye stop wait quiet continue repeat please sorry
        right exactly really why what who where when how great good nice cool never maybe always help pause
        """
    ),
    complete_from=3,
)
_GERMAN = _Language(
    fillers=_words("äh ähm öh öhm ehm hm hmm mh"),
    never_last=_words(
        "der ein eine einen einem eines und oder aber weil dass ob wenn als mein dein sein im am zum zur vom"
    ),
    seldom_last=_words(
        """
        die das den dem des ich du er es wir ihr man in an auf für mit von bei nach aus zu über unter vor um durch ohne
        gegen ist sind war bin bist habe hat haben hatte will möchte kann könnte muss soll würde werde wird sehr nicht
        kein keine so noch also denn wie
        """
    ),
    whole_alone=_words(
        """
        ja nein nee doch okay ok klar gut hallo hi danke bitte tschüss stopp halt warte ruhe weiter genau richtig warum
        was wer wo wann wie super toll nie vielleicht immer hilfe pause
        """
    ),
    complete_from=0,
)
_LANGUAGES = {"en": _ENGLISH, "de": _GERMAN}

_OPENERS = _words("what where who when why how which is are was do does did can could will would have has")
"""A question that begins with one of these may end in a word of `_MAY_END_QUESTION`: "what do you want that for"."""
_MAY_END_QUESTION = _words(
    "that this these about for with from like do does did is are am will would can could have on in to who by"
)
_WHOLE_WITH_ONE_MORE = _ENGLISH.whole_alone | {"thank", "shut", "go"}
_FIRST_OF_TWO, _SECOND_OF_TWO = _words("thank shut go good"), _words("you up on away back ahead morning evening night")
_WORD = re.compile(r"[\w']+")


def completeness(text: str, language: str = "en") -> Completeness:
    """Judge whether a text reads as a finished sentence; "undecided" in doubt.

    Args:
        language: BCP-47; in languages without word lists here only punctuation counts.
    """
    text = text.strip().lower()
    words = _WORD.findall(text)
    if not words:
        return "undecided"
    lists = _LANGUAGES.get(language.lower().split("-")[0])
    last = words[-1]
    if lists is not None and (last in lists.fillers or last in lists.never_last or is_holding(text, language)):
        return "unfinished"
    if text.endswith((",", "...", "…", "-", "–", ":")):
        return "unfinished"
    if text.endswith((".", "?", "!", "。", "？", "！")):
        return "complete"
    return "undecided" if lists is None else _unpunctuated(words, lists)


def word_count(text: str) -> int:
    """Words in a text."""
    return len(_WORD.findall(text))


def is_whole_alone(text: str, language: str = "en") -> bool:
    """Whether one or two words are a whole utterance by themselves: "yes", "thank you"."""
    words = _WORD.findall(text.lower())
    lists = _LANGUAGES.get(language.lower().split("-")[0])
    if lists is None or not words or len(words) > 2 or words[-1] in lists.never_last:
        return False
    if all(word in lists.whole_alone for word in words):
        return str(words[0]) != "please"
    return words[0] in _FIRST_OF_TWO and words[-1] in _SECOND_OF_TWO


def _unpunctuated(words: list[str], lists: _Language) -> Completeness:
    last = words[-1]
    if len(words) == 1 and last in lists.whole_alone:
        return "complete"
    if last in lists.seldom_last:
        question = len(words) >= 4 and words[0] in _OPENERS and last in _MAY_END_QUESTION
        return "undecided" if question else "unfinished"
    if not lists.complete_from:
        return "undecided"
    whole = len(words) == 2 and words[0] in _WHOLE_WITH_ONE_MORE
    return "complete" if whole or len(words) >= lists.complete_from else "undecided"
