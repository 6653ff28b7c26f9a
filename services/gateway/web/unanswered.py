"""The written messages whose answer has not begun: a person, and an address, may have so many at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bus import codec, subjects
from bus.errors import UndecodableEvent
from bus.events import MessageReceived, ReplyEnded, ReplyFailed, ReplyInterrupted, ReplyMerged, SpeechStarted
from bus.log.records import Record
from services.gateway.web.limits import Client, Shares

_FORGOTTEN = 120.0
"""Seconds after which a message no longer counts: whatever should have answered it does not work."""


@dataclass
class _Unanswered:
    give_back: Callable[[], None]
    since: float
    turn: str | None = None
    """Of the newest message; None: it is not on the log yet."""


class UnansweredMessages:
    """Counts a conversation from its message until the answer's first sound: what a worker has waiting from one
    address is bounded, however many persons there are at it.

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
        give_back = earlier.give_back if earlier else self._shares.take("answers", client)
        own = self._waiting[conversation] = _Unanswered(give_back, now, earlier.turn if earlier else None)
        try:
            yield
        except BaseException:
            if self._waiting.get(conversation) is own and not own.turn:
                self._forget(conversation)
            raise

    def see(self, record: Record) -> None:
        """Take a record of the log into account."""
        conversation = subjects.conversation_of(record.subject)
        waiting = self._waiting.get(conversation)
        if waiting is None:
            return
        try:
            event = codec.decode_event(record.data)
        except UndecodableEvent:
            return  # counted and logged by the read model
        if isinstance(event.body, MessageReceived):
            waiting.turn = event.turn
        elif event.turn == waiting.turn and _ends_the_wait(event.body):
            self._forget(conversation)

    def _forget(self, conversation: str) -> None:
        self._waiting.pop(conversation).give_back()


def _ends_the_wait(body: object) -> bool:
    """Whether the answer has begun to be heard, or there will be nothing to hear."""
    if isinstance(body, ReplyEnded):
        return body.sentences == 0
    return isinstance(body, SpeechStarted | ReplyFailed | ReplyInterrupted | ReplyMerged)
