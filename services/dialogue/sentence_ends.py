"""Where a sentence ends in text that is still being written, in any script. Pure.

Every decision depends on the characters so far alone, never on how they arrived.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from services.dialogue.abbreviations import Abbreviations, abbreviations_of

MAX_LENGTH = 250
"""Characters after which a sentence is cut, between clauses or words: speech must not wait for ever."""
FIRST_MAX_LENGTH = 90
"""The same for the first sentence, cut between clauses only: a shorter one lets the voice start sooner."""
FIRST_MIN_LENGTH = 25
"""The least characters of a clause cut off the first sentence; a shorter one would sound chopped."""
FIRST_HARD_LENGTH = 140
"""Characters after which the first sentence is cut before a conjunction, where it has no clause to cut at."""
EARLY_CLAUSE_LENGTH = 18
EARLY_LENGTH = 28
"""The least characters of a clause, and of words before a conjunction, that are spoken by themselves where the first
phrase is."""
PHRASE_LENGTH = 35
"""The least characters of a phrase in scripts that write spaces between phrases and no full stops: Thai, Lao."""

_SPACED_STOPS = ".!?…"
"""End a sentence where a space follows."""
_OWN_STOPS = "。！？｡．؟۔।॥።፧፨။។៕།༎։᠃᠉᱾᱿‼⁇⁈⁉‽"
"""End a sentence wherever they stand: of East Asia, Arabic, Urdu, Devanagari, Ethiopic, Burmese, Khmer, Armenian…"""
_STOPS = _SPACED_STOPS + _OWN_STOPS
_CLOSERS = "\"'”’»›)]}*_~`」』）】》〉"
_OWN_CLOSERS = {"de": "“‘«", "cs": "“", "sk": "“", "sl": "“", "bg": "“", "da": "«"}
"""Quotation marks that close in one language and open in others."""
_OPENERS = "\"'“„‘‚«‹»([{*_~`¿¡「『（【《〈"
_QUOTES = "\"'“„‘‚«‹»¿¡"
_BREAK = r"<br\s{0,3}/?>"
_CLAUSE = re.compile(r"[,;:–—،؛](?=\s)|[、，；：]")
_NO_STOPS = "\u0e00-\u0eff"  # Thai and Lao
_PHRASE = re.compile(rf"(?<=[{_NO_STOPS}]) +(?=[{_NO_STOPS}\d])")
_POLITE = ("ครับ", "ค่ะ", "คะ", "จ้ะ", "จ้า")
"""Thai particles that end sentences."""
_CONJUNCTIONS = {
    "en": "and but or so because which while although",
    "de": "und aber oder denn weil obwohl während sondern",
    "fr": "et mais ou car parce puis tandis",
    "es": "y pero o porque aunque mientras",
    "it": "e ma o perché mentre anche",
}
_EARLY_CONJUNCTIONS = {"en": "that who when where"}
"""Before these too the first phrase may be spoken by itself; other languages write a comma there."""
_TIME_ZONE = r"(?:[A-Z]{1,3}[DS]?T|UTC|GMT)\b"
_TAG = re.compile(r"\s*(?:\[\w+\]\s*)?")
_BULLET = re.compile(r"(?:[-*+•>]|\d{1,9}[.)]|#{1,6})\s")


class SentenceEnds:
    """Finds the end of the first sentence of a text.

    Args:
        language: a tag such as "de"; decides on abbreviations and ordinals.
        early: whether the first sentence is cut after its first phrase, for a model that writes slowly.
    """

    def __init__(self, language: str = "en", *, early: bool = False) -> None:
        self._language = language.split("-")[0].lower()
        # Greek asks with a semicolon.
        self._stops = _STOPS + (";\u037e" if self._language == "el" else "")
        closers = re.escape(_CLOSERS + _OWN_CLOSERS.get(self._language, ""))
        notes = r"(?:\[\^?\d{1,3}\])*"
        # French writes a space before what closes a quotation.
        spaced = r"|[ \u00a0\u202f]»" if self._language == "fr" else ""
        pattern = rf"([{re.escape(self._stops)}]+)((?:[{closers}]{spaced})*){notes}|{_BREAK}"
        self._boundary = re.compile(pattern, re.IGNORECASE)
        self._words: Abbreviations = abbreviations_of(language)
        conjunctions = _CONJUNCTIONS.get(self._language, "")
        self._conjunction = _before_words(conjunctions)
        self._early = _before_words(f"{conjunctions} {_EARLY_CONJUNCTIONS.get(self._language, '')}") if early else None
        self._is_early = early

    def boundaries(self, text: str, *, final: bool) -> Iterator[int]:
        """The certain ends of sentences in a line or more of prose, in order.

        Args:
            final: whether nothing follows the text.
        """
        phrase = 0
        marks = sorted((*self._boundary.finditer(text), *_PHRASE.finditer(text)), key=lambda match: match.start())
        for match in marks:
            if match[0].isspace():
                said = text[phrase : match.start()]
                if len(said) >= PHRASE_LENGTH or said.endswith(_POLITE):
                    phrase = match.end()
                    yield match.start()
            elif self._is_boundary(text, match, final=final):
                phrase = match.end()
                yield match.end()

    def is_over(self, text: str) -> bool:
        """Whether a text that ends in a stop is a whole sentence, though nothing has come after it for a while."""
        match = None
        for match in self._boundary.finditer(text):  # noqa: B007 - the last one is wanted
            pass
        if match is None or match.end() < len(text):
            return False
        stops = match[1] or ""
        if stops != ".":
            return not stops.endswith((".", "…"))
        return self._surely_ends(_last_word(text[: match.start()]))

    def cut(self, text: str, *, first: bool) -> int | None:
        """Where a text that is too long for one sentence is cut; None if it is not too long.

        Args:
            first: whether it begins the reply: it is cut sooner then.
        """
        if len(text) > MAX_LENGTH:
            clauses = [match.end() for match in _CLAUSE.finditer(text, MAX_LENGTH // 4, MAX_LENGTH)]
            return clauses[-1] if clauses else _between_words(text)
        if first and self._is_early and (phrase := self._first_phrase(text)) is not None:
            return phrase
        if first and len(text) > FIRST_MAX_LENGTH:
            clauses = [m.end() for m in _CLAUSE.finditer(text, FIRST_MIN_LENGTH, FIRST_MAX_LENGTH)]
            if clauses:
                return clauses[-1]
            if len(text) > FIRST_HARD_LENGTH and self._conjunction:
                words = [m.start() for m in self._conjunction.finditer(text, FIRST_MIN_LENGTH, FIRST_HARD_LENGTH)]
                return words[-1] if words else None
        return None

    def _first_phrase(self, text: str) -> int | None:
        """The end of the first phrase, without its tag not too short to be spoken by itself; None: it is not over."""
        tag = _TAG.match(text)
        assert tag is not None
        comma = _CLAUSE.search(text, tag.end() + EARLY_CLAUSE_LENGTH)
        word = self._early.search(text, tag.end() + EARLY_LENGTH) if self._early else None
        places = [place for place in (comma and comma.end(), word and word.start()) if place is not None]
        return min(places, default=None)

    def ends_line(self, line: str, following: str, *, final: bool) -> bool | None:
        """Whether the end of a line ends a sentence; None while that is not certain.

        Lines wrapped in mid-sentence go on with a small letter; titles, verses and points of a list do not.

        Args:
            line: from the beginning of the sentence to the end of the line.
            following: what has been written after the line so far.
        """
        said = line.rstrip()
        if len(said) < 50 or line.endswith(("  ", "\\")) or said[-1] in _STOPS + _CLOSERS + ":" or said[0] == "#":
            return True
        if not following:
            return True if final else None
        return not following[0].islower() or _BULLET.match(following) is not None

    def _is_boundary(self, text: str, match: re.Match[str], *, final: bool) -> bool:
        if match[0].startswith("<"):
            return True
        after = match.end()
        if after == len(text):
            return final  # a closing quote or another digit may follow
        stops, closed = match[1], bool(match[2])
        following = text[after:].lstrip()
        if stops[-1] in _OWN_STOPS:
            if stops[-1] in "．۔" and not text[after].isspace():
                # Between digits and after single letters they are points.
                before = text[: match.start()]
                return not (text[after].isdecimal() or (len(before) == 1 or before[-2:-1] in (" ", stops[-1])))
            # 「はい。」と言った。: after a quotation the sentence may go on.
            return not (closed and unicodedata.category(text[after])[0] in "LM")
        if not text[after].isspace():
            return False
        if "\n" in text[after : len(text) - len(following)]:
            return True
        if self._language == "fr" and not following and text.count("«") > text.count("»"):
            return final  # the space before the mark that closes the quotation
        following = following.lstrip(_QUOTES)
        if stops[-1] in "!?;\u037e":
            # "!" or "?" alone ends a sentence; after a closing quote the next word decides.
            return not closed or (not following[0].islower() if following else final)
        ellipsis = stops.endswith(("..", "…"))
        word = _last_word(text[: match.start()])
        if not following:
            return final or (not closed and not ellipsis and self._surely_ends(word))
        if following[0].islower():
            # Some models write all in lower case; an unknown abbreviation is shorter than most words.
            return not ellipsis and self._surely_ends(word)
        return ellipsis or not self._is_abbreviation(text[: match.start()], word, following, final=final)

    def _surely_ends(self, word: str) -> bool:
        """Whether a full stop after this word ends the sentence whatever follows."""
        known = self._words.never | self._words.before_number | self._words.may_end
        is_ordinal = self._words.ordinals and re.fullmatch("[IVXLCDM]+", word) is not None
        return len(word) >= 4 and word.isalpha() and not is_ordinal and self._words.short(word.lower()) not in known

    def _is_abbreviation(self, before: str, word: str, following: str, *, final: bool) -> bool:
        """Whether the full stop after `before` belongs to its last word and ends no sentence."""
        lower = self._words.short(word.lower())
        first = _first_word(following)
        # Of a word that is still being written "A" may become "Army".
        starts = first.lower() in self._words.starters and (final or len(first) < len(following))
        pair = lower if "." in lower else "".join(before.lower().split()[-2:]).lstrip(_OPENERS)
        if lower in self._words.never or pair in self._words.never:
            return lower not in self._words.may_end or (lower not in ("a.m", "p.m", "etc", "usw") and not starts)
        if lower in ("a.m", "p.m"):
            is_unfinished = first == following and not final
            if re.match(_TIME_ZONE, following) or (is_unfinished and first.isupper() and len(first) <= 4):
                return True
        if lower in self._words.before_number and following[0].isdecimal():
            return True
        if lower in self._words.may_end:
            return False
        if len(word) == 1 and word.isalpha():
            return word != "I" and not (starts and word.isupper())
        if len(lower) <= 9 and re.fullmatch(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}", lower):
            return not starts
        if word.isdecimal():
            is_list_number = before.strip() == word
            return is_list_number or (self._words.ordinals and len(word) <= 2 and not starts)
        return False


def _before_words(words: str) -> re.Pattern[str] | None:
    """Finds the space before one of these words, which are separated by spaces; None where there are none."""
    return re.compile(rf"\s(?=(?:{'|'.join(words.split())})\s)") if words.split() else None


def _last_word(before: str) -> str:
    return before.rsplit(None, 1)[-1].lstrip(_OPENERS) if before and not before[-1].isspace() else ""


def _first_word(following: str) -> str:
    found = re.match(r"[^\W\d_]+(?:['’][^\W\d_]+)?", following)
    return found[0].replace("’", "'") if found else ""


def _between_words(text: str) -> int:
    """A place near `MAX_LENGTH`: after a space, else not within a word, a number or a character with its marks."""
    space = text.rfind(" ", MAX_LENGTH // 4, MAX_LENGTH)
    if space >= 0:
        return space + 1
    for place in range(MAX_LENGTH, MAX_LENGTH // 4, -1):
        before, after = text[place - 1], text[place]
        together = (before.isascii() and before.isalnum()) or before in "\u200c\u200d" or after in "\u200c\u200d"
        marked = unicodedata.category(after)[0] == "M" or 0x1F3FB <= ord(after) <= 0x1F3FF
        if not together and not marked:
            return place
    return MAX_LENGTH
