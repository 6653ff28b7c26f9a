"""People who call by WebRTC and go on talking: a call that breaks is called again, at whatever gateway."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterable, Sequence

import httpx2

from bus.events import Event, UtteranceDiscarded, UtteranceStarted
from bus.log.event_log import EventLog
from services.audio import resample
from tests import voices
from tests.chaos.deployment import Undone
from tests.chaos.notes_audit import Log
from tests.soak.watcher import CallBroken, Watcher, is_heard

_SPOKEN = ("hello_rms", "what_time_is_it_rms", "what_is_your_name_rms")
_UNNOTICED = 20.0
"""Seconds after the end of a question after which nobody has noticed it."""
_PATIENCE = 180.0
_SILENCE = 25.0
"""Seconds without a packet after which a call is given up: longer than a server or a gateway is frozen."""


class Caller:
    """A person who calls and asks.

    Args:
        bases: URLs of the gateways, of which each call takes one at random.
        undone: when the log went back to an earlier state; may grow.
    """

    def __init__(
        self, bases: Sequence[str], event_log: EventLog, seed: int, number: int, undone: Sequence[Undone] = ()
    ) -> None:
        self._bases = bases
        self._event_log = event_log
        self._seed = f"call-{seed}-{number}"
        self._random = random.Random(self._seed)
        self._undone = undone
        self._call: Watcher | None = None
        self.asked = 0
        """Questions that were spoken."""
        self.broken: list[str] = []
        """Why calls broke."""
        self.unnoticed: list[tuple[float, float]] = []
        """When questions were asked, from when until when by the monotonic clock, that nobody noticed."""
        self.stuck: list[str] = []
        """Questions that were noticed, and whose answer was not heard."""

    @property
    def conversation(self) -> str:
        assert self._call is not None
        return self._call.conversation

    async def open(self) -> None:
        """Call, again and again until a gateway answers."""
        while True:
            call = Watcher(self._random.choice(self._bases), self._event_log, f"{self._seed}-{len(self.broken)}")
            try:
                async with asyncio.timeout(40):
                    await call.connect(self._call)
            except (httpx2.HTTPError, TimeoutError):
                await call.close()
                await asyncio.sleep(0.5)
                continue
            if self._call is not None:
                await self._call.close()
            self._call = call
            return

    async def close(self) -> None:
        if self._call is not None:
            await self._call.close()

    async def talk(self, more: Callable[[], bool]) -> None:
        """Ask, listen to the answer, and ask again, while there are more questions to ask."""
        while more():
            try:
                await self._ask()
            except CallBroken as error:
                self.broken.append(str(error))
                await self.open()
            await asyncio.sleep(self._random.uniform(0.2, 2))

    async def _ask(self) -> None:
        call = self._call
        assert call is not None
        sound = resample(voices.samples(self._random.choice(_SPOKEN)), 16_000, 48_000)
        await call.listen()  # to what came before
        call.seen.clear()
        undone, begun = len(self._undone), time.monotonic()
        self.asked += 1
        await call.say(sound)
        said = time.monotonic()
        while True:
            await asyncio.sleep(0.3)
            if len(self._undone) > undone:
                call.read_anew()
                return  # the question may be lost, and its answer
            await call.listen()
            silence = time.monotonic() - max(begun, call.sound.latest, call.pictures.latest)
            if not call.is_connected or silence > _SILENCE:
                raise CallBroken(f"nothing came for {silence:.0f} s")
            waited = time.monotonic() - said
            if _is_noticed(call.seen):
                if is_heard(call.seen) or _is_discarded(call.seen):
                    return
                if waited > _PATIENCE:
                    self.stuck.append(f"{self.conversation}: question {self.asked} of a call")
                    return
            elif waited > _UNNOTICED:
                self.unnoticed.append((begun, time.monotonic()))
                return


def _is_noticed(events: Iterable[Event]) -> bool:
    return any(isinstance(event.body, UtteranceStarted) for event in events)


def _is_discarded(events: Sequence[Event]) -> bool:
    begun = sum(isinstance(event.body, UtteranceStarted) for event in events)
    return begun == sum(isinstance(event.body, UtteranceDiscarded) for event in events)


def said(log: Log, conversations: Iterable[str]) -> dict[str, set[str]]:
    """What was said in calls, by conversation: what the gateway heard of it, by the log."""
    found: dict[str, set[str]] = {conversation: set() for conversation in conversations}
    for _, _, data in log["CONVERSATIONS"]:
        fact = json.loads(data)
        heard = found.get(fact["conversation"])
        if heard is not None and fact["body"]["type"] == "utterance.ended":
            heard.add(fact["body"]["utterance"])
        elif heard is not None and fact["body"]["type"] == "utterance.discarded":
            heard.discard(fact["body"]["utterance"])
    return found


