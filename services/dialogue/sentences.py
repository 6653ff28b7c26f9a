"""From pieces of text to sentences fit to be spoken, each as soon as it is complete."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 250
"""Characters after which a sentence is cut at the best place there is: speech must not wait for ever."""
FIRST_LONGEST = 90
"""The same for the first one, cut between clauses only: the sooner it is there, the sooner the voice starts."""
FIRST_SHORTEST = 25
"""Characters that the clause cut off the first sentence has at the least; less would sound chopped."""

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
"""Short forms only where a number follows: "No. 5", but "I said no."."""
_ENDING = frozenset(("a.m", "p.m", "etc", "usw"))
"""Short forms that end a sentence more often than not, if a capital follows."""
_LIST_MARK = re.compile(r"^\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+|#{1,6}\s+|>\s+)+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_EMPHASIS = re.compile(r"\*{2,}|_{2,}|`+|~~|(?<![\w*])[*_](?=\w)|(?<=[\w.!?,…])[*_](?![\w*])")


class Splitter:
    """Cuts a growing text into sentences. Feed it pieces of any size; get what is complete.

    Knows abbreviations, decimals, ordinals, initials, ellipses, quotes, lists and East Asian stops. The text comes
    back cleaned of Markdown and pictographs, which nobody can say; tags such as `[happy]` stay.
    """

    def __init__(self, language: str = "en") -> None:
        self._language = language.split("-")[0].lower()
        self._abbreviations = _ABBREVIATIONS.get(self._language, _ABBREVIATIONS["en"])
        self._rest = ""
        self._first = True

    def push(self, piece: str) -> list[str]:
        """The sentences that this piece completes."""
        self._rest += piece
        return self._cut(final=False)

    def finish(self) -> list[str]:
        """The text is over: what is left of it."""
        found = self._cut(final=True)
        last, self._rest = clean(self._rest), ""
        return [*found, last] if last else found

    def _cut(self, *, final: bool) -> list[str]:
        found: list[str] = []
        while (end := self._end(final=final)) is not None:
            sentence, self._rest = clean(self._rest[:end]), self._rest[end:].lstrip(" \t")
            if sentence:
                found.append(sentence)
                self._first = False
        return found

    def _end(self, *, final: bool) -> int | None:
        """Where the first sentence of the rest ends, None where that is not known yet."""
        text = self._rest
        line = text.find("\n")
        for match in _BOUNDARY.finditer(text):
            if 0 <= line < match.start() or match.end() > LONGEST:
                break
            if self._is_boundary(match, final=final):
                return match.end()
        if 0 <= line <= LONGEST:
            return line + 1
        if len(text) > LONGEST:
            return _cut_long(text)
        if self._first and len(text) > FIRST_LONGEST:
            clauses = [m.end() for m in _CLAUSE.finditer(text, FIRST_SHORTEST, FIRST_LONGEST)]
            return clauses[-1] if clauses else None
        return None

    def _is_boundary(self, match: re.Match[str], *, final: bool) -> bool:
        text, after = self._rest, match.end()
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
            # After "." or a closing quote the next word decides; "!" and "?" end a sentence whatever comes.
            return final or (stops[-1] in "!?" and not closed)
        if stops[-1] in "!?":
            return not (closed and following[0].islower())
        ellipsis = stops.endswith(("..", "…"))
        if following[0].islower():
            # Some models write all in lower case; an unknown short form is shorter than most words.
            word = text[: match.start()].rsplit(None, 1)[-1:]
            if ellipsis or not word or len(word[0]) < 4 or not word[0].isalpha():
                return False
        return ellipsis or not self._is_short_form(text[: match.start()], following)

    def _is_short_form(self, before: str, following: str) -> bool:
        """Whether the full stop between these two belongs to the word before it."""
        word = before.rsplit(None, 1)[-1].lstrip("\"'“„‘«([*_") if before.strip() else ""
        if word.lower() in self._abbreviations:
            return word.lower() not in _ENDING
        if word.lower() in _BEFORE_NUMBERS and following[0].isdigit():
            return True
        if len(word) == 1 and word.isalpha() and word != "I":
            return True
        if word.isdigit():
            mark_of_list = before.strip() == word
            return mark_of_list or (self._language == "de" and len(word) <= 2)
        return False


def _cut_long(text: str) -> int:
    clauses = [match.end() for match in _CLAUSE.finditer(text, LONGEST // 4, LONGEST)]
    if clauses:
        return clauses[-1]
    space = text.rfind(" ", LONGEST // 4, LONGEST)
    return space + 1 if space >= 0 else LONGEST


def clean(text: str) -> str:
    """The text without Markdown, pictographs and double spaces; empty where nothing is left to be said."""
    text = _LINK.sub(r"\1", _LIST_MARK.sub("", text))
    text = _EMPHASIS.sub("", text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("So", "Sk", "Cf", "Co", "Cs") and c != "\ufe0f")
    text = " ".join(text.split())
    return text if any(c.isalnum() for c in text) else ""
