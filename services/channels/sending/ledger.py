"""Writes the steps of deliveries, each by compare-and-swap: of two processes, one writes it and the other looks again.

The states and the steps between them are in `services/channels/sending/delivery.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing, suppress

from cachetools import FIFOCache

from bus import clock, codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.channel_events import (
    DeliveryBody,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryProgressed,
    DeliverySent,
)
from bus.dropped import drop
from bus.errors import BusError, Conflict, InvalidInput, UndecodableEvent
from bus.events import DeadLetter
from bus.log import streams
from bus.log.event_log import EventLog, Record
from bus.stamping import new_delivery_event
from bus.work.executor import is_log_unavailable
from projections.deliveries import Delivery, fold, may_follow
from services.channels.channel import Progress

log = logging.getLogger(__name__)

SENDER = "sender"
"""Name of the sender's consumers, and of the service in its dead letters."""
_REMEMBERED = 20_000
"""Messages of a channel that are found by the channel's own id."""


class Ledger:
    """The deliveries on the log.

    Args:
        now: gives the time in microseconds since 1970.
    """

    def __init__(self, event_log: EventLog, *, now: Callable[[], int] = clock.now) -> None:
        self._event_log = event_log
        self._now = now
        self._indices: dict[str, _Index] = {}

    async def load(self, channel: str, delivery: str) -> Delivery | None:
        """The delivery as it is now; None if there is none."""
        found: Delivery | None = None
        subject = subjects.delivery(channel, delivery)
        async with aclosing(self._event_log.read(streams.DELIVERIES, subject)) as records:
            async for record in records:
                event = _decode_or_warn(record)
                if event is not None:
                    found = fold(found, record.sequence, event)
        return found

    async def load_queued(self, record: Record) -> Delivery | None:
        """The delivery whose `delivery.queued` is this message, as it is now; most have no other event yet.

        Raises:
            UndecodableEvent: it is no event of a delivery.
        """
        event = codec.decode_delivery_event(record.data)
        newest = await self._event_log.last_message(subjects.delivery_event(event))
        if newest is not None and newest.sequence == record.sequence:
            return fold(None, record.sequence, event)
        return await self.load(event.channel, event.delivery)

    async def step(self, delivery: Delivery, body: DeliveryBody, *, event_id: str | None = None) -> Delivery:
        """Write the next event of a delivery; returns the delivery after it.

        Raises:
            Conflict: it has another newest event by now.
        """
        assert may_follow(delivery, body), f"{type(body).__name__} in state {delivery.state}"
        # A random id: with the same one of two processes, the server would take the second for a repeat of the first.
        event = new_delivery_event(body, channel=delivery.channel, delivery=delivery.id, event_id=event_id)
        sequence = await self._event_log.append_delivery(event, after=delivery.seq)
        after = fold(delivery, sequence, event)
        assert after is not None
        return after

    async def record(self, delivery: Delivery, body: DeliveryBody, *, same_attempt: bool = True) -> Delivery | None:
        """Write what became of a call, whatever other processes have written meanwhile, and however long NATS is away.

        Args:
            same_attempt: only if nobody has tried to send it again meanwhile.
        Returns:
            The delivery after it; None where the event may not follow any more.
        """
        current: Delivery | None = delivery
        while current is not None and may_follow(current, body):
            if same_attempt and current.attempt != delivery.attempt:
                return None
            try:
                return await self.step(current, body)
            except Conflict:
                current = await self._load_again(delivery)
            except BusError as error:
                if not is_log_unavailable(error):
                    raise
                # What is known now is not known to anybody else: to forget it might double the message.
                raise_if_cancelled()
                log.warning("the outcome cannot be written yet", extra={"why": error.detail})
                await asyncio.sleep(0.5)
        return None

    async def _load_again(self, delivery: Delivery) -> Delivery | None:
        while True:
            try:
                return await self.load(delivery.channel, delivery.id)
            except BusError as error:
                if not error.retryable:
                    raise
                raise_if_cancelled()
                await asyncio.sleep(0.5)

    # what channels tell later

    async def apply_progress(self, channel: str, progress: Progress) -> None:
        """Write what a channel tells of a message of ours. Repeated and outdated news change nothing, nor do those of
        messages that are not ours."""
        delivery: Delivery | None = None
        with suppress(InvalidInput):  # the id is none of ours
            delivery_id = progress.delivery or await self._delivery_of(channel, progress.message)
            delivery = await self.load(channel, delivery_id) if delivery_id else None
        if delivery is None:
            log.info("news of an unknown message", extra={"channel": channel, "status": progress.status})
            return
        if progress.status == "failed":
            code, detail = progress.code or "failed", progress.detail or "the channel does not say why"
            failed = await self.record(delivery, DeliveryFailed(code=code, detail=detail))
            if failed is not None and failed.message:
                await self._publish_dead_letter(failed)  # of those that were never sent, the sender does
            return
        known = await self.record(delivery, DeliverySent(message=progress.message), same_attempt=False)
        if progress.status != "sent":
            await self.record(known or delivery, DeliveryProgressed(status=progress.status), same_attempt=False)

    async def _delivery_of(self, channel: str, message: str) -> str:
        """Our id of a message of which the channel tells its own."""
        index = self._indices.setdefault(channel, _Index())
        async with index.lock:
            subject = subjects.deliveries_of(channel)
            if await self._event_log.last_sequence(streams.DELIVERIES) < index.read_up_to:
                index.read_up_to = 0  # the stream was made again
            async with aclosing(self._event_log.read(streams.DELIVERIES, subject, after=index.read_up_to)) as records:
                async for record in records:
                    index.read_up_to = record.sequence
                    event = _decode_or_warn(record)
                    if event is not None and isinstance(event.body, DeliverySent):
                        index.delivery_of[event.body.message] = event.delivery
        return index.delivery_of.get(message, "")

    async def _publish_dead_letter(self, delivery: Delivery) -> None:
        subject = subjects.delivery(delivery.channel, delivery.id)
        async with aclosing(self._event_log.read(streams.DELIVERIES, subject)) as records:
            queued = await anext(records)
        letter = DeadLetter(
            at=self._now(), stream=streams.DELIVERIES, sequence=queued.sequence, subject=subject, service=SENDER,
            code=delivery.code, detail=delivery.detail, deliveries=delivery.attempt, data=queued.data,
        )  # fmt: skip
        await self._event_log.publish_dead_letter(letter, requeue_sequence=delivery.seq)


class _Index:
    """Deliveries of a channel by the channel's id of the message."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.read_up_to = 0
        self.delivery_of: FIFOCache[str, str] = FIFOCache(_REMEMBERED)


def _decode_or_warn(record: Record) -> DeliveryEvent | None:
    try:
        return codec.decode_delivery_event(record.data)
    except UndecodableEvent as error:
        drop("undecodable", subject=record.subject, sequence=record.sequence, why=error.detail)
        return None
