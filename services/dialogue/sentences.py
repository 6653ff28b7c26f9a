"""Splits streamed text into sentences that can be spoken, each as soon as it is complete."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 250
"""Characters after which a sentence is cut, between clauses or words: speech must not wait for ever."""
FIRST_MAX_LENGTH = 90
"""The same for the first sentence, cut between clauses only: a shorter one lets the voice start sooner."""
FIRST_MIN_LENGTH = 25
"""The least characters of a clause cut off the first sentence; a shorter one would sound chopped."""

_CLOSERS = "\"'”’»“)]}*_`」』）"
_STOPS = ".!?…。！？"
_WIDE_STOPS = "。！？"
_BOUNDARY = re.compile(rf"[{re.escape(_STOPS)}]+[{re.escape(_CLOSERS)}]*")
_CLAUSE = re.compile(r"[,;:–—、，；](?=\s)|[、，；]")
_ENGLISH = "mr mrs ms dr prof sr jr st vs etc e.g i.e a.m p.m u.s u.k approx inc ltd co dept est mt ave"
_GERMAN = "hr fr dr prof st bzw usw etc ca z.b d.h u.a z.t vgl bspw evtl ggf inkl zzgl str tel s.o s.u v.a o.ä"
_ABBREVIATIONS = {"en": frozenset(_ENGLISH.split()), "de": frozenset(_GERMAN.split())}
_NUMBERED = "no nr fig abs vol jan feb mar apr jun jul aug sep sept oct okt nov dec dez"
_BEFORE_NUMBERS = frozenset(_NUMBERED.split())
"""Abbreviations only where a number follows: "No. 5", but "I said no."."""
_ENDING = frozenset(("a.m", "p.m", "etc", "usw"))
"""Abbreviations that usually end a sentence where a capital follows."""
_LIST_MARK = re.compile(r"^\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+|#{1,6}\s+|>\s+)+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_EMPHASIS = re.compile(r"\*{2,}|_{2,}|`+|~~|(?<![\w*])[*_](?=\w)|(?<=[\w.!?,…])[*_](?![\w*])")


class SentenceSplitter:
    """Splits a stream of text, in pieces of any size, into sentences.

    Knows abbreviations, decimals, ordinals, initials, ellipses, quotes, lists and East Asian stops. Removes
    Markdown and pictographs, which cannot be spoken; tags such as `[happy]` stay.
    """

    def __init__(self, language: str = "en") -> None:
        self._language = language.split("-")[0].lower()
        self._abbreviations = _ABBREVIATIONS.get(self._language, _ABBREVIATIONS["en"])
        self._buffer = ""
        self._first = True

    def push(self, piece: str) -> list[str]:
        """The sentences that this piece completes."""
        self._buffer += piece
        return self._cut(final=False)

    def flush(self) -> list[str]:
        """The remaining sentences, after the last piece."""
        found = self._cut(final=True)
        last, self._buffer = strip_markup(self._buffer), ""
        return [*found, last] if last else found

    def _cut(self, *, final: bool) -> list[str]:
        found: list[str] = []
        while (end := self._end(final=final)) is not None:
            sentence, self._buffer = strip_markup(self._buffer[:end]), self._buffer[end:].lstrip(" \t")
            if sentence:
                found.append(sentence)
                self._first = False
        return found

    def _end(self, *, final: bool) -> int | None:
        """The end of the first sentence in the buffer, None while it is not certain."""
        text = self._buffer
        line = text.find("\n")
        for match in _BOUNDARY.finditer(text):
            if 0 <= line < match.start() or match.end() > MAX_LENGTH:
                break
            if self._is_boundary(match, final=final):
                return match.end()
        if 0 <= line <= MAX_LENGTH:
            return line + 1
        if len(text) > MAX_LENGTH:
            return _cut_between_words(text)
        if self._first and len(text) > FIRST_MAX_LENGTH:
            clauses = [m.end() for m in _CLAUSE.finditer(text, FIRST_MIN_LENGTH, FIRST_MAX_LENGTH)]
            return clauses[-1] if clauses else None
        return None

    def _is_boundary(self, match: re.Match[str], *, final: bool) -> bool:
        text, after = self._buffer, match.end()
        if after == len(text):
            return final  # a closing quote or another digit may follow
        stops = match[0].rstrip(_CLOSERS)
        closed = len(stops) < len(match[0])
        if stops[-1] in _WIDE_STOPS:
            return True
        if not text[after].isspace():
            return False
        following = text[after:].lstrip()
        if not following:
            # After "." or a closing quote the next word decides; "!" or "?" alone ends a sentence.
            return final or (stops[-1] in "!?" and not closed)
        if stops[-1] in "!?":
            return not (closed and following[0].islower())
        ellipsis = stops.endswith(("..", "…"))
        if following[0].islower():
            # Some models write all in lower case; an unknown abbreviation is shorter than most words.
            word = text[: match.start()].rsplit(None, 1)[-1:]
            if ellipsis or not word or len(word[0]) < 4 or not word[0].isalpha():
                return False
        return ellipsis or not self._is_abbreviation(text[: match.start()], following)

    def _is_abbreviation(self, before: str, following: str) -> bool:
        """Whether the full stop after `before` belongs to its last word and ends no sentence."""
        word = before.rsplit(None, 1)[-1].lstrip("\"'“„‘«([*_") if before.strip() else ""
        if word.lower() in self._abbreviations:
            return word.lower() not in _ENDING
        if word.lower() in _BEFORE_NUMBERS and following[0].isdigit():
            return True
        if len(word) == 1 and word.isalpha() and word != "I":
            return True
        if word.isdigit():
            is_list_number = before.strip() == word
            return is_list_number or (self._language == "de" and len(word) <= 2)
        return False


def _cut_between_words(text: str) -> int:
    clauses = [match.end() for match in _CLAUSE.finditer(text, MAX_LENGTH // 4, MAX_LENGTH)]
    if clauses:
        return clauses[-1]
    space = text.rfind(" ", MAX_LENGTH // 4, MAX_LENGTH)
    return space + 1 if space >= 0 else MAX_LENGTH


def strip_markup(text: str) -> str:
    """The text without Markdown, pictographs and double spaces; empty where no letter or digit is left."""
    text = _LINK.sub(r"\1", _LIST_MARK.sub("", text))
    text = _EMPHASIS.sub("", text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("So", "Sk", "Cf", "Co", "Cs") and c != "\ufe0f")
    text = " ".join(text.split())
    return text if any(c.isalnum() for c in text) else ""
