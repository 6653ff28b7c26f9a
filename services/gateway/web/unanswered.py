"""The written messages that are not answered yet: a person, and an address, may have so many at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from bus import codec, subjects
from bus.errors import UndecodableEvent
from bus.events import (
    Event,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    ReplySentence,
    SpeechEnded,
    SpeechFailed,
)
from bus.log.records import Record
from services.gateway.web.limits import Client, Shares

_FORGOTTEN = 120.0
"""Seconds after which a message no longer counts: whatever should have answered it does not work."""


@dataclass
class _Unanswered:
    give_back: Callable[[], None]
    since: float
    sending: int = 0
    """Messages that are being sent."""
    turn: str | None = None
    """Of the newest message; None: none is on the log yet."""
    unspoken: int = 0
    """Sentences of its answer that are written and not made sound of."""
    is_written: bool = False
    """Whether the answer is written to its end."""
    is_answered: bool = True
    """Whether nothing is left to be done for the newest message; so it is while there is none."""

    def see(self, event: Event) -> None:
        """Take a fact of the conversation into account."""
        if isinstance(event.body, MessageReceived):
            self.turn, self.unspoken, self.is_written, self.is_answered = event.turn, 0, False, False
        if event.turn != self.turn:
            return
        match event.body:
            case ReplyFailed() | ReplyInterrupted() | ReplyMerged():
                self.is_answered = True
            case ReplySentence(spoken_text=spoken_text):
                self.unspoken += spoken_text != ""
            case SpeechEnded() | SpeechFailed():
                self.unspoken -= 1
            case ReplyEnded():
                self.is_written = True
        self.is_answered = self.is_answered or (self.is_written and self.unspoken <= 0)


class UnansweredMessages:
    """Counts a conversation from its message until the sound of the whole answer is made: what workers have waiting
    from one address is bounded, however many persons there are at it, and however slow the voice is.

    Args:
        shares: have a kind "answers".
        clock: seconds that never go back.
    """

    def __init__(self, shares: Shares, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._shares, self._clock = shares, clock
        self._waiting: dict[str, _Unanswered] = {}
        """By conversation, the oldest first."""

    @contextmanager
    def sending(self, client: Client, conversation: str) -> Iterator[None]:
        """Count the conversation's message, for as long as it is sent and until it is answered.

        A conversation counts once: of several messages the newest one is answered.

        Raises:
            TooMany: too many conversations wait for an answer already.
        """
        now = self._clock()
        while self._waiting and next(iter(self._waiting.values())).since < now - _FORGOTTEN:
            self._forget(next(iter(self._waiting)))
        earlier = self._waiting.pop(conversation, None)
        waiting = earlier or _Unanswered(self._shares.take("answers", client), now)
        waiting.since = now
        self._waiting[conversation] = waiting
        waiting.sending += 1
        try:
            yield
        finally:
            waiting.sending -= 1
            self._forget_if_answered(conversation)

    def see(self, record: Record) -> None:
        """Take a record of the log into account."""
        conversation = subjects.conversation_of(record.subject)
        waiting = self._waiting.get(conversation)
        if waiting is None:
            return
        with suppress(UndecodableEvent):  # counted and logged by the read model
            waiting.see(codec.decode_event(record.data))
            self._forget_if_answered(conversation)

    def _forget_if_answered(self, conversation: str) -> None:
        waiting = self._waiting.get(conversation)
        # An answer that ends while a message is sent was interrupted for that.
        if waiting is not None and waiting.is_answered and not waiting.sending:
            self._forget(conversation)

    def _forget(self, conversation: str) -> None:
        self._waiting.pop(conversation).give_back()
