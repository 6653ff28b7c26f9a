"""Reads one answer of a model server: from the bytes of its body to text without the model's reasoning. Pure."""

from __future__ import annotations

import re

from services.dialogue.engine import Tokens, ToolCall
from services.dialogue.openai.chunks import Chunk, Problem, read_chunk
from services.dialogue.openai.event_stream import EndMark, ErrorText, EventStreamReader, Garbled, Item
from services.dialogue.openai.surrogates import SurrogateJoiner, valid_text, without_control_characters
from services.dialogue.openai.thoughts import ThoughtFilter

_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<(title|h1)\b[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)


_MAX_GARBLED = 2
"""Pieces that cannot be read and are passed over, in one answer."""


class AnswerReader:
    """One answer. Ends with an end mark, a reason for its end, or, by the caller's word, with the body.

    Some servers name a reason for the end in every chunk, so text that comes after it still belongs to the answer. A
    piece that cannot be read is passed over where the answer goes on or ends after it.

    Args:
        begins_in_thought: see `ThoughtFilter`.
    Attributes:
        text: all answer let out so far.
        finish: why the answer ended: stop, length, refused, broken; "" while it goes on.
        reason: the server's word for that.
        problem: the error that the server reported before the end of the answer.
        refusal: whether the text is the model's refusal in words.
        tokens: what the answer took, as far as the server has told it.
    """

    def __init__(self, *, begins_in_thought: bool = False) -> None:
        self.text = ""
        self.finish = ""
        self.reason = ""
        self.problem: Problem | None = None
        self.refusal = False
        self.ended = False
        self.tokens = Tokens()
        self._events = EventStreamReader()
        self._surrogates = SurrogateJoiner()
        self._thoughts = ThoughtFilter(begins_in_thought=begins_in_thought)
        self._calls: dict[int | str, list[str]] = {}
        """Name and arguments of each call, by its place."""
        self._raw = ""
        self._thought_beside = False
        self._unread: list[str] = []
        """The beginnings of the pieces that could not be read."""
        self._unread_last = False
        self._body_ended = False

    @property
    def complete(self) -> bool:
        """Whether the server has said that its answer is over."""
        return self.ended or bool(self.finish)

    @property
    def garbled(self) -> str:
        """The beginning of what cannot be read, where that breaks the answer: it is the end of the body, all that
        came, or too much; else ""."""
        is_cut = self._body_ended and not self.complete and self._unread_last
        is_all = (self._body_ended or self.complete) and not self.begun
        return self._unread[-1] if self._unread and (is_cut or is_all or len(self._unread) > _MAX_GARBLED) else ""

    @property
    def thinks(self) -> bool:
        """Whether thought has come, in the text or beside it."""
        return self._thought_beside or self._thoughts.thinks

    @property
    def begun(self) -> bool:
        """Whether text or thought has come: the model is at work."""
        return bool(self._raw or self._calls) or self._thought_beside

    @property
    def closed_unopened(self) -> bool:
        """See `ThoughtFilter`."""
        return self._thoughts.closed_unopened

    @property
    def calls(self) -> list[ToolCall]:
        """The calls of tools that the model asks for, so far."""
        return [
            ToolCall(valid_text(name), valid_text(arguments).strip() or "{}")
            for name, arguments in self._calls.values()
            if name
        ]

    def push(self, received: bytes) -> str:
        """The text of the answer that has become certain with these bytes."""
        return self._read(self._events.push(received))

    def finish_body(self) -> str:
        """The text that has become certain with the end of the body."""
        text = self._read(self._events.finish())
        self._body_ended = True
        return text

    def flush(self) -> str:
        """The text held back until the answer was complete."""
        cut = self.finish == "length"
        return self._out(self._thoughts.push(self._surrogates.flush()) + self._thoughts.flush(cut=cut))

    def _read(self, items: object) -> str:
        text = ""
        for item in items:  # type: ignore[attr-defined]
            if self.ended or self.problem or self.garbled:
                break
            text += self._take(item)
        return self._out(text)

    def _out(self, text: str) -> str:
        self.text += text
        return text

    def _take(self, item: Item) -> str:
        match item:
            case EndMark():
                self.ended = True
            case ErrorText(text=text):
                self._report(Problem(plain(text)))
            case Garbled(text=text):
                if not self.complete:
                    self._unread.append(text[:200])
                    self._unread_last = True
            case dict():
                self._unread_last = False
                return self._take_chunk(read_chunk(item))
        return ""

    def _take_chunk(self, chunk: Chunk) -> str:
        if chunk.problem is not None:
            self._report(chunk.problem)
            return ""
        # Some servers count along in every chunk.
        self.tokens = Tokens(
            max(self.tokens.prompt, chunk.prompt_tokens), max(self.tokens.reply, chunk.reply_tokens)
        )
        if chunk.thinks:
            self._thought_beside = True
            self._thoughts.no_thought_in_text()
        for part in chunk.calls:
            call = self._calls.setdefault(part.place, ["", ""])
            call[0] = call[0] or part.name
            call[1] += part.arguments
        new = self._new_part(chunk)
        self._raw += new
        if chunk.refusal:
            self.refusal = True
            new += chunk.refusal
            self._raw += chunk.refusal
        if chunk.finish and not self.finish:
            self.finish, self.reason = chunk.finish, chunk.reason
        return self._thoughts.push(without_control_characters(self._surrogates.push(new))) if new else ""

    def _new_part(self, chunk: Chunk) -> str:
        """The part of a chunk's text that is new: some servers repeat all of the answer so far."""
        if not chunk.whole or not self._raw or not chunk.text.startswith(self._raw):
            return chunk.text
        repeated = len(chunk.text) > len(self._raw) or chunk.finish or self.finish
        return chunk.text[len(self._raw) :] if repeated else chunk.text

    def _report(self, problem: Problem) -> None:
        """Note an error; after the end of the answer it does not matter any more."""
        if not self.complete:
            self.problem = problem


def plain(text: str) -> str:
    """The words of an error that is no JSON: of a web page its title."""
    if not text.lstrip().startswith("<"):
        return " ".join(text.split())
    title = _TITLE.search(text)
    words = _TAGS.sub(" ", title[2] if title else text)
    return f'a web page, "{" ".join(words.split())[:120]}"'
