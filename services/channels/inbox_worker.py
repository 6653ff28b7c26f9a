"""What works through the streams on which channels depend: the inbox, links that were confirmed, spoken commands."""

from __future__ import annotations

from collections.abc import Sequence

from bus import codec, subjects
from bus.errors import VisavisError
from bus.events import CommandRecognised
from bus.log import streams
from bus.log.event_log import Record
from bus.work.stream_worker import StreamItem, StreamWork
from services.channels.channel import Channel
from services.channels.inbox import Inbox
from services.channels.linking import Linking
from services.channels.owner_link import is_owner_link
from services.channels.spoken_commands import SpokenCommands

CONCURRENCY = 16


def inbox_work(channels: Sequence[Channel], inbox: Inbox) -> StreamWork:
    """Handles the updates that channels stored: those of one sender in order, those of several at once."""

    def channel_of(subject: str) -> Channel:
        _, name, account, _ = subject.split(".")
        for channel in channels:
            if (channel.name, channel.account) == (name, account):
                return channel
        raise VisavisError(f"the account {account} of {name} is not set up here", code="unknown_account")

    def lane(record: Record) -> str:
        try:
            channel = channel_of(record.subject)
        except VisavisError:
            return record.subject  # the handler says so, once for each
        origins = (incoming.origin for incoming in channel.parse(record.data))
        first = next((origin for origin in origins if origin is not None), None)
        # What became of our messages waits for no one: the ledger has an order of its own.
        return record.subject if first is None else f"{channel.name}.{channel.account}.{first.sender}"

    async def handle(item: StreamItem) -> None:
        record = item.record
        await inbox.handle_update(
            channel_of(record.subject), record.subject, record.data, record.time, redelivered=item.deliveries > 1
        )

    return StreamWork(
        name="inbox",
        stream=streams.INBOX,
        subjects=(subjects.ALL_INBOX,),
        key=lane,
        handle=handle,
        concurrency=CONCURRENCY,
    )


def welcome_work(linking: Linking) -> StreamWork:
    """Tells senders that their link was confirmed."""

    async def handle(item: StreamItem) -> None:
        event = codec.decode_link_event(item.record.data)
        if not is_owner_link(event):
            await linking.welcome(event)

    return StreamWork(
        name="welcome",
        stream=streams.PEOPLE,
        subjects=(subjects.ALL_LINKS,),
        key=lambda record: record.subject,
        handle=handle,
    )


def command_work(commands: SpokenCommands) -> StreamWork:
    """Carries out what commands mean for a channel that the dialogue recognised."""

    async def handle(item: StreamItem) -> None:
        await commands.carry_out(codec.decode_event(item.record.data))

    return StreamWork(
        name="channel-commands",
        stream=streams.CONVERSATIONS,
        subjects=(subjects.facts_of_kind(CommandRecognised),),
        key=lambda record: subjects.conversation_of(record.subject),
        handle=handle,
    )
