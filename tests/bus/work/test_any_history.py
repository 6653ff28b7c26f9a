"""Property test: in any history of workers and faults, each output is published once and in order."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bus.errors import BusError, EngineError
from bus.events import Event, MessageReceived, ReplyEnded, ReplySentence, StepRepeated
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.work.runner import Runner
from bus.work.service import Output, Reader, Service
from tests.nats_servers import NatsServer, ServerProcess

CONVERSATIONS = ("a", "b", "c")
LEASE = 1.0
_SHORT_WINDOW = 0.1
"""Duplicate window in seconds: so short that no worker can rely on it."""

Step = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(CONVERSATIONS)),
    st.tuples(st.just("say"), st.sampled_from(CONVERSATIONS)),
    st.tuples(st.just("break"), st.sampled_from(CONVERSATIONS)),
    st.tuples(st.just("join"), st.just("")),
    st.tuples(st.just("leave"), st.just("")),
    st.tuples(st.just("die"), st.just("")),
    st.tuples(st.just("restart"), st.just("")),
    st.tuples(st.just("wait"), st.just("")),
)


@dataclass
class World:
    """A server, and up to three workers with a connection each."""

    server: NatsServer
    settings: Settings
    event_log: EventLog
    workers: list[tuple[asyncio.Task[None], EventLog, AsyncExitStack]] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)

    async def handle(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        assert isinstance(event.body, MessageReceived)
        self.tries[event.id] += 1
        for index in range(3):
            await asyncio.sleep(0.03)
            yield ReplySentence(reply=f"r{event.turn}", index=index, text=event.body.text, character="ada")
            if event.body.text == "break" and self.tries[event.id] == 1:
                raise EngineError("it breaks once", retryable=True)
        yield ReplyEnded(reply=f"r{event.turn}", sentences=3)

    async def join(self) -> None:
        if len(self.workers) == 3:
            return
        stack = AsyncExitStack()
        while True:
            with suppress(BusError):  # the server is restarting; a supervisor would try again, too
                event_log = await stack.enter_async_context(connect(self.settings, name="worker", update_streams=False))
                break
        service = Service(
            name="dialogue", consumes=(MessageReceived,), handle=self.handle, engine="x", concurrency=2, lease=LEASE
        )
        self.workers.append((asyncio.create_task(Runner(event_log, service).run()), event_log, stack))

    async def leave(self, *, dead: bool) -> None:
        """Stop the oldest worker; a dead one gives nothing back."""
        if not self.workers:
            return
        task, event_log, stack = self.workers.pop(0)
        if dead:
            await event_log.nc.disconnect()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None and not dead:
            raise error  # a dead worker may fail, because its connection was closed first
        await stack.aclose()

    async def say(self, conversation: str, text: str) -> None:
        number = self.sent[conversation]
        self.sent[conversation] += 1
        body = MessageReceived(message=f"m{number}", text=text)
        name = f"{conversation}{number}"
        await self.event_log.append(Event(id=name, at=1, conversation=conversation, turn=name, body=body))

    async def take(self, step: tuple[str, str]) -> None:
        match step:
            case "say" | "break" as text, conversation:
                await self.say(conversation, text)
            case "join", _:
                await self.join()
            case "leave" | "die" as how, _:
                await self.leave(dead=how == "die")
            case "restart", _:
                self.server.kill()
                self.server.start()
            case _:
                await asyncio.sleep(0.2)


async def outputs(world: World) -> dict[str, list[tuple[str | None, int]]]:
    """Wait until all work is done; returns the outputs of each conversation: turn and position."""
    found: dict[str, list[tuple[str | None, int]]] = {}
    for conversation, count in world.sent.items():
        while True:
            facts = [event for _, event in await world.event_log.facts(conversation)]
            if len({event.turn for event in facts if isinstance(event.body, ReplyEnded)}) == count:
                break
            await asyncio.sleep(0.1)
        bodies = [(event.turn, event.body) for event in facts if not isinstance(event.body, StepRepeated)]
        found[conversation] = [
            (turn, body.index if isinstance(body, ReplySentence) else 3)
            for turn, body in bodies
            if not isinstance(body, MessageReceived)
        ]
    return found


async def run_history(steps: list[tuple[str, str]], folder: Path) -> None:
    server = ServerProcess(folder)
    server.start()
    try:
        options = Settings(nats_url=server.url, data=str(folder), audio_bytes=64 << 20, frames_bytes=64 << 20)
        async with connect(options, name="test") as event_log:
            found = (await event_log.js.stream_info(streams.CONVERSATIONS)).config
            await event_log.js.update_stream(found.evolve(duplicate_window=_SHORT_WINDOW))
            world = World(server, options, event_log)
            for step in steps:
                await world.take(step)
            if not world.workers:
                await world.join()
            async with asyncio.timeout(30):
                published = await outputs(world)
            while world.workers:
                await world.leave(dead=False)
            for conversation, count in world.sent.items():
                expected = [(f"{conversation}{number}", place) for number in range(count) for place in range(4)]
                assert published[conversation] == expected
    finally:
        server.close()


# nats-py leaks sockets and unfinished requests when its server is killed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
# Each example takes seconds, so failing ones are not shrunk; their steps are printed.
@settings(
    max_examples=5,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
@given(st.lists(Step, min_size=10, max_size=24))
def test_in_any_history_each_output_is_published_once_and_in_order(steps: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run_history(steps, Path(folder)))
