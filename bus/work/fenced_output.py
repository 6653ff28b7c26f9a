"""Publishes the outputs of one work item exactly once, whichever worker runs it.

The first worker publishes under a fence: the condition that no other worker has claimed the item. A worker that takes
the item over first publishes a claim, then reads which outputs are on the log already, and adds the missing ones. So
two versions of one answer are never mixed: the server refuses what the earlier worker still sends. Outputs are
recognised by their ids, which are derived from their cause and position. Media are recognised by their index: whether
what follows fits behind what is there is for the handler to see.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TypeAlias

from bus import clock, codec, subjects
from bus.errors import BusError, Conflict, UndecodableEvent
from bus.events import (
    AudioIn,
    AudioOut,
    Body,
    CharacterEvent,
    Event,
    FrameBatch,
    IdleBatch,
    LiveBody,
    StepRepeated,
)
from bus.ids import derive_id, new_id
from bus.log import streams
from bus.log.event_log import EventLog, Fence
from bus.stamping import new_character_event, new_event, new_live_event
from bus.work.service import AssetOutput, CharacterOutput, DeliveryOutput, Output

_FencedMedia: TypeAlias = AudioOut | FrameBatch | AudioIn


class Superseded(BusError):
    """Another worker has taken this work item over."""

    code = "superseded"
    retryable = False


class DuplicateOutput(BusError):
    """An output was on the log already, although no earlier try was known."""

    code = "duplicate_output"


class FencedOutput:
    """What one worker publishes for one work item, over all its tries.

    Args:
        service: name of the service.
        sequence: of the event on `CONVERSATIONS`; its outputs come after it.
        requeue_sequence: of the requeued dead letter on `REQUEUE`, where the item is one; gives the facts of a new
            failure ids of their own.
        deliveries: how often the item was delivered, with this one.
        media: see `bus.work.service.Service.media`.
    """

    def __init__(
        self,
        event_log: EventLog,
        service: str,
        event: Event,
        sequence: int,
        *,
        requeue_sequence: int | None = None,
        deliveries: int = 1,
        media: tuple[str, ...] = (),
    ) -> None:
        self._event_log = event_log
        self._service = service
        self._event = event
        self._sequence = sequence
        self._requeue_sequence = requeue_sequence
        self._deliveries = deliveries
        self._media = media
        self._position = 0
        self._taken_over = False
        self._fences: dict[str, Fence] = {}
        self._published_facts: set[str] = set()
        """Ids of this item's facts on the log."""
        self._published_media: dict[str, set[int]] = {}
        """Indices of this item's media on the log, by subject."""
        self.takeovers = 0
        """How often any worker has taken this item over, this one included."""
        self.publish_seconds = 0.0
        """Spent on publishing, in all tries."""

    async def check_prior_output(self) -> None:
        """Take the item over if the log has outputs of it. For items that waited long: the server's duplicate window
        does not reach back that far."""
        if await self._read_facts():
            await self.take_over()

    async def take_over(self) -> None:
        """Claim the item: from here on every other worker's outputs are refused, and those on the log are skipped."""
        self._taken_over = True
        self._fences.clear()
        self._published_media.clear()
        for stream_prefix in ("conv", *self._media):
            await self._fence(stream_prefix)
        await self._read_facts()

    def restart(self) -> None:
        """Begin a new try: the next output is the first one again."""
        self._position = 0

    @property
    def failure_published(self) -> bool:
        """Whether the log says that this item failed for good."""
        return bool(self._published_facts) and self._failure_id(0) in self._published_facts

    async def publish(self, output: Output) -> None:
        """Publish one output of the handler on the stream that it belongs to.

        Raises:
            Superseded: another worker has taken the item over.
            DuplicateOutput: another worker had published it; take the item over and try again.
            BusError: NATS was away for 30 s, or refuses.
        """
        began = time.perf_counter()
        try:
            if isinstance(output, Body):
                await self._publish_fact(derive_id(self._event.id, self._service, self._position), output)
                self._position += 1
            elif isinstance(output, LiveBody):
                await self._event_log.publish_live(new_live_event(output, conversation=self._event.conversation))
            elif isinstance(output, AudioIn | AudioOut | FrameBatch):
                await self._publish_media(output)
            elif isinstance(output, IdleBatch):
                await self._event_log.publish_media(output, media_message_id(output), cause=self._event)
            elif isinstance(output, CharacterOutput):
                await self._event_log.append_character(self._stamp_character(output))
            elif isinstance(output, AssetOutput):
                await self._store(output)
            elif isinstance(output, DeliveryOutput):
                await self._queue_delivery(output)
            else:
                raise TypeError(f"{self._service} yielded {type(output).__name__}, which is no output")
        except Conflict as error:
            raise Superseded(f"another {self._service} has taken over the work on {self._event.id}") from error
        finally:
            self.publish_seconds += time.perf_counter() - began

    async def publish_failure(self, outputs: Iterable[Body | DeliveryOutput]) -> None:
        """Publish the facts and messages that say that this item failed for good.

        Raises:
            Superseded: another worker has taken the item over.
        """
        try:
            for position, output in enumerate(outputs):
                if isinstance(output, DeliveryOutput):
                    await self._queue_delivery(output)
                    continue
                with suppress(DuplicateOutput):  # published by an earlier try
                    await self._publish_fact(self._failure_id(position), output)
        except Conflict as error:
            raise Superseded(f"another {self._service} has taken over the work on {self._event.id}") from error

    def _failure_id(self, position: int) -> str:
        return derive_id(self._event.id, self._service, f"failed{self._requeue_sequence or ''}", position)

    async def _publish_fact(self, fact_id: str, body: Body) -> None:
        if fact_id in self._published_facts:
            return
        published = await self._event_log.append_fenced(
            self._stamp(fact_id, body), await self._fence("conv"), deliveries=self._deliveries
        )
        self._published_facts.add(fact_id)
        if published.duplicate and not self._taken_over:
            raise DuplicateOutput(f"{self._service} had worked on {self._event.id} before")

    def _stamp(self, fact_id: str, body: Body) -> Event:
        cause = self._event
        return new_event(
            body, conversation=cause.conversation, event_id=fact_id, turn=cause.turn, cause=cause.id, after=cause.at
        )

    def _stamp_character(self, output: CharacterOutput) -> CharacterEvent:
        # Not fenced: every worker publishes the same fact about the character.
        fact_id = derive_id(self._event.id, self._service, output.character)
        return new_character_event(output.body, character=output.character, event_id=fact_id)

    async def _queue_delivery(self, output: DeliveryOutput) -> None:
        # Not fenced by the item: the first of equal messages counts, whichever worker queued it.
        await self._event_log.queue_delivery(*output)

    async def _store(self, asset: AssetOutput) -> None:
        if asset.data is None:
            await self._event_log.assets.remove(asset.name)
        else:
            await self._event_log.assets.put(asset.name, asset.data)

    async def _publish_media(self, message: _FencedMedia) -> None:
        subject = subjects.media(message)
        fence = await self._fence(subject.split(".", 1)[0])
        if subject not in self._published_media:
            self._published_media[subject] = await self._read_media(subject) if self._taken_over else set()
        if message.index in self._published_media[subject]:
            return
        await self._event_log.publish_media(
            message, media_message_id(message), fence, cause=self._event, deliveries=self._deliveries
        )
        self._published_media[subject].add(message.index)

    async def _fence(self, stream_prefix: str) -> Fence:
        """The fence in one stream. After a takeover, the first call for a stream publishes the claim there."""
        if stream_prefix not in self._fences:
            event = self._event
            subject = subjects.claim(stream_prefix, event.conversation, self._service, event.id)
            sequence = 0
            if self._taken_over:
                claim = StepRepeated(service=self._service, event=event.id)
                sequence = await self._event_log.claim(stream_prefix, self._stamp(new_id("e"), claim))
            self._fences[stream_prefix] = Fence(subject, sequence)
        return self._fences[stream_prefix]

    async def _read_facts(self) -> bool:
        """Read this item's facts and takeovers from the log; returns whether there are facts."""
        facts = await self._event_log.facts(self._event.conversation, after=self._sequence)
        self._published_facts.clear()
        self.takeovers = 0
        for _, one in facts:
            if one.cause != self._event.id:
                continue
            if isinstance(one.body, StepRepeated):
                self.takeovers += one.body.service == self._service
            else:
                self._published_facts.add(one.id)
        return bool(self._published_facts)

    async def _read_media(self, subject: str) -> set[int]:
        """Indices of the media on a subject."""
        found: set[int] = set()
        async for record in self._event_log.read(streams.stream_of(subject), subject):
            try:
                message = codec.decode_media(record.data)
            except UndecodableEvent:
                continue  # not published by Visavis
            if isinstance(message, _FencedMedia):
                found.add(message.index)
        return found


def media_message_id(media: AudioIn | AudioOut | FrameBatch | IdleBatch) -> str:
    """The NATS message id of audio or pictures: the same on every repeat."""
    match media:
        case AudioIn():
            return f"{media.utterance}-{media.index}"
        case AudioOut():
            return f"{media.speech}-{media.index}"
        case FrameBatch():
            return f"{media.speech}-f{media.index}"
        case IdleBatch():
            # A loop that expired is drawn again in the same version and must not count as a duplicate.
            return f"{media.character}-{media.clip}-{media.version}-{media.index}-{clock.now()}"
