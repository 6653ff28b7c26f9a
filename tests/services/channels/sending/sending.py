"""A channel that remembers what reached the person, and senders that can be killed between any two steps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Literal, NamedTuple, cast

from nats.js.errors import NotFoundError

from bus import codec, subjects
from bus.channel_events import (
    Content,
    DeliveryEvent,
    DeliveryFact,
    DeliveryQueued,
    Linked,
    PairingRequested,
    TextContent,
    VoiceContent,
)
from bus.ids import derive_id
from bus.log import dead_letters, streams
from bus.log.event_log import EventLog, connect
from bus.process.metrics import Metrics
from bus.settings import Settings
from bus.stamping import new_link_event
from projections.deliveries import Delivery
from projections.people_reader import PeopleReader
from services.channels.channel import Capabilities, Channel, Outgoing
from services.channels.sending.ledger import Ledger
from services.channels.sending.patience import Patience
from services.channels.sending.sender import Sender

QUICK = Capabilities(messages_per_second=1000.0, seconds_between=0.0)
PROVING = Capabilities(messages_per_second=1000.0, seconds_between=0.0, proves_delivery=True)
IMPATIENT = Patience(for_proof=0.4, for_another=0.1, at_the_end=0.0, backoff=(0.05,), lease=0.6)
VOICE = VoiceContent(speeches=("s1",), text="What I say.")
TEXT = TextContent(text="What I write.")


class Steps:
    """Counts the points at which the work on one message can end, and stops it for ever at one of them."""

    def __init__(self, stop_at: int) -> None:
        self.names: list[str] = []
        self.stopped = False
        self.over = asyncio.Event()
        """It has stopped, or there is nothing more to do."""
        self._stop_at = stop_at

    async def reach(self, name: str) -> None:
        self.names.append(name)
        self.stopped |= len(self.names) == self._stop_at
        if self.stopped or name == "after DeliverySent":
            self.over.set()
        if self.stopped:
            await asyncio.Event().wait()


class Note(NamedTuple):
    """A made voice note."""

    data: bytes
    seconds: float
    kind: Literal["voice", "video"]


async def make_note(event_log: EventLog, queued: DeliveryQueued) -> Note:
    return Note(b"OggS", 1.5, "voice")


class FakeChannel:
    """Takes messages; the next calls raise `faults`, or those in `lost` after the message has reached the person."""

    name = "fake"
    account = "a"

    def __init__(self, capabilities: Capabilities = QUICK) -> None:
        self.capabilities = capabilities
        self.reached: list[Outgoing] = []
        self.uploads: list[Outgoing] = []
        self.faults: list[Exception] = []
        self.upload_faults: list[Exception] = []
        self.lost: list[Exception] = []
        self.called_at: list[float] = []
        self.steps: dict[str, Steps] = {}
        """By delivery."""

    async def reach(self, name: str, delivery: str) -> None:
        if delivery in self.steps:
            await self.steps[delivery].reach(name)

    async def upload(self, message: Outgoing) -> str:
        await self.reach("before upload", message.delivery)
        if self.upload_faults:
            raise self.upload_faults.pop(0)
        self.uploads.append(message)
        await self.reach("after upload", message.delivery)
        return f"media-{message.delivery}"

    async def send(self, message: Outgoing) -> str:
        await self.reach("before send", message.delivery)
        self.called_at.append(asyncio.get_running_loop().time())
        if self.faults:
            raise self.faults.pop(0)
        self.reached.append(message)
        await self.reach("after send", message.delivery)
        if self.lost:
            raise self.lost.pop(0)
        return f"m-{message.delivery}"

    def texts(self, chat: str = "c") -> list[str]:
        return [one.text for one in self.reached if one.chat == chat]

    def count(self, delivery: str) -> int:
        return sum(one.delivery == delivery for one in self.reached)


def queued(content: Content = TEXT, *, chat: str = "c", link: str = "https://page/c1") -> DeliveryQueued:
    return DeliveryQueued(account="a", chat=chat, content=content, conversation="c1", turn="t1", link=link)


async def queue(event_log: EventLog, delivery: str, body: DeliveryQueued | None = None) -> None:
    await event_log.queue_delivery("fake", delivery, body or queued())


@asynccontextmanager
async def sending(
    event_log: EventLog,
    *channels: FakeChannel,
    patience: Patience = IMPATIENT,
    metrics: Metrics | None = None,
    now: Callable[[], int] | None = None,
    **more: object,
) -> AsyncIterator[Sender]:
    """A running sender."""
    people = PeopleReader(event_log)
    if now is not None:
        more["now"] = now
    make_media = more.pop("make_media", make_note)
    sender = Sender(
        event_log, cast("Sequence[Channel]", channels), people, make_media, metrics=metrics, patience=patience, **more  # type: ignore[arg-type]
    )  # fmt: skip
    tasks = [asyncio.create_task(people.run()), asyncio.create_task(sender.run())]
    try:
        yield sender
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def mortal(settings: Settings, channel: FakeChannel, stops: Mapping[str, int]) -> AsyncIterator[dict[str, Steps]]:
    """A sender in a process of its own, which stops with each delivery at a point, and then vanishes without a word to
    NATS.

    Args:
        stops: number of the point by delivery; the points of the notice of a delivery count on.
    """
    steps = {delivery: Steps(stop_at) for delivery, stop_at in stops.items()}
    channel.steps = steps | {derive_id(delivery, "notice"): own for delivery, own in steps.items()}
    async with connect(settings, name="mortal") as event_log:
        append = event_log.append_delivery

        async def append_or_die(event: DeliveryEvent, *, after: int) -> int:
            name, own = type(event.body).__name__, channel.steps[event.delivery]
            await own.reach(f"before {name}")
            sequence = await append(event, after=after)
            await own.reach(f"after {name}")
            return sequence

        event_log.append_delivery = append_or_die  # type: ignore[method-assign]
        async with sending(event_log, channel):
            async with asyncio.timeout(30):
                for own in steps.values():
                    await own.over.wait()
            yield steps
            await event_log.nc.close()
    channel.steps = {}


async def bodies(event_log: EventLog, delivery: str) -> list[DeliveryFact]:
    """The events of a delivery."""
    found: list[DeliveryFact] = []
    async with aclosing(event_log.read(streams.DELIVERIES, subjects.delivery("fake", delivery))) as records:
        async for record in records:
            found.append(codec.decode_delivery_event(record.data).body)
    return found


async def steps_of(event_log: EventLog, delivery: str) -> list[str]:
    return [type(body).__name__.removeprefix("Delivery") for body in await bodies(event_log, delivery)]


async def state(event_log: EventLog, delivery: str) -> Delivery:
    found = await Ledger(event_log).load("fake", delivery)
    assert found is not None
    return found


async def wait_for(event_log: EventLog, delivery: str, *states: str, timeout: float = 30) -> Delivery:
    """Wait until a delivery is in one of these states."""
    async with asyncio.timeout(timeout):
        while True:
            found = await Ledger(event_log).load("fake", delivery)
            if found is not None and found.state in states:
                return found
            await asyncio.sleep(0.02)


async def wait_until_done(event_log: EventLog) -> None:
    """Wait until every message on the stream is acknowledged."""
    async with asyncio.timeout(30):
        while True:
            with suppress(NotFoundError):  # its sender has yet to make it
                info = await event_log.consumer_info(streams.DELIVERIES, "sender")
                # Asked after it: a notice is queued before its cause is acknowledged.
                last = await event_log.last_sequence(streams.DELIVERIES)
                if info.ack_floor is not None and info.ack_floor.stream_seq >= last:
                    return
            await asyncio.sleep(0.02)


async def letters(event_log: EventLog) -> list[dead_letters.StoredDeadLetter]:
    return [one async for one in dead_letters.read_all(event_log)]


def counted(metrics: Metrics) -> dict[str, float]:
    """Outcomes on the fake channel."""
    found: dict[str, float] = {}
    for line in metrics.text().decode().splitlines():
        if line.startswith('visavis_deliveries_total{channel="fake"'):
            labels, value = line.rsplit(" ", 1)
            found[labels.split('outcome="')[1].rstrip('"}')] = float(value)
    return found


async def link_chat(event_log: EventLog, language: str = "") -> None:
    """Link the chat c with a person, by the link l1."""
    requested = PairingRequested(
        channel="fake", account="a", sender="7", chat="c", name="Zoe", language=language, expires_at=0
    )
    after = await event_log.append_link(new_link_event(requested, link="l1"), after=0)
    await event_log.append_link(new_link_event(Linked(person="p"), link="l1"), after=after)
