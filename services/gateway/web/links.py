"""What a person may do with links to channels: checked here, and appended to the log under the condition that no other
process has changed the link meanwhile."""

from __future__ import annotations

import logging

from bus import clock
from bus.channel_events import (
    LinkBody,
    LinkConversationChosen,
    Linked,
    LinkOffered,
    LinkPreferencesChosen,
    Unlinked,
    UnlinkedBy,
)
from bus.errors import BusError, Conflict, InvalidInput, NotFound
from bus.log.event_log import EventLog
from bus.stamping import new_link_event
from projections.people import Link
from projections.people_reader import PeopleReader
from services.gateway.web.tries import Tries
from services.link_secrets import link_id, new_token, pairing_code

log = logging.getLogger(__name__)

OFFER_HOLDS = 600_000_000
"""Microseconds."""
WRONG_CODES = 5
"""Wrong codes that a person may type in a minute."""
WRONG_CODES_IN_ALL = 100
"""The same of all persons together: who drops the cookie is another person."""
MOST_LINKS = 10
"""Links that a person may have at the same time."""
_FOLLOW_TRIES = 4


class Links:
    """The links of the persons of one gateway.

    Args:
        people: a reader that runs.
    """

    def __init__(self, event_log: EventLog, people: PeopleReader) -> None:
        self._event_log = event_log
        self._people = people
        self._wrong_codes = Tries(per_person=WRONG_CODES, in_all=WRONG_CODES_IN_ALL)

    async def of(self, person: str) -> list[Link]:
        """The links of a person that are not over.

        Raises:
            BusError: NATS is away.
        """
        await self._people.caught_up()
        return self._people.people.links_of(person)

    async def offer(self, person: str, channel: str, conversation: str | None) -> tuple[Link, str]:
        """Offer a link with a channel; returns it and its token. Ends the person's earlier offers for that channel.

        Raises:
            InvalidInput: the person has too many links.
        """
        links = await self.of(person)
        now = clock.now()
        current = [one for one in links if one.state == "linked" or one.expires_at > now]
        if len(current) >= MOST_LINKS:
            raise InvalidInput(f"you have {MOST_LINKS} links; end one first", code="too_many")
        for earlier in links:
            if earlier.channel == channel and earlier.state == "offered":
                await self._end_quietly(earlier)
        token = new_token()
        offered = LinkOffered(
            person=person, channel=channel, conversation=conversation, expires_at=now + OFFER_HOLDS
        )
        return await self._append(link_id(token), offered, after=0), token

    async def confirm(self, person: str, link: str) -> Link:
        """Confirm that the account that came with the token is the person's.

        Raises:
            NotFound: the person has no such link.
            InvalidInput: nobody has claimed it, it is over, or it has expired.
        """
        found = await self._own(person, link)
        if found.state == "linked":
            return found
        _raise_if_over(found)
        if found.state != "claimed":
            raise InvalidInput("nobody has come with this token yet", code="not_claimed")
        return await self._append(link, Linked(person=person, conversation=found.conversation), after=found.seq)

    async def refuse(self, person: str, link: str) -> None:
        """Refuse a link that is not confirmed.

        Raises:
            NotFound: the person has no such link.
            InvalidInput: it is confirmed already.
        """
        found = await self._own(person, link)
        if found.state == "linked":
            raise InvalidInput("this link is confirmed already; end it instead", code="already_linked")
        await self._end(found, "refused")

    async def end(self, person: str, link: str) -> None:
        """End a link, or an offer of one. One that is over stays so.

        Raises:
            NotFound: the person has no such link.
        """
        await self._end(await self._own(person, link), "page")

    async def change(
        self, person: str, link: str, preferences: LinkPreferencesChosen, conversation: str | None = None
    ) -> Link:
        """Change how the person wants to be answered, and in which conversation the talk goes on.

        Raises:
            NotFound: the person has no such link.
            InvalidInput: it is not confirmed.
        """
        found = await self._own(person, link)
        _raise_if_over(found)
        if found.state != "linked":
            raise InvalidInput("this link is not confirmed yet", code="not_linked")
        if preferences != LinkPreferencesChosen():
            found = await self._append(link, preferences, after=found.seq)
        if conversation is not None and conversation != found.conversation:
            found = await self._append(link, LinkConversationChosen(conversation=conversation), after=found.seq)
        return found

    async def pair(self, person: str, typed: str, conversation: str | None) -> Link:
        """Link the account that was told this pairing code.

        Raises:
            NotFound: no account was told it, or it holds no longer.
            InvalidInput: the person has typed too many wrong codes within a minute.
        """
        self._wrong_codes.check(person)
        await self._people.caught_up()
        code = pairing_code(typed)
        found = self._people.people.links.get(link_id(code)) if code else None
        if found is not None and found.state == "linked" and found.person == person:
            return found  # sent again after its answer was lost
        if found is None or found.state != "requested" or found.expires_at <= clock.now():
            self._wrong_codes.add(person)
            raise NotFound("this code is not known, or it holds no longer; ask for a new one where you got it")
        return await self._append(found.id, Linked(person=person, conversation=conversation), after=found.seq)

    async def follow(self, person: str, conversation: str) -> None:
        """Let the talk on all channels of a person go on in this conversation. What fails is left as it is: the person
        chooses the conversation in the page then."""
        try:
            for link in await self.of(person):
                if link.state == "linked":
                    await self._follow(link, conversation)
        except BusError as error:
            log.warning("a link does not follow", extra={"conversation": conversation, "why": error.detail})

    async def _follow(self, link: Link, conversation: str) -> None:
        for _ in range(_FOLLOW_TRIES):
            now = self._people.people.links.get(link.id)
            if now is None or now.state != "linked" or now.conversation == conversation:
                return
            try:
                await self._append(link.id, LinkConversationChosen(conversation=conversation), after=now.seq)
                return
            except InvalidInput:
                await self._people.caught_up()

    async def _own(self, person: str, link: str) -> Link:
        await self._people.caught_up()
        found = self._people.people.links.get(link)
        if found is None or not person or found.person != person:
            raise NotFound("no such link of yours")
        return found

    async def _end(self, link: Link, by: UnlinkedBy) -> None:
        if link.state != "ended":
            await self._append(link.id, Unlinked(by=by), after=link.seq)

    async def _end_quietly(self, offered: Link) -> None:
        try:
            await self._end(offered, "expired")
        except InvalidInput:
            log.info("an offer was claimed while it was replaced", extra={"link": offered.id})

    async def _append(self, link: str, body: LinkBody, *, after: int) -> Link:
        """Append an event to a link; returns the link after it.

        Raises:
            InvalidInput: another process has changed it meanwhile.
        """
        try:
            sequence = await self._event_log.append_link(new_link_event(body, link=link), after=after)
        except Conflict as error:
            raise InvalidInput("this link was changed at the same moment; look at it again", code="conflict") from error
        await self._people.wait_until(sequence)
        found = self._people.people.links.get(link)
        if found is None:
            raise BusError("the log was replaced at the same moment", code="unavailable")
        return found


def _raise_if_over(link: Link) -> None:
    if link.state == "ended" or (link.state != "linked" and link.expires_at <= clock.now()):
        raise InvalidInput("this link is over; begin a new one", code="over")
