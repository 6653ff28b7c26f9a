"""Links accounts of channels to persons: pairing codes, tokens of offered links, what is learned of an account."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from bus import clock
from bus.channel_events import (
    DeliveryQueued,
    LinkClaimed,
    LinkConversationChosen,
    Linked,
    LinkEvent,
    LinkFact,
    LinkPreferencesChosen,
    PairingRequested,
    ReplyForm,
    SenderAliasLearned,
    SenderReachable,
    TextContent,
    Unlinked,
)
from bus.errors import BusError, Conflict
from bus.ids import derive_id
from bus.log.event_log import EventLog
from bus.stamping import new_link_event
from projections.people import Link
from projections.people_reader import PeopleReader
from services.channels.incoming.notices import Notices
from services.channels.incoming.received import Received
from services.channels.phrases import phrase
from services.link_secrets import link_id, new_pairing_code

CODE_HOLDS = 3600_000_000
"""Microseconds."""
MOST_CODES = 3
"""Pairing codes of one sender that hold at the same time; then there is silence."""
MOST_CODES_IN_ALL = 200
"""The same of all strangers to one account of ours: what they can make us write has a limit."""
LONGEST_NAME = 64
"""Characters."""
WELCOME_HOLDS = 3600_000_000
"""Microseconds after a link was confirmed for which a welcome is of use."""
_TRIES = 8


class Linking:
    """Writes the events of links, each under the condition that no other process has changed the link meanwhile.

    Args:
        public_url: address of the page; empty: it is not known.
    """

    def __init__(self, event_log: EventLog, people: PeopleReader, notices: Notices, public_url: str) -> None:
        self._event_log = event_log
        self._people = people
        self._notices = notices
        self._page = public_url

    # a sender that is not linked

    async def offer_code(self, received: Received, *, anew: bool = False) -> None:
        """Answer with a pairing code, unless the sender has one that holds.

        The code is on the log only in the text of the answer, which is queued first: a repeat finds it there.

        Args:
            anew: the person asked for one; three of them may hold.
        """
        code = ""
        if received.repeated:
            code = _code_in(await self._notices.queued_text(received, "pairing"))
        if not code:
            if not self._may_have_code(received, anew=anew):
                return
            code = new_pairing_code()
            page = self._page or phrase("the_page", received.language)
            text = phrase("pairing_anew" if anew else "pairing", received.language, page=page, code=code)
            if not await self._notices.answer(received, text, position="pairing"):
                code = _code_in(await self._notices.queued_text(received, "pairing"))
        origin = received.origin
        asked = PairingRequested(
            channel=received.channel.name,
            account=origin.account,
            sender=origin.sender,
            chat=origin.chat,
            name=shown_name(received.incoming.sender_name),
            language=received.language,
            expires_at=clock.now() + CODE_HOLDS,
        )
        event = new_link_event(asked, link=link_id(code), event_id=received.id("pairing requested"))
        await self._append(link_id(code), lambda link: event if link is None else None)

    def waits_for_page(self, received: Received) -> bool:
        """Whether the sender came with a token, and has to be confirmed in the page."""
        origin = received.origin
        return self._people.people.has_claimed(received.channel.name, origin.account, origin.sender, clock.now())

    def _may_have_code(self, received: Received, *, anew: bool) -> bool:
        origin, now = received.origin, clock.now()
        people = self._people.people
        sender = (received.channel.name, origin.account, origin.sender)
        if not anew and people.has_code(*sender, now):
            return False
        return len(people.pending_requests(*sender, now)) < MOST_CODES and (
            people.count_requests(received.channel.name, origin.account, now) < MOST_CODES_IN_ALL
        )

    async def claim(self, received: Received, token: str) -> None:
        """Claim the link that was offered with this token; one that does not hold gets the same answer, whatever the
        reason."""
        origin = received.origin
        claimed = LinkClaimed(
            account=origin.account,
            sender=origin.sender,
            chat=origin.chat,
            name=shown_name(received.incoming.sender_name),
            language=received.language,
        )
        event = new_link_event(claimed, link=link_id(token), event_id=received.id("claimed"))

        def claim(link: Link | None) -> LinkEvent | None:
            offered = link is not None and link.state == "offered" and link.channel == received.channel.name
            # By the time at which the person came with it, however long the message has waited here.
            return event if offered and link is not None and received.stored_at < link.expires_at else None

        link = await self._append(link_id(token), claim) if token else None
        mine = link is not None and (link.account, link.sender) == (origin.account, origin.sender)
        if link is not None and mine and link.state in ("claimed", "linked"):
            said = "link_claimed" if link.state == "claimed" else "linked"
            await self._notices.answer(received, phrase(said, received.language))
        elif self._people.people.link_of(received.channel.name, origin.account, origin.sender) is not None:
            await self._notices.answer(received, phrase("link_invalid", received.language))
        elif not (received.repeated and await self._notices.was_answered(received)):
            await self._notices.answer_seldom(received, phrase("link_invalid", received.language), stranger=True)

    async def refuse_claims(self, received: Received) -> bool:
        """Refuse the links that this sender has claimed and that are not confirmed; returns whether there were any.

        Who opened the address that another person had sent them undoes it so.
        """
        origin = received.origin
        claims = self._people.people.claims_of(received.channel.name, origin.account, origin.sender)
        for claim in claims:
            event = new_link_event(Unlinked(by="refused"), link=claim.id, event_id=received.id("refused", claim.id))
            await self._append(claim.id, lambda now, event=event: event if now and now.state == "claimed" else None)  # type: ignore[misc]
        return bool(claims)

    # a sender that is linked

    async def unlink(self, received: Received, link: Link) -> None:
        """End the link of a sender that asked for it."""
        await self._change(received, link, Unlinked(by="channel"))

    async def choose_conversation(self, link: Link, conversation: str, event_id: str) -> None:
        """Let what the sender says from here on belong to this conversation."""
        event = new_link_event(LinkConversationChosen(conversation=conversation), link=link.id, event_id=event_id)
        await self._append(link.id, lambda now: event if now is not None and now.conversation != conversation else None)

    async def choose_form(self, link: Link, form: ReplyForm, event_id: str) -> None:
        """Answer the sender in this form from here on."""
        event = new_link_event(LinkPreferencesChosen(form=form), link=link.id, event_id=event_id)
        await self._append(link.id, lambda now: event if now is not None and now.form != form else None)

    async def learn_alias(self, received: Received, link: Link, sender: str) -> None:
        """Remember another id of the same sender, and where it is written to."""
        if sender not in (link.sender, *link.aliases) or received.origin.chat != link.chat:
            await self._change(received, link, SenderAliasLearned(sender=sender, chat=received.origin.chat))

    async def set_reachable(self, received: Received, link: Link, reachable: bool) -> None:
        """Remember whether the sender lets messages through."""
        if link.reachable != reachable:
            await self._change(received, link, SenderReachable(reachable=reachable))

    async def _change(self, received: Received, link: Link, body: LinkFact) -> None:
        event = new_link_event(body, link=link.id, event_id=received.id(type(body).__name__))
        await self._append(link.id, lambda now: event if now is not None and now.state == "linked" else None)

    # welcome

    async def welcome(self, event: LinkEvent) -> None:
        """Tell the sender that the link was confirmed in the page; once. Other events of links are passed over."""
        if not isinstance(event.body, Linked):
            return
        await self._people.caught_up()
        link = self._people.people.links.get(event.link)
        if link is None or link.state != "linked" or clock.now() - event.at > WELCOME_HOLDS:
            return  # it is over already, or the log is read from its beginning
        text = TextContent(text=phrase("linked", link.language))
        queued = DeliveryQueued(account=link.account, chat=link.chat, content=text)
        await self._event_log.queue_delivery(link.channel, derive_id(event.id, "welcome"), queued)

    async def _append(self, link: str, change: Callable[[Link | None], LinkEvent | None]) -> Link | None:
        """Append what follows from the link's newest state, decided anew where another process changed it meanwhile.

        Args:
            change: the event to append; None: there is nothing to change.
        Returns:
            The link after that.
        """
        for _ in range(_TRIES):
            now = self._people.people.links.get(link)
            event = change(now)
            if event is None:
                return now
            try:
                sequence = await self._event_log.append_link(event, after=0 if now is None else now.seq)
            except Conflict:
                await self._people.caught_up()
                continue
            await self._people.wait_until(sequence)
            return self._people.people.links.get(link)
        raise BusError(f"link {link} was changed by others {_TRIES} times in a row")


def shown_name(name: str) -> str:
    """A name as strangers give it, in one line of a fair length, without what would turn round or hide the words beside
    it: it is shown where a person decides whom to let in."""
    words = "".join(
        " " if one.isspace() else one for one in name if unicodedata.category(one)[0] != "C" or one.isspace()
    )
    return " ".join(words.split())[:LONGEST_NAME].rstrip()


def _code_in(text: str) -> str:
    """The pairing code at the end of the text of an answer."""
    return text.split()[-1] if text else ""
