"""Brings what a linked sender says into the conversation of the link, each message once."""

from __future__ import annotations

from contextlib import suppress

from cachetools import LRUCache

from bus import subjects
from bus.errors import Conflict
from bus.events import (
    Body,
    CharacterChosen,
    CharacterCreated,
    CommandRecognised,
    ConversationClosed,
    ConversationOpened,
    Event,
    MessageReceived,
    VoiceNoteReceived,
)
from bus.ids import derive_id
from bus.log import streams
from bus.log.event_log import EventLog, Fence
from bus.settings import DETECT_LANGUAGE
from bus.stamping import new_event
from projections.characters import visible_to
from projections.conversation import Conversation, fold_all
from projections.language import language_in_use
from projections.people import Link
from services.channels.channel import Recording
from services.channels.incoming.linking import Linking
from services.channels.incoming.published import Published
from services.channels.incoming.received import Received
from services.channels.phrases import is_german
from services.characters import available, current_characters, opening

_MOST_CHECKED = 10_000
LONGEST_TEXT = 4000
"""Characters of a message, as in the page."""


class Talk:
    """Appends the facts of persons to their conversations.

    Args:
        language: of new conversations; empty or "auto": the one in use before, or German where the person's app is
            German, or the character's.
    """

    def __init__(self, event_log: EventLog, linking: Linking, language: str) -> None:
        self._event_log = event_log
        self._linking = linking
        self._language = "" if language == DETECT_LANGUAGE else language
        self._published = Published(event_log)
        self._checked: LRUCache[str, int] = LRUCache(_MOST_CHECKED)
        """Of conversations whose character was there: the newest sequence of the characters' stream then."""

    async def write(self, received: Received, link: Link, text: str) -> None:
        """Append a message."""
        event_id = received.id("message")
        message = MessageReceived(
            message=f"m{event_id}",
            text=text,
            channel=received.channel.name,
            origin=received.origin,
            forwarded=received.incoming.forwarded,
        )
        await self._append_to_link(received, link, message, event_id)

    async def record(self, received: Received, link: Link, recording: Recording) -> None:
        """Append that there is a recording to be listened to."""
        event_id = received.id("voice note")
        note = VoiceNoteReceived(
            utterance=f"u{event_id}",
            origin=received.origin,
            media=recording.media,
            kind=recording.kind,
            bytes=recording.bytes,
            forwarded=received.incoming.forwarded,
        )
        await self._append_to_link(received, link, note, event_id)

    async def open_new(self, link: Link, cause: str) -> str:
        """Open a new conversation with the same character, and let the link go on there; returns its id.

        Args:
            cause: id of what it follows from; the same cause opens one conversation.
        """
        before = await self.state_of(link.conversation) if link.conversation else None
        if before is None:
            return await self._open(link, cause)
        return await self._open(link, cause, before.character, language_in_use(before))

    @staticmethod
    def id_of_new(cause: str) -> str:
        """The id of the conversation that is opened for this cause."""
        return f"c{derive_id(cause, 'conversation')}"

    async def conversation_of(self, link: Link, cause: str) -> str:
        """The conversation of a link; a new one where it has none, or that is no longer there."""
        if link.conversation and await self._is_there(link.conversation, link.person):
            return link.conversation
        return await self._open(link, cause)

    async def state_of(self, conversation: str) -> Conversation:
        """A conversation with all that has been said in it."""
        return fold_all(Conversation(id=conversation), await self._event_log.facts(conversation))

    async def characters_for(self, person: str) -> dict[str, CharacterCreated]:
        """The characters that a person may talk to, by id."""
        return visible_to(person, await current_characters(self._event_log))

    async def choose_character(self, received: Received, conversation: str, character: str) -> None:
        """Go on with another character."""
        event = new_event(
            CharacterChosen(character=character), conversation=conversation, event_id=received.id("character")
        )
        await self._append(received, event)

    async def turn_voice_on(self, received: Received, link: Link) -> None:
        """Give the character its voice back in the conversation, where the person had asked for text only."""
        if not link.conversation or (await self.state_of(link.conversation)).voice:
            return
        event = new_event(
            CommandRecognised(name="voice_on"), conversation=link.conversation, event_id=received.id("voice on")
        )
        await self._append(received, event)

    async def _append_to_link(self, received: Received, link: Link, body: Body, event_id: str) -> None:
        # Before anything else: the person may have gone to another conversation since the first time.
        if await self._is_published(received, type(body), event_id):
            return
        self._event_log.watch.check_room()  # it waits in the inbox
        conversation = await self.conversation_of(link, received.key)
        await self._choose_available_character(received, conversation, link.person)
        await self._publish(new_event(body, conversation=conversation, event_id=event_id, turn=f"t{event_id}"))

    async def _choose_available_character(self, received: Received, conversation: str, person: str) -> None:
        """Go on with another character where that of the conversation was removed."""
        newest = await self._event_log.last_sequence(streams.CHARACTERS)
        if self._checked.get(conversation) == newest:
            return
        characters = await self.characters_for(person)
        character = await self._character_of(conversation)
        chosen = available(character, characters)
        if chosen != character and characters:
            await self.choose_character(received, conversation, chosen)
        self._checked[conversation] = newest

    async def _character_of(self, conversation: str) -> str:
        for kind in (CharacterChosen, ConversationOpened):
            fact = await self._event_log.last_fact(conversation, kind)
            if fact is not None and isinstance(fact.body, CharacterChosen | ConversationOpened):
                return fact.body.character
        return ""

    async def _append(self, received: Received, event: Event) -> None:
        if not await self._is_published(received, type(event.body), event.id):
            await self._publish(event)

    async def _is_published(self, received: Received, kind: type[Body], event_id: str) -> bool:
        return received.repeated and await self._published.has(
            kind, event_id, received.stored_at, look_again=received.redelivered
        )

    async def _publish(self, event: Event) -> None:
        await self._event_log.append(event)
        self._published.add(event)

    async def _is_there(self, conversation: str, person: str) -> bool:
        opened = await self._event_log.last_fact(conversation, ConversationOpened)
        if opened is None or not isinstance(opened.body, ConversationOpened) or opened.body.person != person:
            return False
        return await self._event_log.last_fact(conversation, ConversationClosed) is None

    async def _open(self, link: Link, cause: str, character: str = "", in_use: str = "") -> str:
        conversation = self.id_of_new(cause)
        characters = await self.characters_for(link.person)
        language = self._language or in_use or ("de" if is_german(link.language) else "")
        opened = opening(link.person, characters, character, language)
        event = new_event(opened, conversation=conversation, event_id=derive_id(cause, "opened"))
        with suppress(Conflict):  # opened by an earlier try
            subject = subjects.fact_in(conversation, ConversationOpened)
            await self._event_log.append_fenced(event, Fence(subject, 0))
        await self._linking.choose_conversation(link, conversation, derive_id(cause, "conversation chosen"))
        return conversation
