"""The tool calls of one reply: those that are on the log, and what the next request to the model says of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from bus.events import Event, ReplySentence, ToolCalled, ToolReturned
from services.dialogue.engine import ToolDefinition, ToolExchange

Step: TypeAlias = ReplySentence | ToolCalled | ToolReturned

MAX_CALLS = 6
"""Calls in one reply; then the model has to answer with what it knows."""
INTERRUPTED = "The call was interrupted; it is not known whether it was carried out. It is not repeated."
"""Result of a call that is on the log without one: a tool may do something that must not be done twice."""
_WAITING: Mapping[str, str] = {"en": "One moment, I'll have a look.", "de": "Einen Moment, ich sehe nach."}


def waiting_sentence(language: str) -> tuple[str, str]:
    """What is said while a slow tool is awaited, and the language of that."""
    known = language.lower().split("-")[0]
    return (_WAITING[known], language) if known in _WAITING else (_WAITING["en"], "en")


def recorded_steps(facts: Iterable[tuple[int, Event]], reply: str) -> list[Step]:
    """The sentences, calls and results of a reply that are on the log, in order, each once.

    Sentences that only say that the reply failed are no steps.
    """
    steps: dict[tuple[str, str | int], Step] = {}
    for _, event in facts:
        body = event.body
        if isinstance(body, ReplySentence) and body.reply == reply and not body.notice:
            steps.setdefault(("sentence", body.index), body)
        elif isinstance(body, ToolCalled | ToolReturned) and body.reply == reply:
            steps.setdefault((type(body).__name__, body.call), body)
    return list(steps.values())


class ReplyProgress:
    """A reply as far as it has come.

    Attributes:
        exchanges: all calls that have a result.
        said: the sentences since the newest result, with the white space before them.
        pending: the call without a result.
        calls: all calls.
    """

    def __init__(self) -> None:
        self.exchanges: tuple[ToolExchange, ...] = ()
        self.said: tuple[str, ...] = ()
        self.pending: ToolCalled | None = None
        self.calls = 0

    def add(self, step: Step) -> None:
        """Take the next sentence, call or result."""
        match step:
            case ReplySentence():
                self.said += (step.space_before + step.text,)
            case ToolCalled():
                self.pending = step
                self.calls += 1
            case ToolReturned() if self.pending is not None:
                call, self.pending = self.pending, None
                said, self.said = "".join(self.said).strip(), ()
                self.exchanges += (ToolExchange(call.call, call.name, call.arguments, step.result, said),)
            case _:
                pass

    def next_call_id(self) -> str:
        """Of nine letters and digits, which all servers take."""
        return f"call{self.calls + 1:05d}"

    def offered(self, tools: tuple[ToolDefinition, ...]) -> tuple[ToolDefinition, ...]:
        """The tools of the next request."""
        return tools if self.calls < MAX_CALLS else ()
