"""An inbox on a real log, with a channel whose updates are texts of the tests."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from starlette.routing import BaseRoute

from bus import clock, codec, subjects
from bus.channel_events import DeliveryQueued, LinkClaimed, LinkEvent, LinkFact, LinkOffered
from bus.channel_events import Linked as LinkedFact
from bus.errors import UndecodableEvent
from bus.events import CharacterCreated, CharacterEvent, Event, Fact, Origin
from bus.log import streams
from bus.log.event_log import EventLog
from bus.stamping import new_link_event
from projections.people import Link
from projections.people_reader import PeopleReader
from services.channels.channel import Activity, Capabilities, Content, Incoming, Outgoing, Progress, Store
from services.channels.incoming.inbox import Inbox
from services.link_secrets import link_id

HOUR = 3600_000_000
TOKEN = "abcdefghijklmnopqrstuv"


class FakeChannel:
    """Takes what the test says that its updates are."""

    name, account, label = "telegram", "bot", "@bot"

    def __init__(self) -> None:
        self.capabilities = Capabilities(video=True)
        self.updates: dict[bytes, Sequence[Incoming]] = {}

    def parse(self, raw: bytes) -> Sequence[Incoming]:
        if raw not in self.updates:
            raise UndecodableEvent("expected an update of the test")
        return self.updates[raw]

    async def run(self, store: Store) -> None: ...

    def routes(self, store: Store) -> Sequence[BaseRoute]:
        return ()

    async def fetch(self, media: str) -> AsyncIterator[bytes]:
        yield b""

    async def upload(self, message: Outgoing) -> str:
        return ""

    async def send(self, message: Outgoing) -> str:
        return ""

    async def show_activity(self, chat: str, activity: Activity, message: str) -> None: ...

    def link_address(self, token: str) -> str:
        return ""

    async def check(self) -> Sequence[str]:
        return ()

    async def close(self) -> None: ...


def character(name: str, owner: str = "") -> CharacterCreated:
    return CharacterCreated(
        name=name, tagline="t", personality="p", greeting=f"I am {name}.", look="ada", voice="female", owner=owner
    )


def incoming(
    content: Content,
    *,
    account: str = "bot",
    sender: str = "7",
    message: str = "1",
    forwarded: bool = False,
    language: str = "en",
) -> Incoming:
    origin = Origin(channel="telegram", account=account, chat=f"chat-{sender}", sender=sender, message=message)
    return Incoming(content=content, origin=origin, sender_name="Ann", forwarded=forwarded, language=language)


@dataclass
class Receiving:
    """The inbox under test, and what it leaves on the log."""

    event_log: EventLog
    people: PeopleReader
    channel: FakeChannel = field(default_factory=FakeChannel)
    progress: list[Progress] = field(default_factory=list)
    keys: int = 0
    language: str = ""

    def __post_init__(self) -> None:
        async def apply_progress(channel: str, progress: Progress) -> None:
            assert channel == "telegram"
            self.progress.append(progress)

        self.inbox = Inbox(
            self.event_log,
            self.people,
            language=self.language,
            public_url="https://page.test",
            apply_progress=apply_progress,
        )

    def restarted(self) -> Receiving:
        """The same with the memory of a new process."""
        return Receiving(self.event_log, self.people, self.channel, keys=self.keys)

    async def receive(
        self, what: Incoming, *, key: str = "", stored_at: int | None = None, redelivered: bool = False
    ) -> str:
        """Handle something; returns its key."""
        self.keys += not key
        key = key or f"inbox.telegram.bot.{self.keys}"
        at = clock.now() if stored_at is None else stored_at
        await self.inbox.handle(self.channel, key, what, at, redelivered=redelivered)
        return key

    async def link(
        self, sender: str = "7", person: str = "ann", conversation: str | None = None, language: str = "en"
    ) -> Link:
        """Link a sender with a person."""
        link = f"link-{sender}"
        offered = LinkOffered(
            person=person, channel="telegram", conversation=conversation, expires_at=clock.now() + HOUR
        )
        claimed = LinkClaimed(account="bot", sender=sender, chat=f"chat-{sender}", name="Ann", language=language)
        after = 0
        for body in (offered, claimed, LinkedFact(person=person)):
            after = await self.append_link(link, body, after)
        return self.people.people.links[link]

    async def offer(self, *, person: str = "ann", channel: str = "telegram", holds: int = HOUR) -> str:
        """Offer a link with `TOKEN`; returns its id."""
        offered = LinkOffered(person=person, channel=channel, expires_at=clock.now() + holds)
        await self.append_link(link_id(TOKEN), offered, 0)
        return link_id(TOKEN)

    async def append_link(self, link: str, body: LinkFact, after: int) -> int:
        sequence = await self.event_log.append_link(new_link_event(body, link=link), after=after)
        await self.people.wait_until(sequence)
        return sequence

    async def append(self, link: str, body: LinkFact) -> None:
        await self.append_link(link, body, self.people.people.links[link].seq)

    async def facts(self, *kinds: type[Fact]) -> list[Event]:
        """The facts of all conversations, of these kinds where any are given."""
        found = []
        async for record in self.event_log.read(streams.CONVERSATIONS, subjects.ALL_FACTS):
            event = codec.decode_event(record.data)
            if not kinds or isinstance(event.body, cast("tuple[type, ...]", kinds)):
                found.append(event)
        return found

    async def link_events(self, *kinds: type) -> list[LinkEvent]:
        found = []
        async for record in self.event_log.read(streams.PEOPLE, subjects.ALL_LINKS):
            event = codec.decode_link_event(record.data)
            if not kinds or isinstance(event.body, kinds):
                found.append(event)
        return found

    async def texts(self, chat: str = "chat-7") -> list[str]:
        """The texts that are queued for a chat, in order."""
        return [one.content.text for one in await self.queued(chat)]

    async def queued(self, chat: str = "chat-7") -> list[DeliveryQueued]:
        found = []
        async for record in self.event_log.read(streams.DELIVERIES, subjects.deliveries_of("telegram")):
            body = codec.decode_delivery_event(record.data).body
            assert isinstance(body, DeliveryQueued)
            if body.chat == chat:
                found.append(body)
        return found


@asynccontextmanager
async def receiving_on(event_log: EventLog) -> AsyncIterator[Receiving]:
    """An inbox that knows Ada and Milo, and a reader of the links that runs."""
    for name in ("ada", "milo"):
        created = CharacterEvent(id=f"x-{name}", at=1, character=name, body=character(name.title()))
        await event_log.append_character(created)
    people = PeopleReader(event_log)
    running = asyncio.create_task(people.run())
    yield Receiving(event_log, people)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def forget_ids(event_log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish under message ids of which NATS knows nothing, as if its duplicate window were always over."""
    publish = event_log.publish
    copies = itertools.count()

    async def publish_anew(js: Any, subject: str, data: bytes, message_id: str, *rest: Any, **more: Any) -> object:
        return await publish(js, subject, data, f"{message_id}-{next(copies)}", *rest, **more)

    monkeypatch.setattr(event_log, "publish", publish_anew)
