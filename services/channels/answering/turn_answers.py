"""Answers the turns that came in through a channel: follows each from the person's words to the end of its reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import quote

from cachetools import LRUCache

from bus.channel_events import Content, DeliveryQueued, TextContent
from bus.events import Event, MessageReceived, Origin, VoiceNoteReceived, Watching
from bus.ids import derive_id
from bus.work.service import DeliveryOutput, Output, Reader
from projections.conversation import Conversation, fold_all
from projections.language import language_in_use
from projections.people import Link, People
from services.channels.answering.answer_contents import contents_of
from services.channels.answering.answer_form import ACTIVITIES, AnswerForm, form_for, form_of
from services.channels.answering.answer_phrases import phrase
from services.channels.answering.fact_pump import FactPump, facts_after, repeat_quietly, running
from services.channels.answering.mirror import origin_of
from services.channels.answering.turn_progress import TurnProgress
from services.channels.channel import Channel

log = logging.getLogger(__name__)

_MAX_REMEMBERED = 4096
_WATCHING_EVERY = 2.0
"""Seconds; a session of the page repeats it as often."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long something is waited for, in seconds."""

    answer: float = 600.0
    """From the person's words to the end of the reply's text; then they are told that there is none yet."""
    at_least: float = 20.0
    """The same, from when the work on it begins."""
    speech: float = 60.0
    """For the next news of the voice, once the text is complete; then the answer is a text."""
    frames: float = 60.0
    """For the next news of the pictures, once all is spoken; then the answer is a voice note."""
    mirror: float = 3600.0
    """Age of a turn from which it is not shown elsewhere any more."""


class Links(Protocol):
    """Who is linked; `projections.people_reader.PeopleReader` is one."""

    people: People

    async def caught_up(self) -> None: ...


@dataclass(frozen=True)
class Talk:
    """One message or recording, and how it is answered."""

    event: Event
    origin: Origin
    link: Link
    channel: Channel
    form: AnswerForm


class TurnAnswers:
    """Makes the messages that answer a turn.

    Args:
        channels: that are configured.
        links: who is linked.
        public_url: address of the page; empty: there is none that a person could open.
        now: microseconds since 1970; says only how long a turn has been waited for.
    """

    def __init__(
        self, channels: Sequence[Channel], links: Links, public_url: str, patience: Patience, now: Callable[[], int]
    ) -> None:
        self._channels = channels
        self._links = links
        self._public_url = public_url.rstrip("/")
        self._patience = patience
        self._now = now
        self.answered: LRUCache[str, Origin] = LRUCache(_MAX_REMEMBERED)
        """Where the replies that were answered here came from, by id of the reply."""

    def channel(self, name: str, account: str) -> Channel | None:
        """The channel of that name with that account of ours."""
        return next((one for one in self._channels if (one.name, one.account) == (name, account)), None)

    def page(self, conversation: str) -> str:
        """The address of the page with a conversation; empty: there is none."""
        return f"{self._public_url}/?conversation={quote(conversation)}" if self._public_url else ""

    def is_late(self, words: Event, ended: int) -> bool:
        """Whether a reply ended so late that the person has been told that there is none yet.

        Args:
            words: the message or recording.
            ended: when, microseconds since 1970.
        """
        return ended - words.at > self._patience.answer * 1e6

    def talk(self, event: Event, form: AnswerForm | None = None) -> Talk | None:
        """What is to be answered; None where nobody is: the link is over, or the channel is not configured any more."""
        origin = origin_of(event)
        assert origin is not None
        link = self._links.people.link_of(origin.channel, origin.account, origin.sender)
        channel = self.channel(origin.channel, origin.account)
        if link is None or channel is None:
            why = "no link" if link is None else "channel not configured"
            log.info("no answer", extra={"channel": origin.channel, "event": event.id, "why": why})
            return None
        recorded = isinstance(event.body, VoiceNoteReceived)
        return Talk(event, origin, link, channel, form or form_for(link.form, channel.capabilities, recorded=recorded))

    async def answer(self, event: Event, reader: Reader, *, until: str = "") -> AsyncGenerator[Output, None]:
        """The messages that answer one message or recording.

        Args:
            until: id of the fact that is the turn's outcome, where that came after the work on its words was over;
                empty: wait for it.
        """
        if isinstance(event.body, MessageReceived) and not event.body.text.strip():
            return  # no one answers it
        await self._links.caught_up()
        talk = self.talk(event)
        if talk is None:
            return
        progress = TurnProgress(event)
        watching = _Watcher(event) if talk.form.medium == "video" and not until else None
        async with facts_after(reader, event) as facts, _activity(talk, shown=not until):
            async for output in self._follow_reply(talk, facts, progress, watching, until):
                yield output
            if progress.outcome is None:
                language = progress.language or await _language(event, reader)
                yield self._text(talk, "waiting", phrase("no_answer_yet", language))
                return
            if progress.outcome == "ended" and not until and self.is_late(event, progress.ended_at):
                return  # who handles the end of the reply sends it
            kind = "notice" if progress.outcome == "failed" else "answer"
            if progress.outcome in ("ended", "failed"):
                talk = await self._as_begun(talk, kind, reader)
                async for output in self._follow_speeches(talk, facts, progress, watching):
                    yield output
        if progress.outcome in ("gave_way", "overtaken", "interrupted") or self.talk(event) is None:
            return
        if progress.command == "new_conversation":
            return  # `services.channels.incoming.spoken_commands` says so there
        if progress.outcome in ("discarded", "command") or not progress.told():
            yield self._text(talk, "notice", await _notice(event, progress, reader))
            return
        if progress.outcome == "ended":
            self.answered[progress.reply] = talk.origin
        contents = await contents_of(progress, talk.form, talk.channel.capabilities, event.conversation, reader)
        for place, content in enumerate(contents):
            yield self._delivery(talk, content, kind, place)

    async def _as_begun(self, talk: Talk, kind: str, reader: Reader) -> Talk:
        """The talk in the form of the message that is queued already, if one is: a worker that died may have found no
        voice where there is one by now, and what it has queued is not to be said again in another form."""
        first = await reader.queued_delivery(talk.origin.channel, _delivery_id(talk.event, kind, 0))
        return talk if first is None else replace(talk, form=form_of(first.content, talk.form))

    async def _follow_reply(
        self, talk: Talk, facts: FactPump, progress: TurnProgress, watching: _Watcher | None, until: str
    ) -> AsyncIterator[Output]:
        """Follow the turn until its text has its outcome, or for as long as a person waits."""
        patience, time = self._patience, asyncio.get_running_loop().time
        waited = (self._now() - talk.event.at) / 1e6
        deadline = time() + max(patience.answer - waited, patience.at_least)
        while (left := deadline - time()) > 0:
            if watching is not None and watching.is_due():
                yield watching.watching
            fact = await facts.next(left if watching is None else min(left, _WATCHING_EVERY))
            if fact is None:
                continue
            advanced = progress.apply(fact)
            if advanced and progress.words == fact.id and progress.transcript is not None and talk.link.echo:
                yield self._text(talk, "echo", f"“{progress.transcript.text.strip()}”", silent=True)
            if progress.outcome is not None and until in ("", fact.id):
                return

    async def _follow_speeches(
        self, talk: Talk, facts: FactPump, progress: TurnProgress, watching: _Watcher | None
    ) -> AsyncIterator[Output]:
        """Follow the turn until all is spoken, and drawn where that is wanted, or nothing of it comes any more."""
        if talk.form.medium == "text":
            return
        waits = [(progress.awaited_speeches, self._patience.speech)]
        if talk.form.medium == "video":
            waits.append((progress.awaited_frames, self._patience.frames))
        time = asyncio.get_running_loop().time
        for awaited, patience in waits:
            deadline = time() + patience
            while progress.outcome != "interrupted" and awaited():
                if watching is not None and watching.is_due():
                    yield watching.watching
                left = deadline - time()
                if left <= 0:
                    log.warning("voice or pictures do not come", extra={"event": talk.event.id})
                    return
                fact = await facts.next(left if watching is None else min(left, _WATCHING_EVERY))
                if fact is not None and progress.apply(fact):
                    deadline = time() + patience

    def apology(self, event: Event) -> DeliveryOutput | None:
        """What tells the person that the answer will not come here."""
        talk = self.talk(event, AnswerForm("text"))
        return None if talk is None else self._text(talk, "failed", phrase("step_failed", talk.link.language))

    def _text(self, talk: Talk, kind: str, text: str, *, silent: bool = False) -> DeliveryOutput:
        return self._delivery(talk, TextContent(text=text), kind, 0, silent=silent)

    def _delivery(self, talk: Talk, content: Content, kind: str, place: int, *, silent: bool = False) -> DeliveryOutput:
        """One message to where the person's words came from; its id is the same on every repeat."""
        event, origin = talk.event, talk.origin
        queued = DeliveryQueued(
            account=origin.account,
            chat=origin.chat,
            content=content,
            conversation=event.conversation,
            turn=event.turn,
            reply_to=origin.message if place == 0 else "",
            silent=silent,
            link=self.page(event.conversation),
        )
        return DeliveryOutput(origin.channel, _delivery_id(event, kind, place), queued)


def _delivery_id(event: Event, kind: str, place: int) -> str:
    """The id of a message that answers an event: the same on every repeat."""
    return derive_id(event.id, kind, place)


class _Watcher:
    """Says again and again that somebody waits for the pictures."""

    def __init__(self, event: Event) -> None:
        self.watching = Watching(session=derive_id(event.id, "watching"))
        self._next = 0.0

    def is_due(self) -> bool:
        """Whether to say it now."""
        now = asyncio.get_running_loop().time()
        due = now >= self._next
        if due:
            self._next = now + _WATCHING_EVERY
        return due


@asynccontextmanager
async def _activity(talk: Talk, *, shown: bool) -> AsyncIterator[None]:
    """Shows beside the block that an answer is made."""
    capabilities = talk.channel.capabilities
    if not shown or not capabilities.shows_activity:
        yield
        return

    async def show() -> None:
        await talk.channel.show_activity(talk.origin.chat, ACTIVITIES[talk.form.medium], talk.origin.message)

    async with running(repeat_quietly(show, capabilities.activity_every)):
        yield


async def _notice(event: Event, progress: TurnProgress, reader: Reader) -> str:
    """What a person is told where the character says nothing."""
    discarded = progress.discarded
    if progress.outcome == "discarded" and discarded is not None and discarded.detail:
        return discarded.detail
    language = progress.language or await _language(event, reader)
    if progress.outcome == "discarded" and discarded is not None and discarded.reason != "heard_twice":
        return phrase(discarded.reason, language)
    return phrase("failed" if progress.outcome == "failed" else "done", language)


async def _language(event: Event, reader: Reader) -> str:
    """The language that the person used before."""
    facts = await reader.facts(event.conversation)
    return language_in_use(fold_all(Conversation(id=event.conversation), facts), before_turn=event.turn)
