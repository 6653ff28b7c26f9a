"""The vocabulary of channels: who is linked to a person, and what became of each message that was sent.

Like `bus.events`, it imports msgspec only, and old logs must stay readable. Links are on the stream `PEOPLE`, one
subject for each link; deliveries on `DELIVERIES`, one subject for each message. So each step of either can be written
under the condition that no other process has written one since.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from bus.events import ConversationId, EventId, Id, Integer, Microseconds, PersonId, SpeechId, TurnId

LinkId: TypeAlias = Id
DeliveryId: TypeAlias = Id
ReplyForm: TypeAlias = Literal["same", "voice", "text", "both", "video"]
"""How a person wants to be answered. "same": a recording by a voice note, a text by a text."""
DeliveryStatus: TypeAlias = Literal["delivered", "read", "played"]
UnlinkedBy: TypeAlias = Literal["page", "channel", "refused", "expired"]


# links: stream PEOPLE


class LinkBody(Struct, frozen=True, kw_only=True, tag_field="type"):
    """The content of an event of a link."""


class LinkOffered(LinkBody, frozen=True, kw_only=True, tag="link.offered"):
    """A person asked in the page for a link with a channel. The link's id is the hash of the one-time token."""

    person: PersonId
    channel: str
    conversation: ConversationId | None = None
    """Where the talk is to go on; None: in a new conversation."""
    expires_at: Microseconds
    """Microseconds since 1970."""


class PairingRequested(LinkBody, frozen=True, kw_only=True, tag="link.pairing_requested"):
    """A sender that is linked to nobody wrote. The link's id is the hash of the pairing code that was sent back."""

    channel: str
    account: str
    sender: str
    chat: str
    name: str
    """As the channel tells it; for people to recognise, never to identify."""
    language: str = ""
    """BCP-47 tag of the person's app, if the channel tells it."""
    expires_at: Microseconds


class LinkClaimed(LinkBody, frozen=True, kw_only=True, tag="link.claimed"):
    """A sender presented the token of an offered link; the person has still to confirm it in the page."""

    account: str
    sender: str
    chat: str
    name: str
    language: str = ""
    """BCP-47 tag of the person's app, if the channel tells it."""


class Linked(LinkBody, frozen=True, kw_only=True, tag="link.linked"):
    """The sender is the person: confirmed in the page, after a claim or by the pairing code."""

    person: PersonId
    conversation: ConversationId | None = None
    """As in `LinkOffered`."""


class Unlinked(LinkBody, frozen=True, kw_only=True, tag="link.unlinked"):
    """The link is over; or it was refused, or expired, before it was confirmed."""

    by: UnlinkedBy


class LinkConversationChosen(LinkBody, frozen=True, kw_only=True, tag="link.conversation_chosen"):
    """What the sender says from here on belongs to this conversation."""

    conversation: ConversationId


class LinkPreferencesChosen(LinkBody, frozen=True, kw_only=True, tag="link.preferences_chosen"):
    """How the person wants to be answered there. Fields that are None stay as they are."""

    form: ReplyForm | None = None
    echo: bool | None = None
    """Whether what was understood of a voice note is sent back as text."""
    mirror: bool | None = None
    """Whether what is said elsewhere in the conversation is shown there."""


class SenderAliasLearned(LinkBody, frozen=True, kw_only=True, tag="link.alias_learned"):
    """The channel knows the same account by another id too, gave it a new one, or writes to it elsewhere now."""

    sender: str
    """Its newest id."""
    chat: str = ""
    """Where it is written to from here on; empty: as before."""


class SenderReachable(LinkBody, frozen=True, kw_only=True, tag="link.reachable"):
    """Whether the sender lets messages through: False, the bot was blocked."""

    reachable: bool


LinkFact: TypeAlias = (
    LinkOffered
    | PairingRequested
    | LinkClaimed
    | Linked
    | Unlinked
    | LinkConversationChosen
    | LinkPreferencesChosen
    | SenderAliasLearned
    | SenderReachable
)


class LinkEvent(Struct, frozen=True, kw_only=True):
    """An event of a link between a person and an account of a channel."""

    id: EventId
    at: Microseconds
    link: LinkId
    body: LinkFact


# deliveries: stream DELIVERIES


class VoiceContent(Struct, frozen=True, kw_only=True, tag="voice"):
    """Speeches of the log as one voice note."""

    speeches: tuple[SpeechId, ...]
    """In order; the packets are on `audio.<conversation>.out.<speech>`."""
    text: str
    """What they say; sent instead where a voice note is not possible or not allowed."""


class VideoContent(Struct, frozen=True, kw_only=True, tag="video"):
    """Speeches of the log with the avatar's pictures."""

    speeches: tuple[SpeechId, ...]
    text: str


class TextContent(Struct, frozen=True, kw_only=True, tag="text"):
    """A text, as the person is to read it: plain, or Markdown of the language model."""

    text: str
    markdown: bool = False


Content: TypeAlias = VoiceContent | VideoContent | TextContent


class DeliveryBody(Struct, frozen=True, kw_only=True, tag_field="type"):
    """The content of an event of a delivery."""


class DeliveryQueued(DeliveryBody, frozen=True, kw_only=True, tag="delivery.queued"):
    """A message is to be sent. The first event of each delivery."""

    account: str
    chat: str
    content: Content
    conversation: ConversationId | None = None
    turn: TurnId | None = None
    reply_to: str = ""
    """The channel's id of the message that it answers."""
    silent: bool = False
    """Without a sound on the person's device."""
    link: str = ""
    """Address of the page with this conversation, offered where the message itself cannot be sent for certain."""
    notice_of: str = ""
    """The delivery whose outcome stayed unknown and of which this tells the person; of a notice, no notice is sent."""


class DeliveryRetried(DeliveryBody, frozen=True, kw_only=True, tag="delivery.retried"):
    """It was certainly not sent, and will be tried again."""

    code: str
    detail: str
    not_before: Microseconds
    """Microseconds since 1970."""
    content: Content | None = None
    """What is sent from here on instead: a text where the voice was refused."""


class DeliveryUploading(DeliveryBody, frozen=True, kw_only=True, tag="delivery.uploading"):
    """Its media are being brought to the channel, which sends nothing to the person yet."""


class DeliverySending(DeliveryBody, frozen=True, kw_only=True, tag="delivery.sending"):
    """The call that sends it is about to be made. If the process dies now, the outcome is unknown."""

    attempt: Integer
    media: str = ""
    """The channel's id of the uploaded media."""


class DeliverySent(DeliveryBody, frozen=True, kw_only=True, tag="delivery.sent"):
    """The channel has taken it."""

    message: str
    """The channel's id of it."""


class DeliveryProgressed(DeliveryBody, frozen=True, kw_only=True, tag="delivery.progressed"):
    """The channel told how far it came."""

    status: DeliveryStatus


class DeliveryUnknown(DeliveryBody, frozen=True, kw_only=True, tag="delivery.unknown"):
    """It may have been sent, or not: the answer was lost."""

    code: str
    detail: str


class DeliveryGivenUp(DeliveryBody, frozen=True, kw_only=True, tag="delivery.given_up"):
    """Its outcome stays unknown, and it is not sent again: never twice."""

    detail: str


class DeliveryFailed(DeliveryBody, frozen=True, kw_only=True, tag="delivery.failed"):
    """It was refused for good."""

    code: str
    detail: str


DeliveryFact: TypeAlias = (
    DeliveryQueued
    | DeliveryRetried
    | DeliveryUploading
    | DeliverySending
    | DeliverySent
    | DeliveryProgressed
    | DeliveryUnknown
    | DeliveryGivenUp
    | DeliveryFailed
)


class DeliveryEvent(Struct, frozen=True, kw_only=True):
    """An event of a message that is sent to a person through a channel."""

    id: EventId
    at: Microseconds
    channel: str
    delivery: DeliveryId
    body: DeliveryFact
