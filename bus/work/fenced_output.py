"""One worker's hold on a piece of work: publishes what the handler yields, each output once, whoever tried before.

A first try publishes behind a fence that says "nobody has taken this over". Whoever takes it over puts a claim there,
then reads what is on record and adds what is missing. So two workers never mix two versions of an answer: the late
one is refused. Ids do the rest: an output is known by its cause and its place.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TypeAlias, cast

from bus import clock, codec, subjects
from bus.errors import BusError, Conflict, UndecodableEvent
from bus.events import (
    AudioIn,
    AudioOut,
    Body,
    CharacterEvent,
    Event,
    Fact,
    FrameBatch,
    IdleBatch,
    Live,
    LiveBody,
    LiveEvent,
    StepRepeated,
)
from bus.ids import derive_id, new_id
from bus.log import streams
from bus.log.event_log import EventLog, Fence
from bus.work.service import AssetOutput, CharacterOutput, Output

_Recorded: TypeAlias = AudioOut | FrameBatch | AudioIn


class Superseded(BusError):
    """Another worker has taken this piece of work over."""

    code = "superseded"
    retryable = False


class DuplicateOutput(BusError):
    """An output was on record already, though nobody was known to have tried before."""

    code = "doubled"


class FencedOutput:
    """All tries of one worker at one piece of work.

    Args:
        service: name of the service that works.
        sequence: of the event on `CONVERSATIONS`; what came of it stands behind it.
        again: set where the work was put back by hand after it had failed; makes its failing anew a new fact.
    """

    def __init__(self, event_log: EventLog, service: str, event: Event, sequence: int, *, again: str = "") -> None:
        self._event_log = event_log
        self._service = service
        self._event = event
        self._sequence = sequence
        self._again = again
        self._position = 0
        self._taken_over = False
        self._fences: dict[str, Fence] = {}
        self._facts: set[str] = set()
        """Ids of what is on record of this work."""
        self._media: dict[str, set[int]] = {}
        """Indices on record, by subject."""
        self.take_overs = 0
        """How often it was taken over, by whomever, this time included."""
        self.bus_seconds = 0.0
        """Spent on publishing, in all tries."""

    async def look(self) -> None:
        """Find out whether somebody has worked on this before, and take it over if so. For work that has waited long:
        the server does not recognise doubles of so long ago."""
        if await self._read_facts():
            await self.take_over()

    async def take_over(self) -> None:
        """From here on, what anybody else publishes of this work is refused; what is on record is not repeated."""
        self._taken_over = True
        self._fences.clear()
        self._media.clear()
        await self._fence("conv")
        await self._read_facts()

    def begin(self) -> None:
        """Start again from the first output."""
        self._position = 0

    @property
    def given_up(self) -> bool:
        """Whether it is on record that this work failed for good."""
        return bool(self._facts) and self._failed_id(0) in self._facts

    async def publish(self, output: Output) -> None:
        """Put what the handler yielded on the log, where it belongs.

        Raises:
            Superseded: another worker has the work now.
            Doubled: see there.
            BusError: NATS was away for 30 s, or refuses.
        """
        began = time.perf_counter()
        try:
            if isinstance(output, Body):
                await self._publish_fact(derive_id(self._event.id, self._service, self._position), output)
                self._position += 1
            elif isinstance(output, LiveBody):
                live = LiveEvent(at=clock.now(), conversation=self._event.conversation, body=cast("Live", output))
                await self._event_log.publish_live(live)
            elif isinstance(output, AudioIn | AudioOut | FrameBatch):
                await self._publish_media(output)
            elif isinstance(output, IdleBatch):
                await self._event_log.publish_media(output, media_message_id(output))
            elif isinstance(output, CharacterOutput):
                await self._event_log.append_character(self._of_character(output))
            elif isinstance(output, AssetOutput):
                await self._store(output)
            else:
                raise TypeError(f"{self._service} yielded {type(output).__name__}, which is no output")
        except Conflict as error:
            raise Superseded(f"another {self._service} has taken over the work on {self._event.id}") from error
        finally:
            self.bus_seconds += time.perf_counter() - began

    async def fail(self, bodies: Iterable[Body]) -> None:
        """Put on record that it failed for good."""
        try:
            for position, body in enumerate(bodies):
                with suppress(DuplicateOutput):  # told by an earlier try
                    await self._publish_fact(self._failed_id(position), body)
        except Conflict as error:
            raise Superseded(f"another {self._service} has taken over the work on {self._event.id}") from error

    def _failed_id(self, position: int) -> str:
        return derive_id(self._event.id, self._service, f"failed{self._again}", position)

    async def _publish_fact(self, identity: str, body: Body) -> None:
        if identity in self._facts:
            return
        stored = await self._event_log.append_fenced(self._stamp(identity, body), await self._fence("conv"))
        self._facts.add(identity)
        if stored.doubled and not self._taken_over:
            raise DuplicateOutput(f"{self._service} had worked on {self._event.id} before")

    def _stamp(self, identity: str, body: Body) -> Event:
        cause = self._event
        return Event(
            id=identity,
            at=clock.now(),
            conversation=cause.conversation,
            turn=cause.turn,
            cause=cause.id,
            body=cast("Fact", body),
        )

    def _of_character(self, output: CharacterOutput) -> CharacterEvent:
        # Not fenced: whoever does the work says the same of the character.
        identity = derive_id(self._event.id, self._service, output.character)
        return CharacterEvent(id=identity, at=clock.now(), character=output.character, body=output.body)

    async def _store(self, asset: AssetOutput) -> None:
        if asset.data is None:
            await self._event_log.assets.remove(asset.name)
        else:
            await self._event_log.assets.put(asset.name, asset.data)

    async def _publish_media(self, message: _Recorded) -> None:
        subject = subjects.media(message)
        fence = await self._fence(subject.split(".", 1)[0])
        if subject not in self._media:
            self._media[subject] = await self._read_media(subject) if self._taken_over else set()
        if message.index in self._media[subject]:
            return
        await self._event_log.publish_media(message, media_message_id(message), fence)
        self._media[subject].add(message.index)

    async def _fence(self, root: str) -> Fence:
        """What this worker publishes behind in a stream; raised when it first writes there after a take-over."""
        if root not in self._fences:
            event = self._event
            subject = subjects.claim(root, event.conversation, self._service, event.id)
            sequence = 0
            if self._taken_over:
                claim = StepRepeated(service=self._service, event=event.id)
                sequence = await self._event_log.claim(root, self._stamp(new_id("e"), claim))
            self._fences[root] = Fence(subject, sequence)
        return self._fences[root]

    async def _read_facts(self) -> bool:
        """Note what is on record of this work; returns whether there is anything."""
        facts = await self._event_log.facts(self._event.conversation, after=self._sequence)
        self._facts.clear()
        self.take_overs = 0
        for _, one in facts:
            if one.cause != self._event.id:
                continue
            if isinstance(one.body, StepRepeated):
                self.take_overs += one.body.service == self._service
            else:
                self._facts.add(one.id)
        return bool(self._facts)

    async def _read_media(self, subject: str) -> set[int]:
        found: set[int] = set()
        async for record in self._event_log.read(streams.stream_of(subject), subject):
            try:
                message = codec.decode_media(record.data)
            except UndecodableEvent:
                continue  # somebody else's garbage
            if isinstance(message, _Recorded):
                found.add(message.index)
        return found


def media_message_id(media: AudioIn | AudioOut | FrameBatch | IdleBatch) -> str:
    """The message id of a medium: the same again on every repeat."""
    match media:
        case AudioIn():
            return f"{media.utterance}-{media.index}"
        case AudioOut():
            return f"{media.speech}-{media.index}"
        case FrameBatch():
            return f"{media.speech}-f{media.index}"
        case IdleBatch():
            # A loop may be drawn again when it has grown old, so its version alone must not make it a double.
            return f"{media.character}-{media.version}-{media.index}-{clock.now()}"
