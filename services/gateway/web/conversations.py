"""What a person may do to a conversation, as facts on the log. Reading is the read model's."""

from __future__ import annotations

import asyncio
from typing import Literal

from bus import clock
from bus.errors import InvalidInput, NotFound, TooLarge
from bus.events import (
    Body,
    CharacterChosen,
    CharacterCreated,
    CharacterEvent,
    ConversationOpened,
    Event,
    MessageReceived,
    ReplyInterrupted,
)
from bus.ids import derive_id, new_id
from bus.log import streams
from bus.log.event_log import EventLog
from projections import characters
from projections.conversation import Conversation, Reply, played_text
from services.gateway.feed import Feed
from services.gateway.playing.resume import UNPLAYED_STATES
from services.gateway.playing.session import Session

LONGEST_TEXT = 4000
"""Characters that a person may write at once."""
_RECENT_TURNS = 8
RETRY_FOR = 8.0
"""Seconds for which a request is retried while NATS is away; a restart of it takes less."""


class Conversations:
    """The conversations of all people, as far as this gateway is concerned with them."""

    def __init__(self, event_log: EventLog, feed: Feed, language: str, *, retry_for: float = RETRY_FOR) -> None:
        self._event_log = event_log
        self._feed = feed
        self._language = language
        self.retry_for = retry_for
        self.characters: dict[str, CharacterCreated] = {}
        self.sessions: dict[str, Session] = {}
        """Live connections of this gateway by id."""

    def own(self, person: str, conversation: str) -> Conversation:
        """A conversation of this person.

        Raises:
            NotFound: there is none of that id, or it is somebody else's.
        """
        found = self._feed.model.conversation(conversation)
        if found is None or not person or found.person != person:
            raise NotFound("no such conversation")
        return found

    def tell(self, event: CharacterEvent) -> None:
        """What is new of a character."""
        self.characters = characters.fold(self.characters, event)

    def forget(self, character: str) -> None:
        """It was removed here; what is on record says so in a moment."""
        self.characters = {id_: one for id_, one in self.characters.items() if id_ != character}

    def seen_by(self, person: str) -> dict[str, CharacterCreated]:
        """The characters that a person may talk to, by id."""
        return characters.visible_to(person, self.characters)

    def character(self, person: str, character: str) -> CharacterCreated:
        """A character by id.

        Raises:
            NotFound: there is none, or it is somebody else's; names those that there are.
        """
        characters = self.seen_by(person)
        if character not in characters:
            known = ", ".join(sorted(characters)) or "none yet"
            raise NotFound(f"no character {character[:64]!r}; there are {known}")
        return characters[character]

    def connected(self, conversation: str) -> int:
        """How many sessions of this conversation have a browser at the other end."""
        return sum(one.conversation == conversation and one.is_connected for one in self.sessions.values())

    async def open(self, person: str, character: str | None) -> str:
        """Begin a conversation; returns its id."""
        chosen = character or next(iter(self.seen_by(person)), "")
        created = self.character(person, chosen)
        language = self._language or created.language
        conversation = new_id("c")
        await self._append(conversation, ConversationOpened(person=person, character=chosen, language=language))
        return conversation

    async def say(self, conversation: Conversation, text: str, message: str | None = None) -> tuple[str, str]:
        """Take a written message; returns its id and its turn's.

        Args:
            message: the client's id for it, where it has one: sent again after a lost answer, it is taken once.
        Raises:
            InvalidInput: nothing is written.
            TooLarge: more than 4000 characters.
        """
        text = text.replace("\0", "").strip()
        if not text:
            raise InvalidInput("the text is empty")
        if len(text) > LONGEST_TEXT:
            raise TooLarge(f"a message may have {LONGEST_TEXT} characters, this one has {len(text)}")
        message = message or new_id("m")
        identity = derive_id(conversation.id, "message", message)
        turn = f"t{identity}"
        if any(one.id == turn for one in conversation.turns):
            return message, turn
        # Who writes on does not want to hear the old answer to its end.
        await self.cut_short(conversation.id, by="message")
        await self._append(conversation.id, MessageReceived(message=message, text=text), turn=turn, identity=identity)
        return message, turn

    async def choose(self, conversation: Conversation, character: str) -> None:
        """Talk to another character from here on."""
        self.character(conversation.person, character)
        if conversation.character == character:
            return
        await self.cut_short(conversation.id, by="button")
        await self._append(conversation.id, CharacterChosen(character=character))

    async def with_somebody(self, conversation: Conversation) -> Conversation:
        """The conversation, with somebody else where its character was removed."""
        characters = self.seen_by(conversation.person)
        if conversation.character in characters or not characters:
            return conversation
        await self.choose(conversation, next(iter(characters)))
        return self._feed.model.conversation(conversation.id) or conversation

    async def cut_short(self, conversation: str, by: Literal["button", "message"]) -> None:
        """As `interrupt`, for an act that no ear waits for: first this gateway sees what is on record. It may have been
        frozen, or be starting, and think that a reply is being told which has long been heard.

        Raises:
            BusError: the log is away, or this gateway is far behind it.
        """
        newest = await self._event_log.last_sequence(streams.CONVERSATIONS, retry_for=self.retry_for)
        await self._feed.reached(newest)
        await self.interrupt(conversation, by=by)

    async def interrupt(
        self, conversation: str, by: Literal["speech", "button", "message"], *, before: str | None = None
    ) -> None:
        """Cut short what is being told; does nothing where nothing is.

        Sound and picture stop first, then the log is told how far they had come, so that what was heard is on record.

        Args:
            before: a turn whose own answer, which may have begun already, is not meant.
        """
        sessions = [one for one in self.sessions.values() if one.conversation == conversation]
        state = self._feed.model.conversation(conversation)
        if state is None:
            return
        for turn in state.turns[-_RECENT_TURNS:]:
            reply = turn.reply
            if reply is None or turn.id == before or not _being_told(reply, sessions):
                continue
            played = [event for session in sessions for event in session.interrupt(reply.id)]
            sequences = await asyncio.gather(*(self._event_log.append(event) for event in played))
            if sequences:
                await self._feed.reached(max(sequences))
            heard = _heard(self._feed.model.conversation(conversation) or state, reply.id, listened=bool(sessions))
            body = ReplyInterrupted(reply=reply.id, heard=heard, by=by)
            await self._append(conversation, body, turn=turn.id, identity=derive_id(reply.id, "interrupted"))

    async def _append(
        self, conversation: str, body: Body, *, turn: str | None = None, identity: str | None = None
    ) -> None:
        event = Event(
            id=identity or new_id("e"),
            at=clock.now(),
            conversation=conversation,
            turn=turn,
            body=body,  # type: ignore[arg-type]
        )
        # Who acts sees it done: the next request reads what this one wrote.
        await self._feed.reached(await self._event_log.append(event, retry_for=self.retry_for))


def _being_told(reply: Reply, sessions: list[Session]) -> bool:
    """Whether there is something to stop: text still to come, or a voice that is not through with it."""
    if reply.state == "telling":
        return True
    unheard = any(sentence.state in UNPLAYED_STATES for sentence in reply.sentences)
    return reply.state == "ended" and unheard and any(not session.playout.is_idle for session in sessions)


def _heard(conversation: Conversation, reply_id: str, *, listened: bool) -> str:
    """The part of a reply that reached the person: what was played, or what stood there to be read."""
    for turn in conversation.turns:
        if turn.reply is not None and turn.reply.id == reply_id:
            sentences = turn.reply.sentences
            parts = [played_text(one) if listened and one.state != "unspoken" else one.text for one in sentences]
            return " ".join(part for part in parts if part)
    return ""
