"""Shortens prompts to a model's context length, which is known only once the model has refused one. Pure."""

from __future__ import annotations

import re
from typing import Any

from services.dialogue.engine import ChatRequest
from services.dialogue.prompt import chat_messages

_NUMBER = re.compile(r"\b\d{2,9}\b")
_STEP = 0.7
"""How much of a refused prompt is tried next, where the refusal has no numbers."""
_MARGIN = 0.9
"""How much of what fits by the numbers is used: the next words of a conversation have other lengths in tokens."""


class PromptFitter:
    """Makes the messages of a prompt, for one model; remembers how long they may be.

    Args:
        history_characters: the length of the history, as long as the model does not refuse it.
    """

    def __init__(self, history_characters: int) -> None:
        self._history_characters = history_characters
        self._limit: int | None = None
        """Characters of a whole prompt that the model has not refused."""

    def messages(self, request: ChatRequest) -> list[dict[str, Any]]:
        """The prompt of a request; the oldest messages are left out where all are too long."""
        if self._limit is None:
            return chat_messages(request, self._history_characters)
        without_history = _length(chat_messages(request, 0))
        return chat_messages(request, max(0, min(self._history_characters, self._limit - without_history)))

    def shorten(self, request: ChatRequest, refusal: str) -> bool:
        """Make the next prompts shorter than the one of this request; returns False if it has no history to leave out.

        Args:
            refusal: the server's words; numbers of tokens in them say how much shorter.
        """
        sent, least = _length(self.messages(request)), _length(chat_messages(request, 0))
        if sent <= least:
            return False
        self._limit = min(int(sent * _factor(refusal)), sent - 1)
        return True


def _length(messages: list[dict[str, Any]]) -> int:
    return sum(len(message["content"]) for message in messages)


def _factor(refusal: str) -> float:
    """The part of a refused prompt that fits, by the limit and the length in the server's words."""
    numbers = sorted({int(number) for number in _NUMBER.findall(refusal)})
    if len(numbers) < 2:
        return _STEP
    limit, requested = numbers[-2:]
    return limit / requested * _MARGIN if limit / requested > 0.1 else _STEP
