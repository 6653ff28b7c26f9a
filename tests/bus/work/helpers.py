"""A small service and its workers, for tests on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress

from bus import codec, subjects
from bus.errors import UndecodableEvent, VisavisError
from bus.events import (
    Body,
    Event,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplySentence,
    ReplyStarted,
    TranscriptPartial,
)
from bus.log import streams
from bus.log.event_log import EventLog
from bus.work.runner import Runner
from bus.work.service import Handler, Output, Reader, Service


def message_event(number: int, conversation: str = "c1") -> Event:
    """A message of a person, which starts the turn `t<number>`."""
    body = MessageReceived(message=f"m{number}", text=str(number))
    return Event(id=f"e{conversation}{number}", at=number, conversation=conversation, turn=f"t{number}", body=body)


def sentence(event: Event, index: int, text: str = "yes") -> ReplySentence:
    return ReplySentence(reply=f"r{event.turn}", index=index, text=text, character="ada")


async def echo(event: Event, reader: Reader) -> AsyncIterator[Output]:
    """A handler that repeats the message in one sentence."""
    assert isinstance(event.body, MessageReceived)
    yield ReplyStarted(reply=f"r{event.turn}", character="ada", engine="echo")
    yield TranscriptPartial(utterance="u", text="on the way")
    yield sentence(event, 0, event.body.text)
    yield ReplyEnded(reply=f"r{event.turn}", sentences=1)


def reply_failed(event: Event, error: VisavisError) -> Iterable[Body]:
    yield ReplyFailed(reply=f"r{event.turn}", code=error.code, detail=error.detail)


def service(handle: Handler, **more: object) -> Service:
    return Service(name="dialogue", consumes=(MessageReceived,), handle=handle, engine="echo", **more)  # type: ignore[arg-type]


@asynccontextmanager
async def running(event_log: EventLog, *services: Service, max_held: int = 1000) -> AsyncIterator[None]:
    """Run one worker of each service while the context lasts."""
    workers = [asyncio.create_task(Runner(event_log, one, max_held=max_held).run()) for one in services]
    try:
        yield
    finally:
        for worker in workers:
            worker.cancel()
        for worker in workers:
            with suppress(asyncio.CancelledError):
                await worker


async def read_until(event_log: EventLog, kind: type[Body], count: int, conversation: str = "c1") -> list[Event]:
    """All events of a conversation, up to the one with which there are `count` of a kind."""
    seen: list[Event] = []
    async with (
        asyncio.timeout(30),
        aclosing(event_log.read(streams.CONVERSATIONS, subjects.facts_of(conversation), follow=True)) as records,
    ):
        async for record in records:
            with suppress(UndecodableEvent):
                seen.append(codec.decode_event(record.data))
            if sum(isinstance(event.body, kind) for event in seen) == count:
                break
    return seen
