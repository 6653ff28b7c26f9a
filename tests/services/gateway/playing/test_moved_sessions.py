"""A gateway that ends lets its sessions go on with another one, and every sentence is heard once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx2
import msgspec
import pytest

from bus.errors import BusError
from bus.events import (
    Body,
    Event,
    Fact,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    SessionClosed,
    SessionOpened,
    SpeechEnded,
    SpeechStarted,
)
from bus.log.event_log import EventLog
from bus.process.drain import Drain
from bus.process.health import ENDING
from bus.settings import Settings
from bus.stamping import new_event
from projections.conversation import Conversation, fold
from services.gateway.draining import may_go
from services.gateway.playing.outbox import Outbox
from services.gateway.playing.session import Session
from tests.services.gateway.conftest import Running, serving
from tests.services.gateway.playing.peer import Peer


@dataclass
class Pair:
    """Two gateways of one person; the first one is to end."""

    first: Running
    second: Running
    drain: Drain
    conversation: str
    peers: tuple[Peer, Peer]

    async def events(self, *kinds: type[Body], count: int) -> list[Event]:
        """Wait until the log has so many events of these kinds; returns all of them."""
        async with asyncio.timeout(40):
            while True:
                events = [event for _, event in await self.first.event_log.facts(self.conversation)]
                found = [event for event in events if isinstance(event.body, kinds)]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.02)

    async def told_to_move(self, peer: Peer) -> None:
        async with asyncio.timeout(40):
            while not any(json.loads(one)["type"] == "moved" for one in peer.pings):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def pair(event_log: EventLog, settings: Settings, tmp_path: Path, seconds: float) -> AsyncIterator[Pair]:
    drain = Drain(seconds)
    settings = msgspec.structs.replace(settings, secret="s" * 32)  # of both, which share no folder
    other = msgspec.structs.replace(settings, data=str(tmp_path / "other"))
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(serving(event_log, other))
        first = await stack.enter_async_context(serving(event_log, settings, drain=drain))
        conversation = await first.open()
        second.client.cookies = first.client.cookies
        peers = Peer(), Peer()
        for peer in peers:
            stack.push_async_callback(peer.close)
        yield Pair(first, second, drain, conversation, peers)


async def test_a_sentence_under_way_is_finished_before_the_session_goes_on_with_another_gateway(
    event_log: EventLog, settings: Settings, tmp_path: Path
) -> None:
    async with pair(event_log, settings, tmp_path, 60.0) as two:
        before, after = two.peers
        await before.connect(two.first, two.conversation)
        await two.events(SessionOpened, count=1)
        await tell(two.first, two.conversation, 1, seconds=1.2)
        await two.events(PlaybackStarted, count=1)
        watching = asyncio.create_task(follow(two.first, two.conversation))
        assert (await two.first.client.get("/openz")).text == "ok"
        two.drain.begin()
        ready = await two.first.client.get("/readyz")
        closed_to_others = await two.first.client.get("/openz")
        refused = await two.first.client.post(
            f"/api/conversations/{two.conversation}/rtc", headers={"content-type": "application/sdp"}
        )
        await two.told_to_move(before)
        closed = await two.events(PlaybackFinished, SessionClosed, count=2)
        await after.connect(two.second, two.conversation)
        await two.events(SessionOpened, count=2)
        await watching
        await tell(two.second, two.conversation, 1, seconds=0.4, turn="t2")
        await two.events(PlaybackFinished, count=2)
        with pytest.raises(httpx2.TransportError):
            await two.first.client.get("/readyz")
        played = await two.events(PlaybackStarted, PlaybackFinished, count=4)
    assert (ready.status_code, ready.text) == (503, ENDING)
    assert (closed_to_others.status_code, closed_to_others.text) == (503, ENDING)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    finished, ended = (event.body for event in closed)
    assert isinstance(finished, PlaybackFinished)
    assert finished.complete
    assert isinstance(ended, SessionClosed)
    assert ended.reason == "shutdown"
    assert heard(played) == [("t1-0", True), ("t2-0", True)]


async def test_a_long_answer_goes_on_with_its_next_sentence(
    event_log: EventLog, settings: Settings, tmp_path: Path
) -> None:
    async with pair(event_log, settings, tmp_path, 8.0) as two:
        before, after = two.peers
        await before.connect(two.first, two.conversation)
        await two.events(SessionOpened, count=1)
        await tell(two.first, two.conversation, 10, seconds=0.8)
        await two.events(PlaybackStarted, count=1)
        two.drain.begin()
        await two.told_to_move(before)
        await after.connect(two.second, two.conversation)
        played = await two.events(PlaybackStarted, PlaybackFinished, count=20)
        sessions = {event.body.session for event in played if isinstance(event.body, PlaybackFinished)}
    assert heard(played) == [(f"t1-{index}", True) for index in range(10)]
    assert len(sessions) == 2


def heard(events: list[Event]) -> list[tuple[str, bool]]:
    """The speeches, in the order in which their play-out ended, and whether that was their end; each began once."""
    started = [event.body.speech for event in events if isinstance(event.body, PlaybackStarted)]
    assert len(set(started)) == len(started)
    return [
        (event.body.speech, event.body.complete) for event in events if isinstance(event.body, PlaybackFinished)
    ]


async def tell(
    gateway: Running, conversation: str, sentences: int, *, seconds: float, turn: str = "t1", text: str = ""
) -> None:
    """Publish a reply with its voice and face."""
    words = MessageReceived(message=f"m{turn}", text="?")
    await gateway.event_log.append(new_event(words, conversation=conversation, turn=turn))
    bodies: list[Body] = [ReplyStarted(reply=turn, character="ada", engine="e")]
    bodies += [ReplySentence(reply=turn, index=n, text=text or f"{n}.", character="ada") for n in range(sentences)]
    await gateway.record(conversation, turn, *bodies, ReplyEnded(reply=turn, sentences=sentences))
    for index in range(sentences):
        speech = SpeechStarted(
            speech=f"{turn}-{index}", reply=turn, index=index, character="ada", voice="v", engine="e"
        )
        await gateway.speak(conversation, turn, speech, seconds)
        ended = SpeechEnded(speech=speech.speech, reply=turn, index=index, samples=int(seconds * 48_000))
        await gateway.event_log.append(
            Event(id=f"end-{speech.speech}", at=1, conversation=conversation, turn=turn, body=ended)
        )


async def follow(gateway: Running, conversation: str) -> None:
    """Follow a conversation until the gateway ends the stream."""
    async with gateway.client.stream("GET", f"/api/conversations/{conversation}/events") as news:
        async for _ in news.aiter_lines():
            pass


@dataclass
class Talk:
    """What of a session is looked at before it is let go."""

    is_between_sentences: bool = True
    is_free: bool = True

    @property
    def floor(self) -> Talk:
        return self


QUESTION = MessageReceived(message="m1", text="What?")
ANSWER = ReplyStarted(reply="r1", character="ada", engine="e")
SENTENCE = ReplySentence(reply="r1", index=0, text="That.", character="ada")
SPEECH = SpeechStarted(speech="s1", reply="r1", index=0, character="ada", voice="v", engine="e")
PLAYED = PlaybackFinished(session="s", speech="s1", reply="r1", index=0, samples=9, complete=True)
SPOKEN = SpeechEnded(speech="s1", reply="r1", index=0, samples=9)
TOLD = ReplyEnded(reply="r1", sentences=1)


@pytest.mark.parametrize(
    ("bodies", "talk", "may", "may_in_hurry"),
    [
        ((), Talk(), True, True),
        ((), Talk(is_between_sentences=False), False, False),
        ((), Talk(is_free=False), False, True),
        ((QUESTION,), Talk(), False, True),
        ((QUESTION, ANSWER, SENTENCE, TOLD), Talk(), False, True),
        ((QUESTION, ANSWER, SENTENCE, SPEECH, SPOKEN, PLAYED, TOLD), Talk(), True, True),
    ],
)
def test_a_session_goes_when_all_is_said_or_in_a_hurry_between_two_sentences(
    bodies: tuple[Fact, ...], talk: Talk, may: bool, may_in_hurry: bool
) -> None:
    state = Conversation(id="c1")
    for number, body in enumerate(bodies, 1):
        state = fold(state, number, Event(id=f"e{number}", at=number, conversation="c1", turn="t1", body=body))
    session = cast("Session", talk)
    assert may_go(session, state, 1000, hurry=False) is may
    assert may_go(session, state, 1000, hurry=True) is may_in_hurry


class _SwallowsCancellation:
    """A log that behaves as a request to NATS does on Python 3.11 where answer and cancellation come together."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def append(self, event: object) -> int:
        self.asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return 1


async def test_a_session_ends_although_a_request_swallowed_its_cancellation() -> None:
    event_log = _SwallowsCancellation()
    outbox = Outbox(cast("EventLog", event_log), "s1")
    outbox.put(Event(id="o", at=1, conversation="c1", body=SessionOpened(session="s1")))
    publishing = asyncio.create_task(outbox.run())
    await event_log.asked.wait()
    publishing.cancel()
    done, _ = await asyncio.wait((publishing,), timeout=20)
    publishing.cancel()
    assert done


class _FullAtFirst:
    """A log that is full for the first fact, once."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.asked = 0

    async def append(self, event: Event) -> int:
        self.asked += 1
        if self.asked == 1:
            raise BusError("the log is full", retryable=False, code="log_full")
        self.stored.append(event.id)
        return self.asked


async def test_a_fact_that_finds_the_log_full_is_stored_before_those_after_it() -> None:
    event_log = _FullAtFirst()
    outbox = Outbox(cast("EventLog", event_log), "s1")
    for name in ("first", "second"):
        outbox.put(Event(id=name, at=1, conversation="c1", body=SessionOpened(session="s1")))
    with pytest.raises(BusError, match="full"):
        await outbox.run()
    await outbox.flush()
    assert event_log.stored == ["first", "second"]
