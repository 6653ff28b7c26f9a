"""The written messages that are not answered yet: a person, and an address, may have so many at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from bus import codec, subjects
from bus.errors import UndecodableEvent
from bus.events import (
    CommandRecognised,
    ConversationErasureRequested,
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
from services.command_phrases import UNANSWERED
from services.gateway.web.limits import Client, Shares

_FORGOTTEN = 120.0
"""Seconds without a fact of the answer after which a message no longer counts: what should answer it does not work."""


@dataclass
class _Unanswered:
    give_back: Callable[[], None]
    since: float
    """When the newest message was sent, or the newest fact of its answer came."""
    sending: int = 0
    """Messages that are being sent."""
    turn: str | None = None
    """Of the newest message; None: none is on the log yet."""
    unspoken: set[int] = field(default_factory=set)
    """Sentences of its answer that are written and not made sound of, by index."""
    is_written: bool = False
    """Whether the answer is written to its end."""
    is_answered: bool = True
    """Whether nothing is left to be done for the newest message; so it is while there is none."""

    def see(self, event: Event) -> bool:
        """Take a fact of the conversation into account; returns whether it has to do with the newest message."""
        if isinstance(event.body, ConversationErasureRequested):
            self.is_answered = True
            return True
        if isinstance(event.body, MessageReceived):
            self.turn, self.unspoken, self.is_written, self.is_answered = event.turn, set(), False, False
        if event.turn != self.turn:
            return False
        match event.body:
            case ReplyFailed() | ReplyInterrupted() | ReplyMerged():
                self.is_answered = True
            case CommandRecognised(name=name) if name in UNANSWERED:
                self.is_answered = True
            case ReplySentence(index=index, spoken_text=spoken_text) if spoken_text != "":
                self.unspoken.add(index)
            case SpeechEnded(index=index) | SpeechFailed(index=index):
                self.unspoken.discard(index)
            case ReplyEnded():
                self.is_written = True
        self.is_answered = self.is_answered or (self.is_written and not self.unspoken)
        return True


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
        """By conversation, in the order of `since`."""

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
            if waiting.see(codec.decode_event(record.data)):
                waiting.since = self._clock()
                self._waiting[conversation] = self._waiting.pop(conversation)
                self._forget_if_answered(conversation)

    def _forget_if_answered(self, conversation: str) -> None:
        waiting = self._waiting.get(conversation)
        # An answer that ends while a message is sent was interrupted for that.
        if waiting is not None and waiting.is_answered and not waiting.sending:
            self._forget(conversation)

    def _forget(self, conversation: str) -> None:
        self._waiting.pop(conversation).give_back()
