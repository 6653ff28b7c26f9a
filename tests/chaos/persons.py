"""Persons who go on talking despite faults: they write through the gateway's API and speak directly onto the log."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import httpx2

from bus.errors import BusError
from bus.events import (
    MICROPHONE_RATE,
    AudioIn,
    Event,
    FramesEnded,
    FramesFailed,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    SpeechEnded,
    SpeechFailed,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
    Watching,
)
from bus.ids import derive_id
from bus.log.event_log import EventLog
from bus.stamping import new_event, new_live_event
from tests import voices
from tests.chaos.deployment import Undone

_SPOKEN = ("hello_rms", "what_time_is_it_rms", "what_is_your_name_rms")
_CHUNK = MICROPHONE_RATE // 10
_TURN_PATIENCE = 300.0
_PICTURES_PATIENCE = 60.0
"""Seconds for which a person who watches waits for the last pictures before they say more. Whether they were drawn is
audited afterwards."""
_TWICE = 0.15
"""Share of the messages that are sent twice."""
_APART = 0.03
"""Seconds at the most between the two."""


class Person:
    """A person with one conversation.

    Args:
        base: URL of a gateway, or of several, to which the requests go at random.
        number: of this person; seeds the random choices together with `seed`.
        watches: shows video, so that the render service draws it.
        undone: when the log went back to an earlier state; may grow.
        repeats: sends some messages twice, as a page does that has waited too long for an answer.
    """

    def __init__(
        self,
        base: str | Sequence[str],
        event_log: EventLog,
        seed: int,
        number: int,
        *,
        watches: bool,
        undone: Sequence[Undone] = (),
        repeats: bool = False,
    ) -> None:
        self._bases = (base,) if isinstance(base, str) else tuple(base)
        self._client = httpx2.AsyncClient(base_url=self._bases[0], timeout=10)
        self._undone = undone
        self._repeats = repeats
        self.repeated = 0
        """Messages that were sent twice."""
        self._event_log = event_log
        self._random = random.Random(f"{seed}-{number}")
        self._number = number
        self._watches = watches
        self._turns = 0
        self._read = 0
        """Sequence of the last fact that was looked at."""
        self.conversation = ""
        self.sent: set[str] = set()
        """Messages and utterances that were accepted."""
        self._sending: dict[str, tuple[float, float]] = {}
        """When each was begun, and accepted, by the monotonic clock."""
        self.stuck: list[str] = []
        """Turns that did not end in time."""

    async def talk(self, more: Callable[[], bool]) -> None:
        """Take turns one after the other while there are more to take; then stay, and watch what is still to come."""
        if not self.conversation:
            await self.open()
        while more():
            interrupts = self._random.uniform(0.2, 1.5) if self._random.random() < 0.08 else None
            await self.take_turn(spoken=self._random.random() < 0.25, interrupts=interrupts)

    async def open(self) -> None:
        self.conversation = (await self._request_until_ok("POST", "/api/conversations"))["id"]
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._client.aclose()

    async def take_turn(self, *, spoken: bool, interrupts: float | None = None) -> None:
        """Say or write something and wait until the answer is on the log.

        Args:
            interrupts: seconds after which to interrupt the answer.
        """
        self._turns += 1
        begun = time.monotonic()
        turn, name = await (self._speak() if spoken else self._write())
        self.sent.add(name)
        self._sending[name] = begun, time.monotonic()
        if interrupts is not None:
            await asyncio.sleep(interrupts)
            await self._request_until_ok("POST", f"/api/conversations/{self.conversation}/interrupt")
        await self._wait(turn, name)

    async def _watch(self) -> None:
        while self._watches:
            watching = new_live_event(Watching(session="chaos"), conversation=self.conversation)
            with suppress(Exception):
                await self._event_log.publish_live(watching)
            await asyncio.sleep(2)

    async def _write(self) -> tuple[str, str]:
        """The turn and the message."""
        message = f"m{self._number}-{self._turns}"
        path = f"/api/conversations/{self.conversation}/messages"
        sent = {"text": "what comes", "message": message}
        sending = [asyncio.create_task(self._request_until_ok("POST", path, sent))]
        if self._repeats and self._random.random() < _TWICE:
            self.repeated += 1
            await asyncio.sleep(self._random.random() * _APART)
            sending.append(asyncio.create_task(self._request_until_ok("POST", path, sent)))
        answer, *_ = await asyncio.gather(*sending)
        return str(answer["turn"]), message

    async def _speak(self) -> tuple[str, str]:
        """The turn and the utterance."""
        utterance = f"u{self._number}-{self._turns}"
        turn = f"t{utterance}"
        started = self._fact(UtteranceStarted(utterance=utterance, session="chaos"), turn, None)
        await self._append(started)
        sound = voices.spoken(self._random.choice(_SPOKEN))
        pieces = [sound[start : start + 2 * _CHUNK] for start in range(0, len(sound), 2 * _CHUNK)]
        for index, pcm in enumerate(pieces):
            final = index == len(pieces) - 1
            chunk = AudioIn(
                conversation=self.conversation,
                utterance=utterance,
                index=index,
                sample=index * _CHUNK,
                pcm=pcm,
                final=final,
            )
            while True:
                with suppress(BusError):
                    await self._event_log.publish_media(chunk, f"{utterance}-{index}")
                    break
            await asyncio.sleep(0.05)
        ended = UtteranceEnded(utterance=utterance, samples=len(sound) // 2, speech_ended=0, reason="silence")
        await self._append(self._fact(ended, turn, started.id))
        return turn, utterance

    async def _append(self, fact: Event) -> None:
        """Append a fact, as soon as the disk has room for it."""
        deadline = time.monotonic() + _TURN_PATIENCE
        while True:
            try:
                await self._event_log.append(fact, retry_for=_TURN_PATIENCE)
                return
            except BusError as error:
                if error.code != "log_full" or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.3)

    def _fact(self, body: UtteranceStarted | UtteranceEnded, turn: str, cause: str | None) -> Event:
        event_id = derive_id(body.utterance, type(body).__name__)
        return new_event(body, conversation=self.conversation, event_id=event_id, turn=turn, cause=cause)

    async def _request_until_ok(self, method: str, path: str, body: object = None) -> dict[str, str]:
        """Repeat a request, at whatever gateway, until one accepts it."""
        while True:
            url = self._random.choice(self._bases) + path
            with suppress(httpx2.HTTPError):
                answer = await self._client.request(method, url, json=body)
                if answer.status_code < 400:
                    return dict(answer.json()) if answer.content else {}
            await asyncio.sleep(0.3)

    def may_be_lost(self, name: str) -> bool:
        """Whether the log went back to a state of before something was accepted."""
        begun, accepted = self._sending[name]
        return any(one.copied < accepted and begun < one.back for one in self._undone)

    def expected(self, on_log: set[str]) -> set[str]:
        """What has to be answered.

        Args:
            on_log: the messages and whole utterances that the log has.
        """
        return {name for name in self.sent if name in on_log or not self.may_be_lost(name)}

    async def _wait(self, turn: str, name: str) -> None:
        """Wait until the turn that answers a message or an utterance is over."""
        deadline = asyncio.get_running_loop().time() + _TURN_PATIENCE
        seen: list[Event] = []
        undone = len(self._undone)
        while asyncio.get_running_loop().time() < deadline:
            if self.may_be_lost(name):
                self._read = 0
                return
            if len(self._undone) > undone:
                self._read, seen, undone = 0, [], len(self._undone)
            with suppress(BusError, TimeoutError):
                async with asyncio.timeout(10):
                    news = await self._event_log.facts(self.conversation, after=self._read)
                self._read = news[-1][0] if news else self._read
                seen += [event for _, event in news if event.turn == turn]
                if _is_over(seen):
                    if not self._watches or _is_drawn(seen):
                        return
                    deadline = min(deadline, asyncio.get_running_loop().time() + _PICTURES_PATIENCE)
            await asyncio.sleep(0.3)
        if not _is_over(seen):
            self.stuck.append(f"{self.conversation}: turn {turn}")


def _is_over(events: list[Event]) -> bool:
    """Whether no further facts of a turn will follow."""
    bodies = [event.body for event in events]
    if any(isinstance(body, ReplyInterrupted | ReplyFailed | UtteranceDiscarded) for body in bodies):
        return True
    ended = any(isinstance(body, ReplyEnded) for body in bodies)
    sentences = sum(isinstance(body, ReplySentence) for body in bodies)
    return ended and sum(isinstance(body, SpeechEnded | SpeechFailed) for body in bodies) >= sentences


def _is_drawn(events: list[Event]) -> bool:
    """Whether there are pictures of all sentences of a turn that is over."""
    bodies = [event.body for event in events]
    spoken = {body.speech for body in bodies if isinstance(body, SpeechEnded)}
    drawn = {body.speech for body in bodies if isinstance(body, FramesEnded | FramesFailed)}
    return spoken <= drawn or any(isinstance(body, ReplyInterrupted) for body in bodies)
