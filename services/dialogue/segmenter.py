"""Cuts the Markdown that a model writes into segments, each as soon as it is complete: sentences to be spoken, and
blocks that are only shown. Pure; where the stream was cut into pieces makes no difference.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from bus.events import Emotion
from services.dialogue.markdown_speech import is_in_table, is_indented_code, spoken_words
from services.dialogue.sentence_ends import SentenceEnds
from services.dialogue.stage_directions import act, may_become_direction

CHUNK = 400
"""Characters after which a part of a long block of code is shown; it ends with a line."""
HELD = 160
"""Characters for which an open link, code span or stage direction holds the end of a sentence back."""
CONTEXT = 4_000
"""Characters of a block that are kept behind a sentence, to read it as a part of the block."""

_SPACE = " \t\n\r\f\v\u3000\xa0"
_CONTAINER = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+|>[ \t]?)*")
"""The marks of lists and quotations at the beginning of a line."""
_FENCE = re.compile(r"(`{3,}|~{3,})(?=([^`\n]*)$|[^\n]*~)")
_RULE = re.compile(r"[ \t]*(?:([-*_])(?:[ \t]*\1){2,}|=+|-+)[ \t]*")
_DELIMITERS = re.compile(r"[|:\-\s>]*")
_FORMULA = {"$$": re.compile(r"\$\$"), "\\[": re.compile(r"\\\]"), "\\begin{": re.compile(r"\\end\{\w+\*?\}")}
LONGEST_FORMULA = 1_000
"""Characters for which the end of a formula is awaited."""
_SILENT_HTML = re.compile(
    r"<(!--|(pre|script|style|table|svg|textarea|iframe|video|audio|canvas|math|head)\b)", re.IGNORECASE
)


class Segment(Struct, frozen=True, kw_only=True):
    """A part of a reply: a sentence, or a block that is only shown."""

    text: str
    """As the model wrote it, without mood tags and without space around it."""
    spoken_text: str
    """The words for the voice, with their signs; empty where it says nothing."""
    space_before: str = " "
    """The white space between the segment before and this one; a space before the first."""
    emotion: Emotion | None = None
    """The mood set by a tag or a stage direction; None: as before."""


class ReplySegmenter:
    """Takes a reply in pieces of any size and returns its segments.

    Args:
        language: of the reply, a tag such as "de".
        early: whether the first sentence is cut after its first phrase.
    """

    def __init__(self, language: str = "en", *, early: bool = False) -> None:
        self._ends = SentenceEnds(language, early=early)
        self._source = ""
        """From the beginning of the newest block at the outermost level."""
        self._start = 0
        """Index of what has not been returned."""
        self._blank = True
        """Whether nothing but white space has not been returned."""
        self._after_return = False
        self._until: str | None = None
        """What ends the block that is not spoken; "" for a table, None outside of one."""
        self._opening = -1
        """Index of the line that opened it."""
        self._links: dict[str, Any] = {}
        self._space = ""
        self._emotion: Emotion | None = None
        self._first = True

    def push(self, piece: str) -> list[Segment]:
        """The segments that this piece completes."""
        found: list[Segment] = []
        for char in piece:
            # \r\n and \r are line ends like \n, also where the two halves come apart.
            follows_return, self._after_return = self._after_return, char == "\r"
            if char == "\n" and follows_return:
                continue
            self._source += "\n" if char == "\r" else "" if char == "\0" else char
            self._blank = self._blank and char in _SPACE
            if not self._blank:
                found += self._cut(final=False)
        return found

    def pause(self) -> list[Segment]:
        """The sentence that is over by its looks, where the stream pauses behind its stop."""
        source, start = self._source, self._start
        start += len(source) - start - len(source[start:].lstrip(_SPACE))
        line_start = source.rfind("\n", 0, start) + 1
        text = source[start:]
        if not text or self._until is not None or "|" in source[line_start:] or not self._ends.is_over(text):
            return []
        if any(end is None for _, end in _spans(text)):
            return []
        segment = self._take(start, len(source), may_speak=True)
        return [segment] if segment is not None else []

    def flush(self) -> list[Segment]:
        """The remaining segments, after the last piece."""
        return self._cut(final=True)

    def _cut(self, *, final: bool) -> list[Segment]:
        found: list[Segment] = []
        while (cut := self._next_cut(final=final)) is not None:
            segment = self._take(*cut)
            if segment is not None:
                found.append(segment)
        return found

    def _next_cut(self, *, final: bool) -> tuple[int, int, bool] | None:
        """Beginning, end, and whether it may be spoken, of the next segment; None while that is not certain."""
        source, start = self._source, self._start
        # As `rstrip` has it: a segment of another kind of space would be empty, and be cut again for ever.
        while start < len(source) and source[start].isspace():
            start += 1
        if start == len(source):
            self._blank = True
            return None
        line_start = source.rfind("\n", 0, start) + 1
        if not source[line_start:start].strip():
            silent = self._silent_end(start, line_start, final=final)
            if silent is None:
                return None
            if silent > start:
                return start, silent, False
        end = self._sentence_end(source[start:], final=final)
        return None if end is None else (start, start + end, True)

    # Blocks that are only shown

    def _silent_end(self, start: int, line_start: int, *, final: bool) -> int | None:
        """The end of the silent block or of the part of it that begins here; `start`: none does; None: not certain."""
        source = self._source
        newline = source.find("\n", start)
        line_end = newline if newline >= 0 else len(source)
        complete = final or newline >= 0
        line = source[line_start:line_end]
        head = line[_CONTAINER.match(line).end() :] if self._until is None else line  # type: ignore[union-attr]
        if self._until:
            return self._end_of_open(start, self._until, final=final)
        if self._until == "":
            if "|" in line:
                return line_end if complete else None
            if complete:
                self._until = None
            head = line
        if head[:1] in "`~" and head:
            if not complete and (len(set(head)) == 1 or head[:3] in ("```", "~~~")):
                return None
            fence = _FENCE.match(head)
            if fence is not None:
                return self._open(start, line_end, fence[1], final=final)
        for opening, closing in _FORMULA.items():
            if head.startswith(opening):
                opened = line_start + len(line) - len(head) + len(opening)
                return self._formula_end(start, opened, closing, final=final)
        if (html := _SILENT_HTML.match(head)) is not None:
            self._until = "-->" if html[1] == "!--" else f"</{html[2].lower()}"
            return self._end_of_open(start, self._until, final=final)
        if _RULE.fullmatch(line):
            return line_end if complete else None
        if line[:1] in (" ", "\t") and (line.startswith("    ") or "\t" in line[:4]):
            if not complete:
                return None
            if is_indented_code(source[:line_end]):
                return line_end
        if "|" in line and "`" not in line:
            return self._table_end(start, line_end, complete=complete, final=final)
        return start

    def _open(self, start: int, line_end: int, fence: str, *, final: bool) -> int | None:
        self._until, self._opening = fence, start
        if line_end == len(self._source):
            return line_end if final else None
        return self._end_of_open(start, fence, final=final)

    def _end_of_open(self, start: int, until: str, *, final: bool) -> int | None:
        """The end of an open block, or of a part of it that is long enough to be shown."""
        source = self._source
        if until[0] in "`~":
            closing = re.compile(rf"^[ \t>]*{re.escape(until[0])}{{{len(until)},}}[ \t]*$", re.MULTILINE)
            begin = source.index("\n", start) + 1 if start == self._opening else start
            found = closing.search(source, begin)
            # The line must be over: more marks may follow.
            if found is not None and (final or found.end() < len(source)):
                self._until = None
                return found.end()
        else:
            place = source.lower().find(until, start + 1)
            if place >= 0:
                newline = source.find("\n", place)
                if newline < 0 and not final:
                    return None
                self._until = None
                return newline if newline >= 0 else len(source)
        if final:
            self._until = None
            return len(source)
        last = source.rfind("\n", start)
        return last if last - start > CHUNK else None

    def _formula_end(self, start: int, opened: int, closing: re.Pattern[str], *, final: bool) -> int | None:
        """As `_silent_end`, of a formula whose text begins at `opened`; one that prose follows on its line is prose."""
        source = self._source
        found = closing.search(source, opened)
        blank = source.find("\n\n", opened)
        if blank >= 0 and (found is None or blank < found.start()):
            return start
        if found is None:
            return len(source) if final else start if len(source) - opened > LONGEST_FORMULA else None
        newline = source.find("\n", found.end())
        if newline < 0 and not final:
            return start if source[found.end() :].strip(" \t.,;") else None
        rest = source[found.end() : newline if newline >= 0 else len(source)]
        return start if rest.strip(" \t.,;") else found.end() + len(rest.rstrip())

    def _table_end(self, start: int, line_end: int, *, complete: bool, final: bool) -> int | None:
        source = self._source
        if not complete:
            return None if line_end - start < CHUNK else start
        if line_end == len(source):
            return start
        following = source.find("\n", line_end + 1)
        second = source[line_end + 1 : following if following >= 0 else len(source)]
        if not _DELIMITERS.fullmatch(second) or (following < 0 and not second and final):
            return start
        if following < 0 and not final:
            return None
        second_end = line_end + 1 + len(second)
        if not is_in_table(source[:second_end]):
            return start
        self._until = ""
        return second_end

    # Sentences

    def _sentence_end(self, text: str, *, final: bool) -> int | None:
        """The end of the first sentence of the text."""
        end_of_line = self._line_end(text, final=final)
        prose = text if end_of_line is None or end_of_line < 0 else text[:end_of_line]
        ended = final or (end_of_line is not None and end_of_line >= 0)
        spans: list[tuple[int, int | None]] | None = None
        for end in self._ends.boundaries(prose, final=ended):
            spans = _spans(prose) if spans is None else spans
            inside = next(((a, b) for a, b in spans if a < end and (b is None or end < b)), None)
            if inside is None:
                return end
            if inside[1] is None and not ended and len(prose) - inside[0] < HELD:
                return None
        if ended:
            limit = self._ends.cut(prose, first=self._first)
            return limit if limit is not None else len(prose)
        limit = self._ends.cut(prose, first=self._first)
        if limit is None or len(prose) >= 2 * HELD:
            return limit
        return None if any(a < limit and (b is None or limit < b) for a, b in _spans(prose)) else limit

    def _line_end(self, text: str, *, final: bool) -> int | None:
        """The end of the lines that belong to the sentence; -1: no line is over, None: that is not certain."""
        newline = text.find("\n")
        while newline >= 0:
            following = text[newline + 1 :]
            if following[:1] == "\n":
                return newline
            ends = self._ends.ends_line(text[:newline], following.lstrip(" \t"), final=final)
            if ends is None:
                return None
            if ends:
                return newline
            newline = text.find("\n", newline + 1)
        return -1

    def _take(self, start: int, end: int, may_speak: bool) -> Segment | None:
        """Move behind the segment; None where nothing but mood tags is in it."""
        source = self._source
        space = source[self._start : start]
        if not self._space or space.count("\n") >= self._space.count("\n"):
            self._space = space
        text, spoken, emotion, newest = source[start:end].rstrip(), "", None, 0
        self._start = start + len(text)
        if may_speak:
            self._until = None
            acted = act(text)
            text, emotion = acted.text, acted.emotion
            said = acted.said
            if source[end : end + 1] == "\n" and said.endswith("\\") and not said.endswith("\\\\"):
                said = said[:-1]  # it breaks the line
            spoken, newest = spoken_words(source[:start] + said, start, self._links)
            spoken = spoken if any(char.isalnum() for char in spoken) else ""
        newest = min(newest, start)
        if start - newest > CONTEXT:
            newest = source.rfind("\n", 0, start) + 1
        self._source, self._start = source[newest:], self._start - newest
        self._emotion = emotion or self._emotion
        if not text.strip():
            return None
        segment = Segment(
            text=text, spoken_text=spoken, space_before=" " if self._first else self._space, emotion=self._emotion
        )
        self._space, self._emotion, self._first = "", None, False
        return segment


def segments_of(text: str, language: str = "en") -> list[Segment]:
    """The segments of a whole reply."""
    segmenter = ReplySegmenter(language)
    return [*segmenter.push(text), *segmenter.flush()]


_SPAN = re.compile(r"(?<!`)(`+)(?!`)|\[|\$(?=\S)")


def _spans(text: str) -> list[tuple[int, int | None]]:
    """The parts that no sentence ends in: code spans, links, formulas, directions; an open one has no end yet."""
    spans: list[tuple[int, int | None]] = []
    if may_become_direction(text):
        spans.append((0, None))
    elif (direction := re.match(r"[*_](?![*_\s])[^*_\n]{1,118}[*_]|\([^()\n]{1,78}\)", text)) is not None:
        spans.append((0, direction.end()))
    place = 0
    while (found := _SPAN.search(text, place)) is not None:
        mark = found[0]
        if mark[0] == "`":
            closing = re.compile(rf"(?<!`){mark}(?!`)").search(text, found.end())
            end = closing.end() if closing else None
        elif mark == "[":
            end = _link_end(text, found.start())
        else:
            formula = re.compile(r"\$[^$\n]*[^\s$]\$(?!\d)").match(text, found.start())
            place = formula.end() if formula else found.end()
            if formula:
                spans.append((found.start(), place))
            continue
        spans.append((found.start(), end))
        place = found.end() if end is None else end
        if end is None and mark == "[":
            continue
        if end is None:
            break
    return spans


def _link_end(text: str, start: int) -> int | None:
    close = text.find("]", start)
    if close < 0 or close + 1 == len(text):
        return None
    if text[close + 1] != "(":
        return close + 1
    end = text.find(")", close)
    return end + 1 if end >= 0 else None
