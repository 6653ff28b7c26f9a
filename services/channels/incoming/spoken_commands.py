"""What commands that the dialogue recognised in a message of a channel mean for the channel.

In the page, "new conversation" is carried out by the page; a channel goes on in a new conversation.
"""

from __future__ import annotations

from bus.channel_events import DeliveryQueued, TextContent
from bus.events import CommandRecognised, Event, MessageReceived, Origin, VoiceNoteReceived
from bus.ids import derive_id
from bus.log.event_log import EventLog
from projections.people_reader import PeopleReader
from services.channels.incoming.linking import Linking
from services.channels.incoming.talk import Talk
from services.channels.phrases import phrase


class SpokenCommands:
    """Carries out the channel's part of commands."""

    def __init__(self, event_log: EventLog, people: PeopleReader, linking: Linking, talk: Talk) -> None:
        self._event_log = event_log
        self._people = people
        self._linking = linking
        self._talk = talk

    async def carry_out(self, event: Event) -> None:
        """Carry out one `command.recognised`, if the person gave it through a channel and is still in the conversation.

        A repeat finds the link in another conversation already, and does nothing.

        Raises:
            BusError: NATS is away; it is to be carried out again.
        """
        body = event.body
        if not isinstance(body, CommandRecognised) or body.name not in ("new_conversation", "voice_on"):
            return
        origin = await self._origin_of(event)
        if origin is None:
            return
        await self._people.caught_up()
        link = self._people.people.link_of(origin.channel, origin.account, origin.sender)
        if link is None:
            return
        if body.name == "voice_on":
            if link.form == "text":
                await self._linking.choose_form(link, "same", derive_id(event.id, "form"))
            return
        if link.conversation == event.conversation:
            await self._talk.open_new(link, event.id)
        elif link.conversation != self._talk.id_of_new(event.id):
            return
        text = TextContent(text=phrase("new", link.language))
        queued = DeliveryQueued(account=origin.account, chat=origin.chat, content=text, reply_to=origin.message)
        await self._event_log.queue_delivery(origin.channel, derive_id(event.id, "answer"), queued)

    async def _origin_of(self, event: Event) -> Origin | None:
        """Where the words of a command came in; None: in the page."""
        if event.turn is None:
            return None
        for _, fact in await self._event_log.facts(event.conversation):
            if fact.turn == event.turn and isinstance(fact.body, MessageReceived | VoiceNoteReceived):
                return fact.body.origin
        return None
