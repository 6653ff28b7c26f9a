"""Short texts of the channel itself, queued for the sender; each once."""

from __future__ import annotations

from bus import codec, subjects
from bus.channel_events import DeliveryQueued, TextContent
from bus.ids import derive_id
from bus.log import streams
from bus.log.event_log import EventLog
from services.channels.incoming.received import Received

BETWEEN_NOTICES = 60_000_000
"""Microseconds between two equal notices in one chat."""
MOST_TO_STRANGERS = 30
"""Notices in that time beyond which strangers get none: what all of them together can make us write has a limit."""
_NOTICE = "notice-"
"""Prefix of the ids of notices, of which a chat gets each once a minute."""


class Notices:
    """Queues texts in the stream `DELIVERIES`."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log

    async def answer(self, received: Received, text: str, *, position: str = "answer", quote: bool = False) -> bool:
        """Answer with a text; returns False where the same answer has been queued before.

        Args:
            position: of the answer among all that follows from what was received.
            quote: show what it answers.
        """
        return await self._queue(received, received.id(position), text, quote=quote)

    async def answer_seldom(self, received: Received, text: str, *, stranger: bool = False) -> None:
        """Answer with a text, unless the chat got the same one in the minute before this was received.

        Args:
            stranger: the sender is linked to nobody.
        """
        told = await self._told(received.channel.name, received.stored_at - BETWEEN_NOTICES)
        if (received.origin.chat, text) in told or (stranger and len(told) >= MOST_TO_STRANGERS):
            return
        await self._queue(received, f"{_NOTICE}{received.id('answer')}", text)

    async def answer_once(self, received: Received, text: str, what: str) -> None:
        """Answer with a text that is said once about the same message of the person, whatever is received of it."""
        origin = received.origin
        delivery = derive_id(received.channel.name, origin.account, origin.chat, origin.message, what)
        await self._queue(received, delivery, text)

    async def _queue(self, received: Received, delivery: str, text: str, *, quote: bool = True) -> bool:
        origin = received.origin
        queued = DeliveryQueued(
            account=origin.account,
            chat=origin.chat,
            content=TextContent(text=text),
            reply_to=origin.message if quote else "",
        )
        return await self._event_log.queue_delivery(received.channel.name, delivery, queued)

    async def was_answered(self, received: Received, position: str = "answer") -> bool:
        """Whether an answer to this has been queued."""
        subject = subjects.delivery(received.channel.name, received.id(position))
        return await self._event_log.last_message(subject) is not None

    async def queued_text(self, received: Received, position: str) -> str:
        """The text of an answer to this that has been queued; empty: none has."""
        subject = subjects.delivery(received.channel.name, received.id(position))
        async for record in self._event_log.read(streams.DELIVERIES, subject):
            body = codec.decode_delivery_event(record.data).body
            if isinstance(body, DeliveryQueued):
                return body.content.text
        return ""

    async def _told(self, channel: str, since: int) -> list[tuple[str, str]]:
        """The chats and texts of the notices that were queued at this time or later."""
        found = []
        read = self._event_log.read(streams.DELIVERIES, subjects.deliveries_of(channel), since=since)
        async for record in read:
            if record.subject.rsplit(".", 1)[-1].startswith(_NOTICE):
                body = codec.decode_delivery_event(record.data).body
                if isinstance(body, DeliveryQueued):
                    found.append((body.chat, body.content.text))
        return found
