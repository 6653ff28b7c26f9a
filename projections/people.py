"""Which accounts on channels are linked to which person, folded from the stream `PEOPLE`. No input or output.

Of one link, the fold is pure; `People`, which holds all of them, is changed in place: ten thousand links are not copied
for each event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, TypeVar

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
SenderKey: TypeAlias = tuple[str, str, str]
"""Channel, our account there, and an id of the sender."""
KeyT = TypeVar("KeyT")


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
    language: str = ""
    """BCP-47 tag of the sender's app; empty: the channel did not tell it."""
    conversation: str | None = None
    """What the sender says belongs to this conversation; None: a new one is to be opened."""
    expires_at: int = 0
    """Microseconds since 1970; of offered, requested and claimed links."""
    form: ReplyForm = "same"
    echo: bool = False
    mirror: bool = True
    reachable: bool = True

    @property
    def senders(self) -> list[SenderKey]:
        """All ids by which the channel knows the sender, the newest first."""
        return [(self.channel, self.account, one) for one in (self.sender, *self.aliases)]


class People:
    """All links, and where to find them.

    Each id of a sender belongs to one confirmed link at the most, the newest: who links again with another person has
    left the first one, whose link has then ended.
    """

    def __init__(self) -> None:
        self.links: dict[str, Link] = {}
        self.by_sender: dict[SenderKey, str] = {}
        """Ids of confirmed links by each id of the sender."""
        self._of_person: dict[str, set[str]] = {}
        self._in_conversation: dict[str, set[str]] = {}
        self._requested: dict[SenderKey, set[str]] = {}
        self._claimed: dict[SenderKey, set[str]] = {}
        self._left: dict[SenderKey, int] = {}
        """Stream sequence at which a sender was last unlinked."""

    def apply(self, seq: int, event: LinkEvent) -> None:
        """Fold in an event; one whose sequence the link has already changes nothing."""
        before = self.links.get(event.link)
        after = fold_link(before, seq, event)
        if after is None or after is before:
            return
        if before is not None:
            self._forget(before)
            if (before.state, after.state) == ("linked", "ended"):
                self._left.update(dict.fromkeys(after.senders, seq))
        if after.state == "linked":
            for key in after.senders:
                self._take_from_others(key)
        self._put(after)

    def link_of(self, channel: str, account: str, sender: str) -> Link | None:
        """The confirmed link of a sender."""
        link = self.by_sender.get((channel, account, sender))
        return None if link is None else self.links[link]

    def links_of(self, person: str) -> list[Link]:
        """The links of a person that are not over, the one with the oldest news first."""
        return sorted((self.links[one] for one in self._of_person.get(person, ())), key=lambda one: one.seq)

    def links_in(self, conversation: str) -> list[Link]:
        """The confirmed links whose senders talk in a conversation."""
        return [self.links[one] for one in sorted(self._in_conversation.get(conversation, ()))]

    def pending_requests(self, channel: str, account: str, sender: str, now: int) -> list[Link]:
        """The pairing codes of a sender that still hold.

        Args:
            now: microseconds since 1970.
        """
        asked = (self.links[one] for one in self._requested.get((channel, account, sender), ()))
        return sorted((one for one in asked if one.expires_at > now), key=lambda one: one.seq)

    def has_code(self, channel: str, account: str, sender: str, now: int) -> bool:
        """Whether a sender was told a code that still holds since it was last unlinked."""
        left = self._left.get((channel, account, sender), 0)
        return any(one.seq > left for one in self.pending_requests(channel, account, sender, now))

    def has_claimed(self, channel: str, account: str, sender: str, now: int) -> bool:
        """Whether a sender came with a token that still holds, and the person has not confirmed it yet."""
        return any(self.links[one].expires_at > now for one in self._claimed.get((channel, account, sender), ()))

    def claims_of(self, channel: str, account: str, sender: str) -> list[Link]:
        """The links that a sender has claimed and that are not confirmed."""
        return [self.links[one] for one in self._claimed.get((channel, account, sender), ())]

    def count_requests(self, channel: str, account: str, now: int) -> int:
        """The number of all pairing codes of a channel that still hold."""
        of_channel = (links for key, links in self._requested.items() if key[:2] == (channel, account))
        return sum(self.links[one].expires_at > now for links in of_channel for one in links)

    def _take_from_others(self, key: SenderKey) -> None:
        """Take an id of a sender from the link that has it, which ends if it was the newest id there."""
        other = self.links.get(self.by_sender.get(key, ""))
        if other is None:
            return
        self._forget(other)
        if other.sender == key[2]:
            self._put(replace(other, state="ended"))
        else:
            self._put(replace(other, aliases=tuple(one for one in other.aliases if one != key[2])))

    def _put(self, link: Link) -> None:
        self.links[link.id] = link
        if link.state != "ended" and link.person:
            self._of_person.setdefault(link.person, set()).add(link.id)
        if link.state == "linked":
            self.by_sender.update(dict.fromkeys(link.senders, link.id))
            if link.conversation is not None:
                self._in_conversation.setdefault(link.conversation, set()).add(link.id)
        if link.state == "requested":
            self._requested.setdefault(link.senders[0], set()).add(link.id)
        if link.state == "claimed":
            self._claimed.setdefault(link.senders[0], set()).add(link.id)

    def _forget(self, link: Link) -> None:
        """Take a link out of the indices."""
        _discard(self._of_person, link.person, link.id)
        _discard(self._in_conversation, link.conversation or "", link.id)
        _discard(self._requested, link.senders[0], link.id)
        _discard(self._claimed, link.senders[0], link.id)
        for key in link.senders:
            if self.by_sender.get(key) == link.id:
                del self.by_sender[key]


def _discard(index: dict[KeyT, set[str]], key: KeyT, link: str) -> None:
    found = index.get(key, set())
    found.discard(link)
    if not found:
        index.pop(key, None)


def fold_all(events: Iterable[tuple[int, LinkEvent]]) -> People:
    """The people after these events, pairs of stream sequence and event."""
    people = People()
    for seq, event in events:
        people.apply(seq, event)
    return people


def fold_link(link: Link | None, seq: int, event: LinkEvent) -> Link | None:
    """The link after one of its events; None: there is no such link yet.

    An event that is not possible in the link's state changes nothing but `seq`.
    """
    if link is None:
        begun = _begin(event)
        return None if begun is None else replace(begun, seq=seq)
    if seq <= link.seq:
        return link
    return replace(_apply(link, event.body), seq=seq)


def _begin(event: LinkEvent) -> Link | None:
    match event.body:
        case LinkOffered() as offered:
            return Link(
                id=event.link, state="offered", person=offered.person, channel=offered.channel,
                conversation=offered.conversation, expires_at=offered.expires_at,
            )  # fmt: skip
        case PairingRequested() as asked:
            return Link(
                id=event.link, state="requested", channel=asked.channel, account=asked.account, sender=asked.sender,
                chat=asked.chat, name=asked.name, language=asked.language, expires_at=asked.expires_at,
            )  # fmt: skip
    return None


def _apply(link: Link, body: LinkFact) -> Link:
    match body:
        case LinkClaimed() if link.state == "offered":
            return replace(
                link, state="claimed", account=body.account, sender=body.sender, chat=body.chat, name=body.name,
                language=body.language,
            )  # fmt: skip
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
        case SenderAliasLearned(sender=sender, chat=chat):
            earlier = (one for one in (*link.aliases, link.sender) if one != sender)
            return replace(link, sender=sender, aliases=tuple(dict.fromkeys(earlier)), chat=chat or link.chat)
        case SenderReachable(reachable=reachable):
            return replace(link, reachable=reachable)
    return link
