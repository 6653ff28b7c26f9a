"""What a person may do in a conversation: checks it and appends it to the log as facts."""

from __future__ import annotations

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
from services.gateway.playing.sessions import Sessions

LONGEST_TEXT = 4000
"""Characters that a person may write at once."""
_RECENT_TURNS = 8
REQUEST_RETRY_FOR = 8.0
"""Seconds for which a request is retried while NATS is away; a restart of it takes less."""


class Conversations:
    """The conversations and characters as one gateway knows them.

    Args:
        sessions: the live ones, here and elsewhere.
        language: of new conversations; empty: the character's.
        check_room: raises BusError where nothing new may be begun.
        most: conversations that one person may have.
        retry_for: seconds for which a request is retried while NATS is away.
    """

    def __init__(
        self,
        event_log: EventLog,
        feed: Feed,
        sessions: Sessions,
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
        self.sessions = sessions

    async def conversation_of(self, person: str, conversation: str) -> Conversation:
        """A conversation of this person.

        Raises:
            NotFound: there is no such conversation, or it is another person's.
            BusError: see `existing`.
        """
        found = await self.existing(conversation)
        if not person or found.person != person:
            raise NotFound("no such conversation")
        return found

    async def existing(self, conversation: str) -> Conversation:
        """A conversation, whoever's it is. One that another gateway has opened is waited for.

        Raises:
            NotFound: the log has none of that id.
            BusError: that cannot be known: NATS is away, or the read model is far behind it or still being built.
        """
        found = self._feed.caught_up_model().conversation(conversation)
        if found is None:
            await self._wait_until_current()
            found = self._feed.caught_up_model().conversation(conversation)
        if found is None:
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

    async def open(
        self, person: str, character: str | None, request: str | None = None, *, network: str = ""
    ) -> str:
        """Begin a conversation; returns its id.

        Args:
            network: see `ConversationOpened`.
            request: the client's id for this request, if any: sent again after a lost answer, it opens nothing more.
        Raises:
            BusError: NATS is away, or the read model is still being built.
        """
        # Before anything is on the log: a request that is refused is made again.
        await self._feed.wait_until_caught_up(timeout=self.retry_for)
        conversation, event_id = new_id("c"), None
        if request is not None:
            event_id = derive_id(person, "opened", request)
            conversation = f"c{event_id}"
            await self._wait_until_current()
            if self._feed.caught_up_model().conversation(conversation) is not None:
                return conversation
        self.check_room()
        if self._feed.model.count_of(person) >= self._most:
            raise InvalidInput(f"you have {self._most} conversations, the most that are kept here", code="too_many")
        characters = self.visible_characters(person)
        if character or not characters:
            self.character(person, character or "")
        body = opening(person, characters, character or "", self._language, network)
        await self._append(conversation, body, event_id=event_id)
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
        await self._wait_until_current()
        if any(one.id == turn for one in self._feed.state_of(conversation.id).turns):
            return message, turn  # the same request came a moment earlier, here or at another gateway
        # A person who writes on does not want the old answer to its end. An answer to this message is none: the same
        # request may have come between the look at the log and this one.
        await self.interrupt(conversation.id, by="message", spared=turn)
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
        await self._wait_until_current()
        if self._feed.state_of(conversation.id).character == character:
            return  # the same request came a moment earlier
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
        await self._wait_until_current()
        if by == "button":
            await self._interrupt_unbegun(conversation)
        await self.interrupt(conversation, by=by)

    async def _wait_until_current(self) -> None:
        """Wait until the read model has every fact that is on the log now.

        Raises:
            BusError: NATS is away, or the read model is far behind the log.
        """
        newest = await self._event_log.last_sequence(streams.CONVERSATIONS, retry_for=self.retry_for)
        await self._feed.wait_until_applied(newest)

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
        reply = turn.reply
        if reply is None or reply.state == "interrupted":
            return
        stopped = await self.sessions.stop(self._feed.state_of(conversation), reply)
        is_wasted = by == "message" and _is_unvoiced(reply)
        if reply.state != "telling" and not stopped.did and not is_wasted:
            return
        await self._feed.wait_until_applied(stopped.sequence)
        listened = self.sessions.are_there(conversation)
        heard = text_heard(self._feed.state_of(conversation), reply.id, listened=listened)
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
    """Whether sound of it is still to be made: for nobody, once the person has written on, and for money."""
    return reply.state == "ended" and any(
        one.state in ("written", "spoken") and one.samples is None for one in reply.sentences
    )
