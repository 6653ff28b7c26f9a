"""What the process that has the lease works through: the inbox, confirmed links, and commands said to the character."""

from __future__ import annotations

from collections.abc import Mapping

from bus import clock, codec, subjects
from bus.errors import UndecodableEvent
from bus.events import CommandRecognised
from bus.log import streams
from bus.log.records import Record
from bus.work.stream_worker import StreamItem, StreamWork
from services.channels.channel import Channel, Ignored, Incoming, Progress
from services.channels.incoming.inbox import Inbox
from services.channels.incoming.linking import Linking
from services.channels.incoming.owner_link import is_owner_link
from services.channels.incoming.spoken_commands import SpokenCommands

COMMAND_HOLDS = 24 * 3600_000_000
"""Microseconds after a command for which it is carried out: a log that is read from its beginning changes nothing."""


def inbox_work(channels: Mapping[str, Channel], inbox: Inbox) -> StreamWork:
    """The work on all that was received: in the order of each sender, those of several at once.

    Args:
        channels: by name.
    """

    def key(record: Record) -> str | None:
        channel = _channel_of(record, channels)
        # What a person said comes last, after what is told of their ids.
        parts = reversed(channel.parse(record.data))
        return next(filter(None, (_lane(channel, one) for one in parts)), None)

    async def handle(item: StreamItem) -> None:
        record = item.record
        channel = _channel_of(record, channels)
        # A requeued letter has the time of its failure; that it was tried before is what counts.
        repeated = item.deliveries > 1 or item.requeued > 0
        await inbox.handle_update(channel, record.subject, record.data, record.time, redelivered=repeated)

    return StreamWork(name="inbox", stream=streams.INBOX, subjects=(subjects.ALL_INBOX,), key=key, handle=handle)


def welcome_work(linking: Linking) -> StreamWork:
    """The work on links that were confirmed in the page."""

    async def handle(item: StreamItem) -> None:
        event = codec.decode_link_event(item.record.data)
        if not is_owner_link(event):
            await linking.welcome(event)

    return StreamWork(
        name="welcomes", stream=streams.PEOPLE, subjects=(subjects.ALL_LINKS,), key=_link_of, handle=handle
    )


def spoken_commands_work(commands: SpokenCommands) -> StreamWork:
    """The work on commands that the dialogue recognised."""

    def key(record: Record) -> str | None:
        event = codec.decode_event(record.data)
        return event.conversation if clock.now() - event.at < COMMAND_HOLDS else None

    async def handle(item: StreamItem) -> None:
        await commands.carry_out(codec.decode_event(item.record.data))

    return StreamWork(
        name="channel-commands",
        stream=streams.CONVERSATIONS,
        subjects=(subjects.facts_of_kind(CommandRecognised),),
        key=key,
        handle=handle,
    )


def _channel_of(record: Record, channels: Mapping[str, Channel]) -> Channel:
    name = record.subject.split(".")[1]
    if name not in channels:
        raise UndecodableEvent(f"{record.subject}: there is no channel {name} now; it can be requeued once there is")
    return channels[name]


def _lane(channel: Channel, incoming: Incoming) -> str | None:
    """What is handled one after the other: all of one sender, and all that is told of one message of ours."""
    if isinstance(incoming.content, Progress):
        return f"{channel.name} message {incoming.content.message or incoming.content.delivery}"
    if incoming.origin is None or isinstance(incoming.content, Ignored):
        return None
    return f"{channel.name} {incoming.origin.account} {incoming.origin.sender}"


def _link_of(record: Record) -> str:
    return record.subject
