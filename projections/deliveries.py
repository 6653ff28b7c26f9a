"""The state of a message that is sent to a person, folded from its events on `DELIVERIES`. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bus.channel_events import (
    Content,
    DeliveryBody,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryGivenUp,
    DeliveryProgressed,
    DeliveryQueued,
    DeliveryRetried,
    DeliverySending,
    DeliverySent,
    DeliveryStatus,
    DeliveryUnknown,
    DeliveryUploading,
)

State: TypeAlias = Literal["queued", "uploading", "sending", "unknown", "sent", "given_up", "failed"]

ALLOWED: dict[State, frozenset[type[DeliveryBody]]] = {
    "queued": frozenset({DeliveryUploading, DeliverySending, DeliveryRetried, DeliveryFailed}),
    # Uploading again: the process ended meanwhile, and the person sees nothing of an upload.
    "uploading": frozenset({DeliveryUploading, DeliverySending, DeliveryRetried, DeliveryFailed}),
    "sending": frozenset({DeliverySent, DeliveryRetried, DeliveryUnknown, DeliveryFailed}),
    # Sending again: only where the channel would have told of the message. Retried: its sender knows after all.
    "unknown": frozenset({DeliverySent, DeliverySending, DeliveryRetried, DeliveryGivenUp, DeliveryFailed}),
    "sent": frozenset({DeliveryProgressed, DeliveryFailed}),
    # Its sender, or the channel, knows after all.
    "given_up": frozenset({DeliverySent}),
    # Only by an act of the operator.
    "failed": frozenset({DeliveryRetried}),
}
"""The events that may follow in each state."""

REQUEUED = "requeued"
"""Code of `DeliveryRetried` where the operator has put a dead letter back."""
_RANK: dict[DeliveryStatus | None, int] = {None: 0, "delivered": 1, "read": 2, "played": 3}


class Delivery(Struct, frozen=True, kw_only=True):
    """A message on its way to a person."""

    channel: str
    id: str
    queued: DeliveryQueued
    content: Content
    """What is sent now: the queued content, or a text in its place."""
    seq: int
    """Stream sequence of its newest event."""
    state: State = "queued"
    since: int
    """When it was queued, or put back by the operator; microseconds since 1970, as are all times here."""
    changed_at: int
    """When its newest event was made."""
    not_before: int = 0
    tries: int = 0
    """How often it was certainly not sent, since it was queued or put back."""
    attempt: int = 0
    """Calls that may have sent it."""
    media: str = ""
    """The channel's id of its uploaded media."""
    message: str = ""
    """The channel's id of it, once it is sent."""
    status: DeliveryStatus | None = None
    code: str = ""
    """Why it was not sent, or not for certain."""
    detail: str = ""
    requeues: frozenset[str] = frozenset()
    """Ids of the events by which the operator has put it back."""


def may_follow(delivery: Delivery, body: DeliveryBody) -> bool:
    """Whether an event may follow now; one that tells nothing new may not."""
    if type(body) not in ALLOWED[delivery.state]:
        return False
    if isinstance(body, DeliveryProgressed):
        return _RANK[body.status] > _RANK[delivery.status]
    if isinstance(body, DeliveryRetried) and delivery.state == "failed":
        return body.code == REQUEUED
    return True


def fold(delivery: Delivery | None, seq: int, event: DeliveryEvent) -> Delivery | None:
    """The delivery after this event. An event that may not follow changes nothing but the sequence.

    Args:
        delivery: None before the first event.
    """
    body = event.body
    if delivery is None:
        if not isinstance(body, DeliveryQueued):
            return None
        return Delivery(
            channel=event.channel, id=event.delivery, queued=body, content=body.content, seq=seq,
            since=event.at, changed_at=event.at,
        )  # fmt: skip
    if not may_follow(delivery, body):
        return replace(delivery, seq=seq)
    return _apply(replace(delivery, seq=seq, changed_at=event.at), event)


def _apply(delivery: Delivery, event: DeliveryEvent) -> Delivery:
    match event.body:
        case DeliveryRetried(code=code, detail=detail, not_before=not_before, content=content):
            again = replace(
                delivery, state="queued", code=code, detail=detail, not_before=not_before, tries=delivery.tries + 1
            )
            if content is not None:
                again = replace(again, content=content, media="")
            if code == REQUEUED:
                requeues = delivery.requeues | {event.id}
                again = replace(again, requeues=requeues, since=event.at, tries=0, attempt=0)
            return again
        case DeliveryUploading():
            return replace(delivery, state="uploading")
        case DeliverySending(attempt=attempt, media=media):
            return replace(delivery, state="sending", attempt=attempt, media=media)
        case DeliverySent(message=message):
            return replace(delivery, state="sent", message=message)
        case DeliveryProgressed(status=status):
            return replace(delivery, status=status)
        case DeliveryUnknown(code=code, detail=detail):
            return replace(delivery, state="unknown", code=code, detail=detail)
        case DeliveryGivenUp(detail=detail):
            return replace(delivery, state="given_up", detail=detail)
        case DeliveryFailed(code=code, detail=detail):
            return replace(delivery, state="failed", code=code, detail=detail)
    return delivery
