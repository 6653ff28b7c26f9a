"""Folds the events of a delivery into its row, and dead letters into failures. Pure."""

from __future__ import annotations

from bus.channel_events import (
    Content,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryProgressed,
    DeliveryQueued,
    DeliveryRetried,
    DeliverySending,
    DeliverySent,
    DeliveryUnknown,
)
from bus.codec import decode_event
from bus.errors import UndecodableEvent
from bus.events import DeadLetter
from projections.analytics.tables import DeliveryRow, FailureRow


class DeliveryFold:
    """The events of one delivery so far."""

    def __init__(self, channel: str, delivery: str) -> None:
        self.channel = channel
        self.delivery = delivery
        self.seq = 0
        self._queued: DeliveryQueued | None = None
        self._content: Content | None = None
        self.began = self._last = 0
        self._sent: int | None = None
        self._status = "queued"
        self._attempts = self._retries = 0
        self._code: str | None = None

    def add(self, seq: int, event: DeliveryEvent) -> None:
        """Take the next event; one of a sequence that was added already changes nothing."""
        if seq <= self.seq:
            return
        self.seq = seq
        self.began, self._last = self.began or event.at, max(self._last, event.at)
        body = event.body
        self._status = str(body.__struct_config__.tag).removeprefix("delivery.")
        match body:
            case DeliveryQueued():
                self._queued, self._content = body, body.content
            case DeliveryRetried():
                self._retries += 1
                self._code, self._content = body.code, body.content or self._content
            case DeliverySending():
                self._attempts = max(self._attempts, body.attempt)
            case DeliverySent():
                self._sent = event.at
            case DeliveryProgressed(status=status):
                self._status = status
            case DeliveryUnknown() | DeliveryFailed():
                self._code = body.code

    def row(self) -> DeliveryRow:
        """The delivery as far as it is known."""
        queued = self._queued
        return DeliveryRow(
            channel=self.channel, delivery=self.delivery,
            conversation=None if queued is None else queued.conversation, turn=None if queued is None else queued.turn,
            content="" if self._content is None else str(self._content.__struct_config__.tag), began=self.began,
            sent=self._sent, last=self._last,
            sent_ms=None if self._sent is None else (self._sent - self.began) / 1000, status=self._status,
            attempts=self._attempts, retries=self._retries, code=self._code,
            notice=queued is not None and bool(queued.notice_of), seq=self.seq,
        )  # fmt: skip


def dead_letter_row(seq: int, letter: DeadLetter) -> FailureRow:
    """A dead letter as a failure."""
    try:
        event = decode_event(letter.data) if letter.stream == "CONVERSATIONS" else None
    except UndecodableEvent:
        event = None
    conversation = letter.subject.split(".")[1] if letter.subject.startswith("conv.") else None
    return FailureRow(
        conversation=conversation, event=f"dead-{seq}", kind="dead_letter", turn=None if event is None else event.turn,
        began=letter.at, service=letter.service, code=letter.code, deliveries=letter.deliveries, seq=seq,
    )  # fmt: skip
