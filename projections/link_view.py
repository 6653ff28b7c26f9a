"""Channels and a person's links with them, as the page gets them (docs/api.md, "Channels and links")."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from bus.channel_events import ReplyForm
from bus.events import ConversationId, Id
from projections.people import Link

LinkViewState: TypeAlias = Literal["offered", "claimed", "linked"]
_SHOWN_OF_SENDER = 4
"""Characters of a sender's id, its last ones: enough to recognise, too few to write to."""


class ChannelView(Struct, frozen=True, kw_only=True):
    """A channel that is set up here."""

    name: str
    """telegram, whatsapp, folder …"""
    account: str
    """Our own account there."""
    label: str
    """The account as people know it, such as @visavis_bot; may be empty."""
    has_address: bool
    """Whether the channel can be opened by an address that has the token of a link."""


class LinkView(Struct, frozen=True, kw_only=True):
    """A link between the person and an account of a channel."""

    id: Id
    channel: str
    state: LinkViewState
    """offered: nobody has come with the token; claimed: somebody has, and the person is to confirm that it is they."""
    name: str
    """As the account calls itself; empty until it is claimed."""
    sender: str
    """The last characters of the account's id."""
    conversation: ConversationId | None
    """Where the talk goes on; null: in a new conversation."""
    form: ReplyForm
    """How the person wants to be answered there."""
    echo: bool
    """Whether what was understood of a voice note is sent back as text."""
    mirror: bool
    """Whether what is said elsewhere in the conversation is shown there."""
    reachable: bool
    """False: the person has blocked us there."""


class ChannelsView(Struct, frozen=True, kw_only=True):
    """What `GET /api/channels` answers."""

    channels: tuple[ChannelView, ...]
    links: tuple[LinkView, ...]
    """The person's own, the one with the oldest news first."""


class LinkOffer(Struct, frozen=True, kw_only=True):
    """What `POST /api/links` answers: a token that links the account that presents it first."""

    id: Id
    token: str
    """Told this once."""
    address: str
    """Opens the channel with the token; empty: it has to be written there by hand."""
    text: str
    """What to write there by hand."""
    expires_at: int
    """Microseconds since 1970, UTC."""


def link_view(link: Link, now: int) -> LinkView | None:
    """A link as the page gets it; None for one that is over, has expired, or is nobody's yet.

    Args:
        now: microseconds since 1970.
    """
    state: LinkViewState
    match link.state:
        case "linked":
            state = "linked"
        case "offered" | "claimed" as waiting if link.expires_at > now:
            state = waiting
        case _:
            return None
    return LinkView(
        id=link.id,
        channel=link.channel,
        state=state,
        name=link.name,
        sender=link.sender[-_SHOWN_OF_SENDER:],
        conversation=link.conversation,
        form=link.form,
        echo=link.echo,
        mirror=link.mirror,
        reachable=link.reachable,
    )
