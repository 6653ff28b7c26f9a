"""Sends the queued messages, each once: the steps from `delivery.queued` to its end.

A step is written before and after each call that the person could see the effect of. So a process that takes over
knows what may have happened: a message whose call was begun and whose outcome is lost is sent again only where the
channel would have told of it, else given up, and the person gets a notice with a link instead.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from bus import clock, codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.channel_events import (
    Content,
    DeliveryFailed,
    DeliveryGivenUp,
    DeliveryQueued,
    DeliveryRetried,
    DeliverySending,
    DeliverySent,
    DeliveryUnknown,
    DeliveryUploading,
    TextContent,
)
from bus.errors import BusError, Conflict, VisavisError
from bus.ids import derive_id
from bus.log import streams
from bus.log.event_log import EventLog, Record
from bus.process.drain import Drain
from bus.process.metrics import Metrics
from bus.work.stream_worker import StreamItem, StreamWork, StreamWorker
from projections.deliveries import REQUEUED, Delivery
from projections.people_reader import PeopleReader
from services.channels.channel import Channel, NotSent, OutcomeUnknown, Outgoing, Progress, Refused
from services.channels.phrases import phrase
from services.channels.sending.ledger import SENDER, Ledger
from services.channels.sending.outgoing import MakeMedia, NoMedia, suited
from services.channels.sending.pace import Pace
from services.channels.sending.patience import PATIENCE, Patience
from services.channels.sending.reachability import links_with, mark_unreachable
from services.channels.text_parts import split_text

log = logging.getLogger(__name__)

_SECOND = 1_000_000


class Sender:
    """Sends the messages of the configured channels; one process does so at a time.

    Args:
        people: running; who is told to be unreachable.
        now: gives the time in microseconds since 1970.
        drain: when it begins, the calls that are begun are finished.
    """

    def __init__(
        self,
        event_log: EventLog,
        channels: Sequence[Channel],
        people: PeopleReader,
        make_media: MakeMedia,
        *,
        metrics: Metrics | None = None,
        patience: Patience = PATIENCE,
        now: Callable[[], int] = clock.now,
        drain: Drain | None = None,
    ) -> None:
        self.ledger = Ledger(event_log, now=now)
        self._event_log = event_log
        self._channels = channels
        self._people = people
        self._make_media = make_media
        self._metrics = metrics or Metrics(SENDER)
        self._patience = patience
        self._now = now
        self._paces: dict[tuple[str, str], Pace] = {}
        self._begun: dict[str, str] = {}
        """Lane by the id of each delivery that this process has begun to work on and that is not over."""
        work = StreamWork(
            name=SENDER, stream=streams.DELIVERIES, subjects=(subjects.ALL_DELIVERIES,), key=self._lane_of,
            handle=self._handle, concurrency=16, lease=patience.lease,
        )  # fmt: skip
        self.worker = StreamWorker(event_log, work, self._metrics, drain=drain)

    async def run(self) -> None:
        """Send until cancelled. The caller sees to it that no other process does."""
        await self.worker.run()

    async def apply_progress(self, channel: str, progress: Progress) -> None:
        """See `Ledger.apply_progress`. The sender learns of it from the log, in whichever process it runs."""
        await self.ledger.apply_progress(channel, progress)

    def _lane_of(self, record: Record) -> str | None:
        """Messages to the same chat go one after the other; other events than `delivery.queued` are no work."""
        event = codec.decode_delivery_event(record.data)
        if isinstance(event.body, DeliveryQueued):
            return f"{event.channel}/{event.body.account}/{event.body.chat}"
        if event.delivery in self._begun:
            self.worker.wake(self._begun[event.delivery])  # it may wait for this news
        return None

    async def _handle(self, item: StreamItem) -> float | None:
        """Do what can be done for a message now; returns the seconds after which to go on, None: it is over."""
        event = codec.decode_delivery_event(item.record.data)
        while True:
            raise_if_cancelled()
            try:
                delivery = await self.ledger.load_queued(item.record)
                if delivery is None:
                    return None  # erased meanwhile
                wait = await self._advance(item, delivery)
            except Conflict:
                # Another process, or news of the channel, came first. Two processes must not go on in step.
                await asyncio.sleep(random.uniform(0.02, 0.2))
                continue
            except VisavisError as error:
                if not error.retryable:
                    self._begun.pop(event.delivery, None)
                raise
            if wait is None:
                self._begun.pop(event.delivery, None)
            return wait

    async def _advance(self, item: StreamItem, delivery: Delivery) -> float | None:
        was_begun = delivery.id in self._begun or item.deliveries > 1
        self._begun[delivery.id] = self._lane_of(item.record) or ""
        match delivery.state:
            case "sent":
                return None
            case "given_up":
                await self._queue_notice(delivery)  # the process may have ended before
                return None
            case "failed":
                again = derive_id(delivery.id, REQUEUED, item.requeued)
                if item.requeued and again not in delivery.requeues:
                    retried = DeliveryRetried(code=REQUEUED, detail="put back by the operator", not_before=self._now())
                    await self.ledger.step(delivery, retried, event_id=again)
                    return 0.0
                if was_begun:
                    # The process ended before it was put aside, or the channel told of it meanwhile.
                    raise VisavisError(delivery.detail, code=delivery.code)
                return None
            case "queued" | "uploading":
                return await self._send(delivery)
            case "sending":
                return await self._take_over(delivery)
            case "unknown":
                return await self._decide_unknown(delivery)

    # outcomes that nobody knows

    async def _take_over(self, delivery: Delivery) -> float:
        """Another process has begun to send it, and has not told how that ended."""
        wait = self._until(delivery.changed_at, self._patience.for_another)
        if wait > 0:
            return wait
        await self._unknown(delivery, "process_ended", "the process ended while it was sent")
        return 0.0

    async def _unknown(self, delivery: Delivery, code: str, detail: str) -> None:
        if await self.ledger.record(delivery, DeliveryUnknown(code=code, detail=detail)) is not None:
            self._metrics.count_delivery(delivery.channel, "unknown")

    async def _decide_unknown(self, delivery: Delivery) -> float | None:
        channel = self._channel_of(delivery)
        if channel is None or not channel.capabilities.proves_delivery:
            await self._give_up(delivery, f"not sent again, because it might come twice; {delivery.detail}")
            return None
        wait = self._until(delivery.changed_at, self._patience.for_proof)
        if wait > 0:
            return wait
        if delivery.attempt >= self._patience.most_attempts:
            await self._give_up(delivery, f"the channel told nothing of {delivery.attempt} attempts")
            return None
        return await self._send(delivery)

    async def _give_up(self, delivery: Delivery, detail: str) -> None:
        delivery = await self.ledger.step(delivery, DeliveryGivenUp(detail=detail))
        self._metrics.count_delivery(delivery.channel, "given_up")
        log.warning("outcome unknown", extra={"delivery": delivery.id, "channel": delivery.channel})
        await self._queue_notice(delivery)

    async def _queue_notice(self, delivery: Delivery) -> None:
        queued = delivery.queued
        if queued.notice_of:
            return
        links = links_with(self._people.people, delivery.channel, queued.account, queued.chat)
        language = links[0].language if links else ""
        text = phrase("not_arrived_link" if queued.link else "not_arrived", language, link=queued.link)
        notice = replace(queued, content=TextContent(text=text), reply_to="", link="", notice_of=delivery.id)
        await self._event_log.queue_delivery(delivery.channel, derive_id(delivery.id, "notice"), notice)

    # sending

    async def _send(self, delivery: Delivery) -> float | None:
        channel = self._channel_of(delivery)
        if channel is None:
            account = f"{delivery.channel} {delivery.queued.account}"
            return await self._fail(delivery, "not_configured", f"{account} is not configured")
        if self._until(delivery.since, self._patience.oldest) <= 0:
            hours = self._patience.oldest / 3600
            return await self._fail(delivery, "too_late", f"it could not be sent for {hours:g} hours")
        pace, chat = self._pace_of(channel), delivery.queued.chat
        now = self._loop_time()
        wait = max((delivery.not_before - self._now()) / _SECOND, pace.wait_for_chat(chat, now))
        if wait > 0 or (wait := pace.wait_for_account(now)) > 1:
            return wait
        content = suited(delivery.content, channel.capabilities)
        if isinstance(content, TextContent) and len(content.text) > channel.capabilities.longest_text:
            return await self._send_in_parts(delivery, content, channel.capabilities.longest_text)
        try:
            delivery, outgoing = await self._prepare(delivery, channel, content)
        except NotSent as error:
            return await self._retry(delivery, channel, error)
        except Refused as error:
            return await self._refused(delivery, error)
        except NoMedia as error:
            if delivery.state == "unknown":
                await self._give_up(delivery, f"it cannot be made again: {error.problem.detail}")
                return None
            return await self._retry_media(delivery, error.problem)
        await asyncio.sleep(pace.reserve(chat, self._loop_time()))
        sending = DeliverySending(attempt=delivery.attempt + 1, media=outgoing.uploaded)
        delivery = await self.ledger.step(delivery, sending)
        return await self._finish(asyncio.create_task(self._call(delivery, channel, outgoing)))

    async def _finish(self, calling: asyncio.Task[float | None]) -> float | None:
        """The result of a call; where this process has to stop, the call gets some seconds to end."""
        try:
            return await asyncio.shield(calling)
        except asyncio.CancelledError:
            await asyncio.wait((calling,), timeout=self._patience.at_the_end)
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
            raise

    async def _call(self, delivery: Delivery, channel: Channel, outgoing: Outgoing) -> float | None:
        """Send it, and write what became of it."""
        if self._until(delivery.changed_at, self._patience.to_begin) <= 0:
            detail = "the process was stopped just before the call"
            stopped = DeliveryRetried(code="stopped", detail=detail, not_before=delivery.changed_at)
            await self._not_sent(delivery, stopped)
            return 0.0
        try:
            message = await channel.send(outgoing)
        except NotSent as error:
            return await self._retry(delivery, channel, error)
        except Refused as error:
            return await self._refused(delivery, error)
        except OutcomeUnknown as error:
            await self._unknown(delivery, error.code, error.detail)
            return 0.0
        except Exception as error:  # noqa: BLE001 - whatever it was, the message may have been sent
            log.warning("sending broke", extra={"delivery": delivery.id, "error": type(error).__name__})
            await self._unknown(delivery, "internal", type(error).__name__)
            return 0.0
        if await self.ledger.record(delivery, DeliverySent(message=message), same_attempt=False) is not None:
            self._metrics.count_delivery(delivery.channel, "sent")
            return None
        return 0.0  # the channel has told of it meanwhile

    async def _send_in_parts(self, delivery: Delivery, content: TextContent, longest: int) -> float:
        """Queue the rest of a text that is too long as messages of their own, such as one in place of a long voice
        note."""
        begin, *rest = split_text(content.text, longest)
        for place, part in enumerate(rest):
            queued = replace(delivery.queued, content=TextContent(text=part, markdown=content.markdown), reply_to="")
            await self._event_log.queue_delivery(delivery.channel, derive_id(delivery.id, "part", place), queued)
        begun = TextContent(text=begin, markdown=content.markdown)
        detail = f"{len(content.text)} characters, at most {longest} are taken at once"
        retried = DeliveryRetried(code="too_long", detail=detail, not_before=self._now(), content=begun)
        await self.ledger.step(delivery, retried)
        return 0.0

    async def _prepare(self, delivery: Delivery, channel: Channel, content: Content) -> tuple[Delivery, Outgoing]:
        """Bring the media of a message to the channel, if it has some."""
        queued = delivery.queued
        outgoing = Outgoing(
            delivery=delivery.id, chat=queued.chat, reply_to=queued.reply_to, silent=queued.silent, text=content.text,
            markdown=isinstance(content, TextContent) and content.markdown, uploaded=delivery.media,
        )  # fmt: skip
        if isinstance(content, TextContent):
            return delivery, outgoing
        try:
            media = await self._make_media(self._event_log, replace(queued, content=content))
        except VisavisError as error:
            raise NoMedia(error) from error
        outgoing = dataclasses.replace(outgoing, media=media.data, kind=media.kind, seconds=media.seconds)
        if not outgoing.uploaded and delivery.state != "unknown":
            delivery = await self.ledger.step(delivery, DeliveryUploading())
            try:
                uploaded = await channel.upload(outgoing)
            except OutcomeUnknown as error:
                raise NotSent(error.detail) from error  # the person sees nothing of an upload
            outgoing = dataclasses.replace(outgoing, uploaded=uploaded)
        return delivery, outgoing

    # what was certainly not sent

    async def _retry(self, delivery: Delivery, channel: Channel, error: NotSent) -> float:
        backoff = self._patience.backoff
        wait = error.after if error.after is not None else backoff[min(delivery.tries, len(backoff) - 1)]
        if error.everywhere:
            self._pace_of(channel).pause(wait, self._loop_time())
        not_before = self._now() + int(wait * _SECOND)
        await self._not_sent(delivery, DeliveryRetried(code=error.code, detail=error.detail, not_before=not_before))
        return wait

    async def _retry_media(self, delivery: Delivery, error: VisavisError) -> float:
        """Try to make the media again, or send the text instead."""
        backoff = self._patience.backoff
        if error.retryable and delivery.tries + 1 < self._patience.most_media_tries:
            wait = backoff[min(delivery.tries, len(backoff) - 1)]
            not_before = self._now() + int(wait * _SECOND)
            retried = DeliveryRetried(code=error.code, detail=error.detail, not_before=not_before)
        else:
            wait = 0.0
            retried = self._as_text(delivery, error)
        await self._not_sent(delivery, retried)
        return wait

    async def _refused(self, delivery: Delivery, error: Refused) -> float | None:
        if error.as_text and not isinstance(delivery.content, TextContent):
            await self._not_sent(delivery, self._as_text(delivery, error))
            return 0.0
        return await self._fail(delivery, error.code, error.detail, unreachable=error.unreachable)

    def _as_text(self, delivery: Delivery, error: VisavisError) -> DeliveryRetried:
        text = TextContent(text=delivery.content.text)
        return DeliveryRetried(code=error.code, detail=error.detail, not_before=self._now(), content=text)

    async def _not_sent(self, delivery: Delivery, retried: DeliveryRetried) -> None:
        if await self.ledger.record(delivery, retried) is not None:
            self._metrics.count_delivery(delivery.channel, "retried")

    async def _fail(self, delivery: Delivery, code: str, detail: str, *, unreachable: bool = False) -> float:
        """Write that it is refused for good; it is then put aside as a dead letter.

        Args:
            unreachable: because the person lets no messages through.
        Raises:
            VisavisError: always, unless another process or the channel told something else meanwhile.
        """
        if await self.ledger.record(delivery, DeliveryFailed(code=code, detail=detail)) is None:
            return 0.0
        self._metrics.count_delivery(delivery.channel, "failed")
        if unreachable:
            queued = delivery.queued
            try:
                await mark_unreachable(self._event_log, self._people, delivery.channel, queued.account, queued.chat)
            except BusError as error:  # the next message that is blocked tells it again
                log.warning("not marked as unreachable", extra={"delivery": delivery.id, "why": error.detail})
        raise VisavisError(detail, code=code)

    # helpers

    def _channel_of(self, delivery: Delivery) -> Channel | None:
        for one in self._channels:
            if (one.name, one.account) == (delivery.channel, delivery.queued.account):
                return one
        return None

    def _pace_of(self, channel: Channel) -> Pace:
        can = channel.capabilities
        key = (channel.name, channel.account)
        if key not in self._paces:
            self._paces[key] = Pace(per_second=can.messages_per_second, between=can.seconds_between)
        return self._paces[key]

    def _until(self, since: int, seconds: float) -> float:
        """Seconds until so many have passed since a time in microseconds."""
        return seconds - (self._now() - since) / _SECOND

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()
