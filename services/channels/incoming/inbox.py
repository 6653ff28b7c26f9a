"""Decides what becomes of one thing that came in through a channel: talk, a command, a link, a kind answer, or nothing.

Whatever is received may be handled again, as often as it likes: the ids of all that follows are derived from its place
in the inbox, and what may have been handled before is looked for on the log first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from bus import clock
from bus.channel_events import ReplyForm
from bus.log.event_log import EventLog
from projections.people import Link
from projections.people_reader import PeopleReader
from services.channels.channel import (
    AliasLearned,
    Channel,
    Edited,
    Ignored,
    Incoming,
    Progress,
    Reachable,
    Recording,
    Text,
    Unsupported,
)
from services.channels.incoming.commands import Command, recognise, token_of
from services.channels.incoming.linking import Linking
from services.channels.incoming.notices import Notices
from services.channels.incoming.received import Received
from services.channels.incoming.talk import LONGEST_TEXT, Talk
from services.channels.phrases import UNSUPPORTED_KINDS, phrase

ApplyProgress = Callable[[str, Progress], Awaitable[None]]
"""Takes what became of a message of ours: the channel's name, and what the channel told."""
CERTAIN_FOR = 30_000_000
"""Microseconds after it was stored for which NATS knows the ids of what followed from it: it remembers them for 120 s,
and the clocks of two machines differ."""
_FORMS: dict[str, ReplyForm] = {
    "voice": "voice", "text": "text", "both": "both", "video": "video", "same": "same",
}  # fmt: skip
"""Forms of an answer by the command that asks for them."""
_REPEAT = "Repeat that."
"""What the dialogue understands as the command to repeat, in every language."""


class Inbox:
    """Handles what channels received.

    Args:
        people: a reader that runs.
        language: of new conversations, as it is set.
        public_url: address of the page; empty: it is not known.
        apply_progress: takes what became of our own messages.
    """

    def __init__(
        self,
        event_log: EventLog,
        people: PeopleReader,
        *,
        language: str,
        public_url: str,
        apply_progress: ApplyProgress,
    ) -> None:
        self._people = people
        self._apply_progress = apply_progress
        self._notices = Notices(event_log)
        self.linking = Linking(event_log, people, self._notices, public_url)
        self.talk = Talk(event_log, self.linking, language)

    async def handle_update(self, channel: Channel, key: str, raw: bytes, stored_at: int, *, redelivered: bool) -> None:
        """Handle all that one stored update says.

        Args:
            key: what it is in the inbox, and nothing else: its subject.
            stored_at: by the server's clock, microseconds since 1970.
        Raises:
            UndecodableEvent: it is no update of this channel.
            BusError: NATS is away; it is to be handled again.
        """
        for place, incoming in enumerate(channel.parse(raw)):
            await self.handle(channel, f"{key}.{place}", incoming, stored_at, redelivered=redelivered)

    async def handle(
        self, channel: Channel, key: str, incoming: Incoming, stored_at: int, *, redelivered: bool
    ) -> None:
        """Handle one thing that was received; see `handle_update`."""
        content, origin = incoming.content, incoming.origin
        if isinstance(content, Progress):
            await self._apply_progress(channel.name, content)
            return
        if origin is None or isinstance(content, Ignored):
            return
        await self._people.caught_up()
        link = self._people.people.link_of(channel.name, origin.account, origin.sender)
        received = Received(
            channel=channel,
            key=key,
            incoming=incoming,
            origin=origin,
            stored_at=stored_at,
            redelivered=redelivered,
            old=clock.now() - stored_at > CERTAIN_FOR,
            language=incoming.language or (link.language if link is not None else ""),
        )
        token = token_of(content.text) if isinstance(content, Text) and not incoming.forwarded else None
        if token is not None:
            await self.linking.claim(received, token)
        elif link is None:
            await self._handle_stranger(received)
        else:
            await self._handle_linked(received, link)

    async def _handle_stranger(self, received: Received) -> None:
        """Nothing of what a stranger sends is kept or worked on."""
        content = received.incoming.content
        if not isinstance(content, Text | Recording | Unsupported):
            return
        command = recognise(content.text) if isinstance(content, Text) else None
        if command is not None and command.name in ("unlink", "forget"):
            if await self.linking.refuse_claims(received):
                await self._notices.answer(received, phrase("not_linked", received.language))
            elif not (received.repeated and await self._notices.was_answered(received)):
                await self._notices.answer_seldom(received, phrase("not_linked", received.language), stranger=True)
        else:
            anew = command is not None and command.name in ("start", "link")
            if not anew and self.linking.waits_for_page(received):
                await self._notices.answer_seldom(received, phrase("link_claimed", received.language))
            else:
                await self.linking.offer_code(received, anew=anew)

    async def _handle_linked(self, received: Received, link: Link) -> None:
        content = received.incoming.content
        match content:
            case Reachable(reachable=reachable):
                await self.linking.set_reachable(received, link, reachable)
                return
            case AliasLearned(sender=sender):
                await self.linking.learn_alias(received, link, sender)
                return
        await self.linking.set_reachable(received, link, True)
        if received.origin.chat != link.chat:
            await self.linking.learn_alias(received, link, link.sender)
        language = received.language
        match content:
            case Text(text=text):
                await self._handle_text(received, link, text)
            case Recording():
                await self.talk.record(received, link, content)
            case Edited():
                await self._notices.answer_once(received, phrase("edited", language), "edited")
            case Unsupported(kind=kind):
                name = kind if kind in UNSUPPORTED_KINDS else "other"
                await self._notices.answer_seldom(received, phrase(name, language))

    async def _handle_text(self, received: Received, link: Link, text: str) -> None:
        text = text.replace("\0", "").strip()
        command = None if received.incoming.forwarded else recognise(text)
        if command is not None and not received.channel.capabilities.commands and command.name != "unlink":
            command = None  # there is no menu of them; the way out is the same everywhere
        if len(text) > LONGEST_TEXT:
            told = phrase("too_long", received.language, length=len(text), most=LONGEST_TEXT)
            await self._notices.answer(received, told, quote=True)
        elif command is not None:
            await self._carry_out(received, link, command)
        elif text:
            await self.talk.write(received, link, text)

    async def _carry_out(self, received: Received, link: Link, command: Command) -> None:
        if received.repeated and await self._notices.was_answered(received):
            return  # the answer comes last
        match command.name:
            case "repeat":
                await self.talk.write(received, link, _REPEAT)
            case "link":
                await self.linking.offer_code(received, anew=True)
            case _:
                await self._notices.answer(received, await self._answer(received, link, command))

    async def _answer(self, received: Received, link: Link, command: Command) -> str:
        """Carry out a command, and return the answer to it."""
        language = received.language
        match command.name:
            case "new":
                conversation = await self.talk.open_new(link, received.key)
                if command.argument:  # "/new What is a sextant?"
                    await self.talk.write(received, replace(link, conversation=conversation), command.argument)
            case "character":
                return await self._choose_character(received, link, command.argument)
            case "unlink":
                await self.linking.refuse_claims(received)
                await self.linking.unlink(received, link)
                return phrase("unlinked", language)
            case "forget":
                if command.argument.casefold() not in ("yes", "ja"):
                    return phrase("forget_ask", language)
                await self.linking.unlink(received, link)
                return phrase("forgotten", language)
            case "unknown":
                return f"{phrase('unknown_command', language)}\n{phrase('help', language)}"
            case name if name in _FORMS:
                return await self._choose_form(received, link, _FORMS[name])
        return phrase(command.name, language)

    async def _choose_form(self, received: Received, link: Link, form: ReplyForm) -> str:
        can = received.channel.capabilities
        if (form in ("voice", "both") and not can.voice) or (form == "video" and not can.video):
            return phrase("form_impossible", received.language)
        await self.linking.choose_form(link, form, received.id("form"))
        if form != "text":
            await self.talk.turn_voice_on(received, link)
        return phrase(f"form_{form}", received.language)

    async def _choose_character(self, received: Received, link: Link, wanted: str) -> str:
        """Choose the character of this name, or list all."""
        characters = await self.talk.characters_for(link.person)
        names = {id_: one.name for id_, one in characters.items()}
        conversation = await self.talk.conversation_of(link, received.key)
        present = (await self.talk.state_of(conversation)).character
        listed = ", ".join(names.values())
        if not wanted:
            return phrase("characters", received.language, character=names.get(present, present), names=listed)
        folded = wanted.casefold()
        chosen = next((id_ for id_, name in names.items() if folded in (name.casefold(), id_.casefold())), None)
        if chosen is None:
            return phrase("character_unknown", received.language, said=wanted, names=listed)
        if chosen == present:
            return phrase("character_already", received.language, character=names[chosen])
        await self.talk.choose_character(received, conversation, chosen)
        return phrase("character_chosen", received.language, character=names[chosen])
