"""The live sessions of a conversation, at this gateway and at others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from bus.errors import NotFound
from bus.log.event_log import EventLog
from projections.conversation import Conversation, Reply
from services.gateway.feed import Feed
from services.gateway.playing.other_gateways import Act, AddCandidates, Join, Leave, OtherGateways, Outcome, Stop
from services.gateway.playing.resume import is_unplayed
from services.gateway.playing.session import Session

_END_PATIENCE = 5.0
"""Seconds that a session may take to end."""


class Sessions:
    """Serves the sessions of this gateway, and reaches those of the others."""

    def __init__(self, event_log: EventLog, feed: Feed) -> None:
        self._event_log = event_log
        self._feed = feed
        self.here: dict[str, Session] = {}
        """Those of this gateway by id, from the answer to their offer on."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self.elsewhere = OtherGateways(event_log, self._conversations, self._act)

    def of(self, conversation: str) -> list[Session]:
        """This gateway's sessions of a conversation."""
        return [one for one in self.here.values() if one.conversation == conversation]

    def are_there(self, conversation: str) -> bool:
        """Whether any gateway has a session of a conversation."""
        return bool(self.of(conversation) or self.elsewhere.with_sessions_of(conversation))

    def conversations(self) -> set[str]:
        """The conversations that have sessions at any gateway."""
        return {one.conversation for one in self.here.values()} | self.elsewhere.conversations()

    def serve(self, session: Session, on_end: Callable[[], None] = lambda: None) -> None:
        """Serve a session in a task of its own, until it ends; then call `on_end`."""

        async def serve() -> None:
            try:
                await session.run()
            finally:
                on_end()
                del self.here[session.id]
                self.elsewhere.tell()

        # Before the task begins: the gateway may be closed meanwhile.
        self.here[session.id] = session
        self.elsewhere.tell()
        if self._closing:
            session.end("shutdown")
        self._tasks[session.id] = task = asyncio.create_task(serve())
        task.add_done_callback(lambda _: self._tasks.pop(session.id))

    async def close(self) -> None:
        """End all sessions here, and those that still come."""
        self._closing = True
        for session in self.here.values():
            session.end("shutdown")
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=_END_PATIENCE)

    async def join(self, newest: Session) -> bool:
        """Find the sessions of a conversation that opened earlier, here and elsewhere, and end those whose browser is
        gone.

        Returns:
            Whether one of them plays on; once the log has how far the others had come.
        """
        here, elsewhere = await asyncio.gather(
            self._end_silent(newest.conversation, newest.opened_at),
            self.elsewhere.ask(Join(conversation=newest.conversation, opened_at=newest.opened_at)),
        )
        return here or elsewhere.did

    async def stop(self, state: Conversation, reply: Reply) -> Outcome:
        """Fall silent with a reply, here and elsewhere, and put on the log how far it was played.

        Args:
            state: of the conversation.
        Returns:
            Whether a session was playing a part of it, or still to play one.
        """
        here, elsewhere = await asyncio.gather(
            self._stop_here(state, reply),
            self.elsewhere.ask(
                Stop(conversation=state.id, reply=reply.id, after=max(state.seq, self._feed.model.position))
            ),
        )
        return Outcome(here.did or elsewhere.did, max(here.sequence, elsewhere.sequence))

    async def conversation_of(self, session: str) -> str:
        """The conversation of a session, wherever that is.

        Raises:
            NotFound: there is no such session.
        """
        if session in self.here:
            return self.here[session].conversation
        conversation = await self.elsewhere.conversation_of(session)
        if conversation is None:
            raise NotFound("no such session")
        return conversation

    async def leave(self, conversation: str, session: str) -> None:
        """End a session that the person has left."""
        if session in self.here:
            self.here[session].end("left")
        else:
            await self.elsewhere.ask(Leave(conversation=conversation, session=session))

    async def add_candidates(self, conversation: str, session: str, lines: Iterable[str]) -> None:
        """Have a session try these addresses of its browser, too."""
        if session in self.here:
            await self.here[session].add_candidates(list(lines))
        else:
            await self.elsewhere.ask(AddCandidates(conversation=conversation, session=session, lines=tuple(lines)))

    def _conversations(self) -> dict[str, str]:
        return {id_: one.conversation for id_, one in self.here.items()}

    async def _act(self, act: Act) -> Outcome:
        """Do what another gateway asks for."""
        match act:
            case Stop(conversation=conversation, after=after):
                await self._feed.wait_until_applied(after)
                state = self._feed.state_of(conversation)
                replies = [one.reply for one in state.turns if one.reply is not None and one.reply.id == act.reply]
                return await self._stop_here(state, replies[0]) if replies else Outcome()
            case Join(conversation=conversation, opened_at=opened_at):
                return Outcome(did=await self._end_silent(conversation, opened_at))
            case Leave(session=session) if session in self.here:
                self.here[session].end("left")
            case AddCandidates(session=session, lines=lines) if session in self.here:
                await self.here[session].add_candidates(list(lines))
            case _:
                return Outcome()
        return Outcome(did=True)

    async def _stop_here(self, state: Conversation, reply: Reply) -> Outcome:
        sessions = self.of(state.id)
        if not _in_progress(reply, sessions):
            return Outcome()
        played = [event for session in sessions for event in session.interrupt(reply.id)]
        sequences = await asyncio.gather(*(self._event_log.append(event) for event in played))
        return Outcome(True, max(sequences, default=0))

    async def _end_silent(self, conversation: str, opened_at: int) -> bool:
        """End the sessions here that opened before this sequence and whose browser is gone, and wait until that is on
        the log; returns whether there are others."""
        earlier = [one for one in self.of(conversation) if 0 < one.opened_at < opened_at]
        ended = [one for one in earlier if one.end_if_silent()]
        if ended:
            recorded = [asyncio.create_task(one.recorded.wait()) for one in ended]
            await asyncio.wait(recorded, timeout=_END_PATIENCE)
            for task in recorded:
                task.cancel()
        return len(ended) < len(earlier)


def _in_progress(reply: Reply, sessions: list[Session]) -> bool:
    """Whether a session is still to play a part of a reply."""
    played = max((one.index for one in reply.sentences if one.state == "played"), default=-1)
    unplayed = any(one.index > played and is_unplayed(one) for one in reply.sentences)
    may_come = reply.state == "telling" or unplayed
    return any(one.floor.has_reply(reply.id) or (may_come and one.follows(reply.id)) for one in sessions)
