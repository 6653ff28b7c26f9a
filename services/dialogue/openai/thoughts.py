"""Removes a model's reasoning from its streamed answer, wherever the stream is cut into pieces. Pure."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Mark: TypeAlias = Literal["open", "close", "answer", "answer_end", "channel", "message", "turn", "end", "drop"]

_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "reason", "reflection", "scratchpad", "analysis",
          "inner_monologue", "seed:think", "mm:think", "antml:thinking", "tool_call")  # fmt: skip
_OPEN = (*(f"<{name}>" for name in _NAMES), "◁think▷", "<|begin_of_thought|>", "<|start_thinking|>", "<|think|>",
         "<|thinking|>", "<|channel>thought", "<unused94>thought")  # fmt: skip
_CLOSE = (*(f"</{name}>" for name in _NAMES), "◁/think▷", "<|end_of_thought|>", "<|end_thinking|>", "<|/think|>",
          "<|/thinking|>", "<channel|>", "<unused95>")  # fmt: skip
_ANSWER_NAMES = ("answer", "final_answer", "response", "solution")
_MAX_INSIDE = 100
"""Characters of the attributes of a mark."""
_DROP = ("</s>", "<end_of_turn>", "<eos>", "<bos>", "<｜end▁of▁sentence｜>")
_MARKS: dict[str, Mark] = {
    **dict.fromkeys(_DROP, "drop"),
    **dict.fromkeys(_OPEN, "open"),
    **dict.fromkeys(_CLOSE, "close"),
    **{f"<{name}>": "answer" for name in _ANSWER_NAMES},
    **{f"</{name}>": "answer_end" for name in _ANSWER_NAMES},
    # Harmony, the format of gpt-oss: a message has a header with a channel, and only the channel "final" is an answer.
    "<|channel|>": "channel",
    "<|message|>": "message",
    "<|start|>": "turn",
    "<|end|>": "end",
    "<|return|>": "end",
    "<|call|>": "end",
}
_CAPITAL_MARKS: dict[str, Mark] = {"[THINK]": "open", "[/THINK]": "close"}
"""In capitals only: "[think]" may be a mood, and "[Think about it]" is text."""
_ALL = {**_MARKS, **_CAPITAL_MARKS}
_PREFIXES = {mark[:length] for mark in _ALL for length in range(1, len(mark))}
_LONGEST = max(map(len, _ALL))
_ALL_NAMES = "|".join(map(re.escape, (*_NAMES, *_ANSWER_NAMES)))
_ATTRIBUTE = r"""\s+[\w:.-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>/]+)"""
_WITH_ATTRIBUTES = rf"</?(?:{_ALL_NAMES})(?=[\s/][^<>]{{0,{_MAX_INSIDE}}}>)(?:{_ATTRIBUTE})*\s*/?>"
"""A mark such as `<think time="3">`; `<reason why>` is none."""
_UNFINISHED_ATTRIBUTES = re.compile(rf"</?(?:{_ALL_NAMES})[\s/][^<>]{{0,{_MAX_INSIDE}}}\Z", re.IGNORECASE)
_MARK = re.compile(
    "|".join(
        [
            f"(?i:{_WITH_ATTRIBUTES})",
            *(f"(?i:{re.escape(mark)})" for mark in sorted(_MARKS, key=len, reverse=True)),
            *map(re.escape, _CAPITAL_MARKS),
            r"<\|[A-Za-z_]{2,30}\|>",  # any other token of a chat template that a server let through
        ]
    )
)
_TOKEN_BEGINNING = re.compile(r"<\|[A-Za-z_]{0,30}\|?\Z")
_QUOTES = "`'\"“‘«„"
_ANALYSIS, _FINAL = "analysis", "assistantfinal"
"""How harmony's channels look where a server has removed its tokens: "analysisA greeting is due.assistantfinalHi."."""
_ENDS_IN_FINAL = re.compile(r"assistantfinal")
_THINKERS = re.compile(r"(^|[^a-z0-9])(r1|qwq|thinking|thinker|reasoner|reasoning|deepthink|magistral)([^a-z]|$)")


def may_begin_with_thought(model: str) -> bool:
    """Whether models of that name often begin in a thought that is closed, but was opened in their prompt."""
    return _THINKERS.search(model.lower()) is not None


class ThoughtFilter:
    """Text goes in by pieces, and the answer comes out, without thoughts and the tokens of chat templates.

    Args:
        begins_in_thought: what comes before the first closing mark is thought, although no mark opens it. Without a
            closing mark all of it is the answer, which then comes with `flush`.
    Attributes:
        thinks: whether there was thought.
        closed_unopened: whether a thought was closed after answer that had been let out already: the next answer of
            that model will begin in a thought, too.
    """

    def __init__(self, *, begins_in_thought: bool = False) -> None:
        self.thinks = False
        self.closed_unopened = False
        self._held_back = ""
        self._depth = 0
        self._implicit = begins_in_thought
        self._maybe: list[str] = []
        """Text of a beginning that may be thought, or of what follows the first of two closing marks."""
        self._channel = ""
        self._header: str | None = None
        """Text since the beginning of a harmony header, None outside of one."""
        self._analysis: bool | None = None
        self._said = ""
        self._answer_marks = 0
        """Marks at the beginning of the answer that have not been closed."""
        self._last = ""

    @property
    def in_thought(self) -> bool:
        return self._depth > 0 or self._channel not in ("", "final") or self._analysis is True

    def no_thought_in_text(self) -> None:
        """The server has taken the thoughts out of the text itself: nothing has to be waited for."""
        self._implicit = False

    def push(self, piece: str) -> str:
        """The text of the answer that has become certain with this piece."""
        self._held_back += piece
        if self._analysis is None and not self._is_beginning_known():
            return ""
        answer = ""
        if not self._implicit and self._maybe and self._depth == 0:
            answer = self._release()
        while True:
            if self._analysis:
                answer += self._skip_analysis()
                if self._analysis:
                    return answer
            match = _MARK.search(self._held_back)
            if match is None:
                break
            answer += self._text(self._held_back[: match.start()])
            self._held_back = self._held_back[match.end() :]
            if self._is_quoted():
                answer += self._text(match[0])
            else:
                answer += self._take(_kind(match[0]), match[0])
        keep = _unfinished_mark(self._held_back)
        ready = self._held_back[: len(self._held_back) - keep]
        self._held_back = self._held_back[len(ready) :]
        return answer + self._text(ready)

    def flush(self, *, cut: bool = False) -> str:
        """The text held back, after the last piece.

        Args:
            cut: the answer was ended by its limit: what may have been a thought then was one.
        """
        rest, self._held_back = self._held_back, ""
        if self._analysis is None:
            self._analysis = False
        answer = self._text(rest)
        if cut and (self._implicit or self._depth):
            self.thinks = True
            return ""
        # A closing mark that was awaited in vain: the answer followed an earlier one.
        return answer + self._release() if self._maybe else answer

    def _release(self) -> str:
        text, self._maybe = "".join(self._maybe), []
        self._implicit, self._depth = False, 0
        return self._out(text)

    def _take(self, mark: Mark, text: str) -> str:
        """The answer that becomes certain by a mark."""
        if mark in ("answer", "answer_end"):
            return self._take_answer_mark(mark, text)
        if self._header is not None and mark not in ("message", "drop"):
            self._header = None
        match mark:
            case "open":
                before = self._release() if self._implicit else ""
                self._depth += 1
                self.thinks = True
                self._maybe = []
                return before
            case "close":
                return self._close()
            case "channel" | "turn":
                self._header = ""
            case "message":
                words = (self._header or "").split()
                self._header = None
                self._channel = words[0].lower() if words else self._channel
                self.thinks = self.thinks or self.in_thought
            case "end":
                self._channel = ""
            case "drop" if self._header is not None:
                self._header += " "
            case "drop":
                pass
        return ""

    def _take_answer_mark(self, mark: Mark, text: str) -> str:
        """A mark around the answer is left out where it begins one; elsewhere it is text."""
        before = "".join(self._maybe) if self._implicit else self._said
        if not self.in_thought and mark == "answer" and not before.strip():
            self._answer_marks += 1
            return ""
        if not self.in_thought and mark == "answer_end" and self._answer_marks:
            self._answer_marks -= 1
            return ""
        return self._text(text)

    def _close(self) -> str:
        if self._depth:
            self._depth -= 1
            if self._depth:
                self._maybe = [""]  # the answer, if no other closing mark follows
            else:
                self._maybe = []
            return ""
        if self._implicit:
            self._implicit, self._maybe = False, []
            self.thinks = True
            return ""
        if self._said:
            self.closed_unopened = True
            self.thinks = True
            return "\n\n"
        return ""

    def _text(self, text: str) -> str:
        """The part of a text, without marks, that is answer."""
        if not text:
            return ""
        self._last = text[-1]
        if self._header is not None:
            self._header += text
            return ""
        if self._depth:
            if self._maybe:
                self._maybe.append(text)
            return ""
        if self._channel not in ("", "final"):
            return ""
        if self._implicit:
            self._maybe.append(text)
            return ""
        return self._out(text)

    def _out(self, text: str) -> str:
        text = text if self._said else text.lstrip()
        self._said += text
        return text

    def _is_quoted(self) -> bool:
        """Whether a mark stands in quotation marks or in a block of code: it is spoken of, and opens nothing."""
        if self.in_thought or self._implicit or not self._said:
            return False
        return self._last in _QUOTES or self._said.count("```") % 2 == 1

    # Harmony without its tokens

    def _is_beginning_known(self) -> bool:
        beginning = self._held_back.lstrip()
        if len(beginning) <= len(_ANALYSIS) and _ANALYSIS.startswith(beginning):
            return False
        after = beginning.removeprefix(_ANALYSIS)[:1] if beginning.startswith(_ANALYSIS) else ""
        self._analysis = after.isupper()
        self.thinks = self.thinks or self._analysis
        return True

    def _skip_analysis(self) -> str:
        match = _ENDS_IN_FINAL.search(self._held_back)
        if match is None:
            self._held_back = self._held_back[-len(_FINAL) :]
            return ""
        self._held_back = self._held_back[match.end() :]
        self._analysis = False
        return ""


def _kind(mark: str) -> Mark:
    if mark in _CAPITAL_MARKS:
        return _CAPITAL_MARKS[mark]
    if mark.endswith("/>"):  # a thought without content
        return "drop"
    return _MARKS.get(re.sub(r"\s[^>]*", "", mark.lower()), "drop")


def _unfinished_mark(text: str) -> int:
    """Characters at the end of a text that may be the beginning of a mark."""
    unfinished = _UNFINISHED_ATTRIBUTES.search(text)
    if unfinished:
        return len(unfinished[0])
    for length in range(min(_LONGEST, len(text)), 0, -1):
        tail = text[-length:]
        if tail in _PREFIXES or (tail[0] != "[" and tail.lower() in _PREFIXES):
            return length
    token = _TOKEN_BEGINNING.search(text)
    return len(token[0]) if token else 0
