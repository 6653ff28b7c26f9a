"""Which accounts on channels are linked to which person, folded from the stream `PEOPLE`. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bus.channel_events import (
    LinkClaimed,
    LinkConversationChosen,
    Linked,
    LinkEvent,
    LinkFact,
    LinkOffered,
    LinkPreferencesChosen,
    PairingRequested,
    ReplyForm,
    SenderAliasLearned,
    SenderReachable,
    Unlinked,
)

LinkState: TypeAlias = Literal["offered", "requested", "claimed", "linked", "ended"]


class Link(Struct, frozen=True, kw_only=True):
    """One link between a person and an account of a channel, from the offer to its end."""

    id: str
    seq: int = 0
    """Stream sequence of its newest event."""
    state: LinkState = "offered"
    """offered: the page shows the token; requested: a sender has a pairing code; claimed: a sender came with the token,
    and the person has to confirm it."""
    person: str = ""
    channel: str = ""
    account: str = ""
    sender: str = ""
    """The newest id of the sender."""
    aliases: tuple[str, ...] = ()
    """Its earlier ids."""
    chat: str = ""
    name: str = ""
    conversation: str | None = None
    """What the sender says belongs to this conversation; None: a new one is to be opened."""
    expires_at: int = 0
    """Microseconds since 1970; of offered, requested and claimed links."""
    form: ReplyForm = "same"
    echo: bool = False
    mirror: bool = True
    reachable: bool = True


class People(Struct, frozen=True, kw_only=True):
    """All links, and where to find them."""

    links: dict[str, Link] = {}
    by_sender: dict[tuple[str, str, str], str] = {}
    """Ids of confirmed links by channel, account and each id of the sender."""

    def link_of(self, channel: str, account: str, sender: str) -> Link | None:
        """The confirmed link of a sender."""
        link = self.by_sender.get((channel, account, sender))
        return None if link is None else self.links[link]

    def links_of(self, person: str) -> list[Link]:
        """The links of a person that are not over, the oldest first."""
        mine = (one for one in self.links.values() if one.person == person and one.state != "ended")
        return sorted(mine, key=lambda one: one.seq)

    def pending_requests(self, channel: str, account: str, sender: str, now: int) -> list[Link]:
        """The pairing codes of a sender that still hold.

        Args:
            now: microseconds since 1970.
        """
        return [
            one
            for one in self.links.values()
            if (one.channel, one.account, one.sender) == (channel, account, sender)
            and one.state == "requested"
            and one.expires_at > now
        ]


def fold(state: People, seq: int, event: LinkEvent) -> People:
    """The people after this event; unchanged where the event is not possible in the link's state."""
    before = state.links.get(event.link)
    after = _apply(before, event)
    if after is None or after == before:
        return state
    after = replace(after, seq=seq)
    by_sender = {key: link for key, link in state.by_sender.items() if link != event.link}
    if after.state == "linked":
        # The newest link of a sender counts: who links again with another person has left the first one.
        by_sender |= {(after.channel, after.account, one): after.id for one in (after.sender, *after.aliases)}
    return People(links={**state.links, after.id: after}, by_sender=by_sender)


def _apply(link: Link | None, event: LinkEvent) -> Link | None:
    body = event.body
    if link is None:
        match body:
            case LinkOffered():
                return Link(
                    id=event.link, state="offered", person=body.person, channel=body.channel,
                    conversation=body.conversation, expires_at=body.expires_at,
                )  # fmt: skip
            case PairingRequested():
                return Link(
                    id=event.link, state="requested", channel=body.channel, account=body.account, sender=body.sender,
                    chat=body.chat, name=body.name, expires_at=body.expires_at,
                )  # fmt: skip
        return None
    match body:
        case LinkClaimed() if link.state == "offered":
            return replace(
                link, state="claimed", account=body.account, sender=body.sender, chat=body.chat, name=body.name
            )
        case Linked() if link.state in ("claimed", "requested"):
            conversation = body.conversation or link.conversation
            return replace(link, state="linked", person=body.person, conversation=conversation)
        case Unlinked() if link.state != "ended":
            return replace(link, state="ended")
    return _apply_to_linked(link, body) if link.state == "linked" else link


def _apply_to_linked(link: Link, body: LinkFact) -> Link:
    match body:
        case LinkConversationChosen():
            return replace(link, conversation=body.conversation)
        case LinkPreferencesChosen(form=form, echo=echo, mirror=mirror):
            return replace(
                link,
                form=link.form if form is None else form,
                echo=link.echo if echo is None else echo,
                mirror=link.mirror if mirror is None else mirror,
            )
        case SenderAliasLearned() if body.sender != link.sender:
            others = tuple(one for one in link.aliases if one != body.sender)
            return replace(link, sender=body.sender, aliases=(*others, link.sender))
        case SenderReachable(reachable=reachable):
            return replace(link, reachable=reachable)
    return link
