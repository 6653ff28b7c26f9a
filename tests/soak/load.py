"""People who come, talk for a while and go, for as long as a soak lasts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2

from bus.log.event_log import EventLog
from tests.chaos.notes import NoteSender
from tests.chaos.persons import Person
from tests.services.channels.whatsapp_double import GraphDouble
from tests.soak.watcher import CallBroken, Watcher


class Visitor(Person):
    """A person who writes and speaks, with a page open that follows the conversation."""

    async def open(self) -> None:
        await super().open()
        self._page = asyncio.create_task(self._follow())

    async def close(self) -> None:
        self._page.cancel()
        await asyncio.gather(self._page, return_exceptions=True)
        await super().close()

    async def _follow(self) -> None:
        while True:
            with suppress(httpx2.HTTPError):
                async with self._client.stream("GET", f"/api/conversations/{self.conversation}/events") as answer:
                    async for _ in answer.aiter_bytes():
                        pass
            await asyncio.sleep(1)


@dataclass
class Load:
    """Everybody who talks in a soak.

    Args:
        base: URL of the gateway.
        pause: seconds between two turns of one person, the shortest and the longest.
        visit: turns after which a person goes, and another one comes.
    """

    base: str
    event_log: EventLog
    seed: int
    pause: tuple[float, float]
    visit: int
    persons: list[Person] = field(default_factory=list)
    calls: list[Watcher] = field(default_factory=list)
    senders: list[NoteSender] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Calls that broke, and how."""

    @property
    def turns(self) -> int:
        """Turns that were taken so far."""
        taken = sum(len(person.sent) for person in self.persons) + sum(call.asked for call in self.calls)
        return taken + sum(len(sender.notes) for sender in self.senders)

    @property
    def stuck(self) -> list[str]:
        found = [turn for person in self.persons for turn in person.stuck]
        found += [question for call in self.calls for question in call.stuck]
        return found + [f"note {note}" for sender in self.senders for note in sender.unanswered]

    async def visits(self, number: int, more: Callable[[], bool]) -> None:
        """One person after the other writes and speaks."""
        chance = random.Random(f"visits-{self.seed}-{number}")
        while more():
            person = Visitor(self.base, self.event_log, self.seed, 1000 * number + len(self.persons), watches=False)
            self.persons.append(person)
            await person.open()
            for _ in range(self.visit):
                if more():
                    interrupts = chance.uniform(0.2, 1.5) if chance.random() < 0.05 else None
                    await person.take_turn(spoken=chance.random() < 0.25, interrupts=interrupts)
                    await asyncio.sleep(chance.uniform(*self.pause))
            await person.close()

    async def call(self, number: int, more: Callable[[], bool], *, stays: bool) -> None:
        """Call, and ask for as long as there is time; who does not stay calls again as somebody else.

        A call that breaks is called again at once, as the page does, and its conversation goes on.
        """
        chance = random.Random(f"calls-{self.seed}-{number}")
        broken: Watcher | None = None
        while more():
            call = Watcher(self.base, self.event_log, f"{self.seed}-{number}-{len(self.calls)}")
            self.calls.append(call)
            try:
                await call.connect(broken)
                broken = None
                while more() and (stays or call.asked < self.visit):
                    await call.ask()
                    await asyncio.sleep(chance.uniform(*self.pause))
            except (CallBroken, TimeoutError, httpx2.HTTPError) as error:
                self.broken.append(str(error) or "no connection")
                broken = call if call.conversation else broken
            finally:
                await call.close()

    async def notes(self, number: int, double: GraphDouble, more: Callable[[], bool]) -> None:
        """Send voice notes through a channel."""
        chance = random.Random(f"notes-{self.seed}-{number}")
        sender = NoteSender(self.base, double, self.seed, number)
        self.senders.append(sender)
        await sender.link()
        try:
            while more():
                await sender.send_note()
                await asyncio.sleep(chance.uniform(*self.pause))
        finally:
            await sender.close()
