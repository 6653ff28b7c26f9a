"""What the gateways tell and ask one another about live sessions, so that a request may reach any of them.

Over core NATS, on `work.gateway`; nothing is stored. Each gateway tells which sessions it has. Where a message is lost
or a gateway is gone, the one that asks waits for `ANSWER_PATIENCE` and goes on by what the log has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress

import msgspec
from msgspec import Struct

from bus import subjects
from bus.cancellation import raise_if_cancelled
from bus.dropped import drop
from bus.errors import Forbidden, VisavisError
from bus.ids import new_id
from bus.log.event_log import EventLog

log = logging.getLogger(__name__)

ANSWER_PATIENCE = 2.0
"""Seconds that other gateways may take to answer."""
_HEARTBEAT = 2.0
_SILENCE_LIMIT = 7.0
"""Seconds after which a gateway that tells nothing has no sessions any more."""
_LOCATE_PATIENCE = 0.5
"""Seconds for which the gateway of a session that has just begun is looked for."""


class Stop(Struct, frozen=True, kw_only=True, tag="stop"):
    """Fall silent with this reply, and put on the log how far it was played."""

    conversation: str
    reply: str
    after: int
    """Sequence on `CONVERSATIONS` of the newest fact that the asking gateway has read."""


class Leave(Struct, frozen=True, kw_only=True, tag="leave"):
    """The person has left this session."""

    conversation: str
    session: str


class AddCandidates(Struct, frozen=True, kw_only=True, tag="candidates"):
    """Try these addresses of the browser, too."""

    conversation: str
    session: str
    lines: tuple[str, ...]


class Join(Struct, frozen=True, kw_only=True, tag="join"):
    """A newer session plays the conversation, too: end the earlier ones whose browser is gone, put on the log how far
    they had come, and tell whether others go on."""

    conversation: str
    opened_at: int
    """Sequence of the `session.opened` of the newer one."""


Act = Stop | Leave | AddCandidates | Join


class GatewayMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From one gateway to all others."""

    gateway: str
    sessions: dict[str, str] | None = None
    """All its sessions, with their conversations."""
    new: bool = False
    """The others are to tell their sessions."""
    request: str = ""
    """Id of what is asked, or answered."""
    asked: tuple[str, ...] = ()
    """The gateways that are to answer."""
    act: Act | None = None
    did: bool = False
    """Whether there was something to do."""
    sequence: int = 0
    """Of the newest fact that was put on the log for it; 0: none."""


class Outcome(Struct, frozen=True):
    """What other gateways did."""

    did: bool = False
    """Whether there was something to do for one of them; of a session that joins: whether one of theirs plays on."""
    sequence: int = 0
    """Of the newest fact that they put on the log for it; 0: none."""


class OtherGateways:
    """The other gateways on this log, and their sessions.

    Args:
        sessions: of this gateway, with their conversations.
        act: does what another gateway asks for.
    """

    def __init__(
        self,
        event_log: EventLog,
        sessions: Callable[[], dict[str, str]],
        act: Callable[[Act], Awaitable[Outcome]],
    ) -> None:
        self._event_log = event_log
        self._sessions = sessions
        self._act = act
        self._id = new_id("g")
        self._subject = subjects.worker_messages("gateway")
        self._told: dict[str, Mapping[str, str]] = {}
        """Sessions and their conversations, by gateway."""
        self._heard: dict[str, float] = {}
        self._untold = asyncio.Event()
        """Set while the others do not know the newest sessions."""
        self._changed = asyncio.Condition()
        self._waiting: dict[str, dict[str, Outcome]] = {}
        """Answers by gateway, by request."""
        self._acting: set[asyncio.Task[None]] = set()

    def with_sessions_of(self, conversation: str) -> tuple[str, ...]:
        """The gateways that have sessions of a conversation."""
        self._forget_silent()
        return tuple(gateway for gateway, told in self._told.items() if conversation in told.values())

    def conversations(self) -> set[str]:
        """The conversations that have sessions at other gateways."""
        self._forget_silent()
        return {conversation for told in self._told.values() for conversation in told.values()}

    async def conversation_of(self, session: str) -> str | None:
        """The conversation of a session that another gateway has; None where none has it."""
        if (found := self._find(session)) is not None or not self._told:
            return found
        # It may have just begun.
        await self._publish(GatewayMessage(gateway=self._id, new=True))
        try:
            async with asyncio.timeout(_LOCATE_PATIENCE), self._changed:
                await self._changed.wait_for(lambda: self._find(session) is not None)
        except TimeoutError:
            return None
        return self._find(session)

    async def ask(self, act: Act) -> Outcome:
        """Have it done by the gateways that have sessions of its conversation; returns when they have."""
        asked = self.with_sessions_of(act.conversation)
        if not asked:
            return Outcome()
        request = new_id("q")
        answers = self._waiting[request] = {}
        try:
            await self._publish(GatewayMessage(gateway=self._id, request=request, asked=asked, act=act))
            async with asyncio.timeout(ANSWER_PATIENCE), self._changed:
                await self._changed.wait_for(lambda: len(answers) == len(asked))
        except TimeoutError:
            silent = len(asked) - len(answers)
            log.warning("other gateways do not answer", extra={"conversation": act.conversation, "silent": silent})
        finally:
            del self._waiting[request]
        done = answers.values()
        return Outcome(any(one.did for one in done), max((one.sequence for one in done), default=0))

    def tell(self) -> None:
        """Have the others told which sessions this gateway has."""
        self._untold.set()

    async def run(self) -> None:
        """Listen, and tell again and again, until cancelled; then tell that there are no sessions."""
        subscribed = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(subscribed))
                await subscribed.wait()
                await self._publish(GatewayMessage(gateway=self._id, sessions=self._sessions(), new=True))
                while True:
                    raise_if_cancelled()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_HEARTBEAT):
                            await self._untold.wait()
                    await self._tell()
        except* Forbidden as group:
            # The servers' list of users is older than this version: other gateways' sessions are not known.
            log.warning("other gateways cannot be asked", extra={"why": str(group.exceptions[0])})
            await asyncio.Event().wait()
        finally:
            for task in self._acting:
                task.cancel()

    async def _listen(self, subscribed: asyncio.Event) -> None:
        async with aclosing(self._event_log.subscribe_core(self._subject, subscribed=subscribed)) as messages:
            async for _, data in messages:
                try:
                    message = msgspec.json.decode(data, type=GatewayMessage)
                except msgspec.DecodeError as error:
                    drop("undecodable", subject=self._subject, why=str(error))
                    continue
                if message.gateway != self._id:
                    await self._take(message)

    async def _take(self, message: GatewayMessage) -> None:
        self._heard[message.gateway] = asyncio.get_running_loop().time()
        if message.sessions is not None:
            self._told[message.gateway] = message.sessions
        if message.new:
            self.tell()
        if message.act is not None and self._id in message.asked:
            task = asyncio.create_task(self._do(message.act, message.request))
            self._acting.add(task)
            task.add_done_callback(self._acting.discard)
        elif message.act is None and message.request in self._waiting:
            self._waiting[message.request][message.gateway] = Outcome(message.did, message.sequence)
        async with self._changed:
            self._changed.notify_all()

    async def _do(self, act: Act, request: str) -> None:
        try:
            done = await self._act(act)
        except VisavisError as error:
            log.warning("what another gateway asked for failed", extra={"act": type(act).__name__, "why": error.detail})
            done = Outcome()
        await self._publish(
            GatewayMessage(gateway=self._id, request=request, did=done.did, sequence=done.sequence)
        )

    async def _tell(self) -> None:
        self._untold.clear()
        await self._publish(GatewayMessage(gateway=self._id, sessions=self._sessions()))

    async def _publish(self, message: GatewayMessage) -> None:
        # While NATS is away nobody would get it, and nats-py would send it late.
        if self._event_log.connected:
            await self._event_log.publish_core(self._subject, msgspec.json.encode(message))

    def _find(self, session: str) -> str | None:
        self._forget_silent()
        return next((told[session] for told in self._told.values() if session in told), None)

    def _forget_silent(self) -> None:
        now = asyncio.get_running_loop().time()
        for gateway in [one for one, heard in self._heard.items() if now - heard > _SILENCE_LIMIT]:
            del self._heard[gateway]
            self._told.pop(gateway, None)
