"""What a person may do in a conversation: checks it and appends it to the log as facts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from bus.errors import InvalidInput, NotFound, TooLarge
from bus.events import (
    Body,
    CharacterChosen,
    CharacterCreated,
    CharacterEvent,
    InterruptionSource,
    MessageReceived,
    ReplyInterrupted,
    TranscriptFinal,
)
from bus.ids import derive_id, new_id, reply_id
from bus.log import streams
from bus.log.event_log import EventLog
from bus.stamping import new_event
from projections import characters
from projections.conversation import Conversation, Reply, Turn, text_heard
from services.backchannel import is_backchannel
from services.characters import available, opening
from services.gateway.feed import Feed
from services.gateway.playing.resume import is_unplayed
from services.gateway.playing.session import Session

LONGEST_TEXT = 4000
"""Characters that a person may write at once."""
_RECENT_TURNS = 8
REQUEST_RETRY_FOR = 8.0
"""Seconds for which a request is retried while NATS is away; a restart of it takes less."""


class Conversations:
    """The conversations, characters and live sessions of one gateway.

    Args:
        language: of new conversations; empty: the character's.
        check_room: raises BusError where nothing new may be begun.
        most: conversations that one person may have.
        retry_for: seconds for which a request is retried while NATS is away.
    """

    def __init__(
        self,
        event_log: EventLog,
        feed: Feed,
        language: str,
        *,
        check_room: Callable[[], None] = lambda: None,
        most: int = 1 << 30,
        retry_for: float = REQUEST_RETRY_FOR,
    ) -> None:
        self._event_log = event_log
        self._feed = feed
        self._language = language
        self.check_room, self._most = check_room, most
        self.retry_for = retry_for
        self.characters: dict[str, CharacterCreated] = {}
        self.sessions: dict[str, Session] = {}
        """Open WebRTC sessions of this gateway by id."""

    def conversation_of(self, person: str, conversation: str) -> Conversation:
        """A conversation of this person.

        Raises:
            NotFound: there is no such conversation, or it is another person's.
            BusError: the read model is still being built.
        """
        found = self._feed.caught_up_model().conversation(conversation)
        if found is None or not person or found.person != person:
            raise NotFound("no such conversation")
        return found

    def apply_character_event(self, event: CharacterEvent) -> None:
        """Fold an event of the characters' stream."""
        self.characters = characters.fold(self.characters, event)

    def forget_characters(self) -> None:
        """Forget all characters: their stream was replaced by another one, which is read next."""
        self.characters = {}

    def forget(self, character: str) -> None:
        """Leave a character out at once that this gateway removed; its event follows."""
        self.characters = {id_: one for id_, one in self.characters.items() if id_ != character}

    def visible_characters(self, person: str) -> dict[str, CharacterCreated]:
        """The characters that a person may talk to, by id."""
        return characters.visible_to(person, self.characters)

    def character(self, person: str, character: str) -> CharacterCreated:
        """A character by id.

        Raises:
            NotFound: there is none, or it is another person's; the error lists the visible ones.
        """
        characters = self.visible_characters(person)
        if character not in characters:
            known = ", ".join(sorted(characters)) or "none yet"
            raise NotFound(f"no character {character[:64]!r}; there are {known}")
        return characters[character]

    def connected_session_count(self, conversation: str) -> int:
        """The number of this conversation's sessions with a connected browser."""
        return sum(one.conversation == conversation and one.is_connected for one in self.sessions.values())

    async def open(self, person: str, character: str | None) -> str:
        """Begin a conversation; returns its id.

        Raises:
            BusError: NATS is away, or the read model is still being built.
        """
        # Before anything is on the log: a request that is refused is made again.
        await self._feed.wait_until_caught_up(timeout=self.retry_for)
        self.check_room()
        if self._feed.model.count_of(person) >= self._most:
            raise InvalidInput(f"you have {self._most} conversations, the most that are kept here", code="too_many")
        characters = self.visible_characters(person)
        if character or not characters:
            self.character(person, character or "")
        conversation = new_id("c")
        await self._append(conversation, opening(person, characters, character or "", self._language))
        return conversation

    async def send_message(
        self, conversation: Conversation, text: str, message: str | None = None, incoming_trace: str = ""
    ) -> tuple[str, str]:
        """Append a written message; returns its id and the id of its turn.

        Args:
            message: the client's id for it, if any: a message sent again after a lost answer is appended once.
            incoming_trace: the request's `traceparent`, if it has one.
        Raises:
            InvalidInput: the text is empty.
            TooLarge: more than 4000 characters.
        """
        text = text.replace("\0", "").strip()
        if not text:
            raise InvalidInput("the text is empty")
        if len(text) > LONGEST_TEXT:
            raise TooLarge(f"a message may have {LONGEST_TEXT} characters, this one has {len(text)}")
        message = message or new_id("m")
        event_id = derive_id(conversation.id, "message", message)
        turn = f"t{event_id}"
        if any(one.id == turn for one in conversation.turns):
            return message, turn
        self.check_room()
        # A person who writes on does not want the old answer to its end.
        await self.interrupt_when_current(conversation.id, by="message")
        body = MessageReceived(message=message, text=text)
        await self._append(conversation.id, body, turn=turn, event_id=event_id, incoming_trace=incoming_trace)
        # An answer to earlier words may have begun meanwhile.
        for earlier in _turns_before(self._feed.state_of(conversation.id), turn)[-_RECENT_TURNS:]:
            await self._interrupt_turn(conversation.id, earlier, by="message")
        return message, turn

    async def choose_character(self, conversation: Conversation, character: str) -> None:
        """Continue the conversation with another character."""
        self.character(conversation.person, character)
        if conversation.character == character:
            return
        await self.interrupt_when_current(conversation.id, by="button")
        await self._append(conversation.id, CharacterChosen(character=character))

    async def with_available_character(self, conversation: Conversation) -> Conversation:
        """The conversation; with another character where its own was removed."""
        characters = self.visible_characters(conversation.person)
        chosen = available(conversation.character, characters)
        if chosen == conversation.character or not characters:
            return conversation
        await self.choose_character(conversation, chosen)
        return self._feed.model.conversation(conversation.id) or conversation

    async def interrupt_when_current(self, conversation: str, by: Literal["button", "message"]) -> None:
        """Interrupt once the read model has every fact that was on the log when this was called.

        A gateway that was frozen or has just started may hold a reply for unfinished that has long been played.

        Raises:
            BusError: NATS is away, or the read model is far behind the log.
        """
        newest = await self._event_log.last_sequence(streams.CONVERSATIONS, retry_for=self.retry_for)
        await self._feed.wait_until_applied(newest)
        if by == "button":
            await self._interrupt_unbegun(conversation)
        await self.interrupt(conversation, by=by)

    async def interrupt(self, conversation: str, by: InterruptionSource, *, spared: str | None = None) -> None:
        """Interrupt the replies in progress, if any: being thought out, voiced or played.

        Playout stops first. Then its progress is appended, so that the log says what the person heard.

        Args:
            spared: a turn whose own reply, which may have begun already, goes on.
        """
        state = self._feed.state_of(conversation)
        for turn in state.turns[-_RECENT_TURNS:]:
            if turn.id != spared:
                await self._interrupt_turn(conversation, turn, by)

    async def interrupt_overtaken(self, conversation: str, turn: str, by: InterruptionSource) -> None:
        """Interrupt the reply of a turn that has begun although the person has said something else since."""
        for one in self._feed.state_of(conversation).turns[-_RECENT_TURNS:]:
            if one.id == turn:
                await self._interrupt_turn(conversation, one, by)

    async def _interrupt_turn(self, conversation: str, turn: Turn, by: InterruptionSource) -> None:
        sessions = [one for one in self.sessions.values() if one.conversation == conversation]
        reply = turn.reply
        if reply is None or not (_in_progress(reply, sessions) or (by == "message" and _is_unvoiced(reply))):
            return
        played = [event for session in sessions for event in session.interrupt(reply.id)]
        sequences = await asyncio.gather(*(self._event_log.append(event) for event in played))
        if sequences:
            await self._feed.wait_until_applied(max(sequences))
        heard = text_heard(self._feed.state_of(conversation), reply.id, listened=bool(sessions))
        body = ReplyInterrupted(reply=reply.id, heard=heard, by=by)
        await self._append(conversation, body, turn=turn.id, event_id=derive_id(reply.id, "interrupted"))

    async def _interrupt_unbegun(self, conversation: str) -> None:
        """Interrupt the reply to the newest words if it has not begun."""
        state = self._feed.state_of(conversation)
        newest = next(filter(has_words, reversed(state.turns[-_RECENT_TURNS:])), None)
        if newest is None or newest.reply is not None:
            return
        for kind in (MessageReceived, TranscriptFinal):
            words = await self._event_log.last_fact(conversation, kind)
            if words is not None and words.turn == newest.id:
                reply = reply_id(words.id)
                body = ReplyInterrupted(reply=reply, heard="", by="button")
                await self._append(conversation, body, turn=newest.id, event_id=derive_id(reply, "interrupted"))

    async def _append(
        self,
        conversation: str,
        body: Body,
        *,
        turn: str | None = None,
        event_id: str | None = None,
        incoming_trace: str = "",
    ) -> None:
        event = new_event(body, conversation=conversation, event_id=event_id, turn=turn)
        # The next request of this person reads what this one wrote.
        sequence = await self._event_log.append(event, retry_for=self.retry_for, incoming_trace=incoming_trace)
        await self._feed.wait_until_applied(sequence)


def _turns_before(state: Conversation, turn: str) -> tuple[Turn, ...]:
    """The turns that began before this one."""
    place = next((place for place, one in enumerate(state.turns) if one.id == turn), len(state.turns))
    return state.turns[:place]


def has_words(turn: Turn) -> bool:
    """Whether the person said or wrote something in a turn that calls for an answer."""
    person = turn.person
    if person is None or person.state != "final" or not person.text:
        return False
    # A recording of a channel is no murmur.
    return person.kind == "text" or person.channel != "web" or not is_backchannel(person.text)


def _is_unvoiced(reply: Reply) -> bool:
    """Whether some of it is still to be spoken: to nobody, once the person has written on, and for money."""
    return reply.state == "ended" and any(one.state == "written" for one in reply.sentences)


def _in_progress(reply: Reply, sessions: list[Session]) -> bool:
    """Whether more text is to come, or a session is still to play a part of it."""
    if reply.state == "telling":
        return True
    if reply.state not in ("ended", "failed"):
        return False
    played = max((one.index for one in reply.sentences if one.state == "played"), default=-1)
    unplayed = any(one.index > played and is_unplayed(one) for one in reply.sentences)
    return any(session.floor.has_reply(reply.id) or (unplayed and session.follows(reply.id)) for session in sessions)
