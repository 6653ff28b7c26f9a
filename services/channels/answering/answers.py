"""The channels service: a finished turn becomes messages for the channel that it came from, and is shown on the others.

A turn is followed from the person's words on, which shows them that an answer is on its way. Where it takes so long
that they are told so, or newer words are answered before the older ones are known, the end of the reply is what sends
it. Each message has an id derived from its turn and its place, so it is queued once, whoever queues it.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing

from bus import clock
from bus.channel_events import DeliveryQueued, TextContent
from bus.errors import VisavisError
from bus.events import (
    ConversationOpened,
    Event,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    UtteranceDiscarded,
    VoiceNoteReceived,
)
from bus.ids import derive_id
from bus.work.service import DeliveryOutput, Output, Reader, Service
from projections.conversation import Conversation, fold_all
from projections.people import Link
from services.channels.answering.mirror import is_from, mirrored_text, origin_of, origins_of, turn_with
from services.channels.answering.turn_answers import Links, Patience, TurnAnswers
from services.channels.answering.turn_progress import TurnProgress
from services.channels.channel import Channel
from services.channels.text_parts import split_text
from services.characters import known_characters

CONSUMES = (MessageReceived, VoiceNoteReceived, UtteranceDiscarded, ReplyEnded, ReplyFailed, ReplyInterrupted)
CONCURRENCY = 64


class Answers:
    """The handler of the channels service.

    Args:
        channels: that are configured.
        links: who is linked; `run` of a `PeopleReader` follows them meanwhile.
        public_url: address of the page; empty: there is none that a person could open.
        now: microseconds since 1970; says only how long a turn has been waited for.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        links: Links,
        *,
        public_url: str = "",
        patience: Patience | None = None,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self._links = links
        self._patience = patience or Patience()
        self._now = now
        self._turns = TurnAnswers(channels, links, public_url, self._patience, now)

    async def __call__(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        """The messages that an event leads to, the same for every redelivery. See `bus.work.service.Handler`."""
        body, origin = event.body, origin_of(event)
        if isinstance(body, ReplyEnded | ReplyFailed | ReplyInterrupted):
            outputs = self._after_reply(event, body.reply, reader)
        elif isinstance(body, UtteranceDiscarded):
            outputs = self._after_discard(event, body.utterance, reader)
        elif origin is not None:
            outputs = self._turns.answer(event, reader)
        else:
            return
        async with aclosing(outputs):
            async for output in outputs:
                yield output

    def failure_messages(self, event: Event, error: VisavisError) -> Iterable[DeliveryOutput]:
        """What tells the person that this service failed for good."""
        if origin_of(event) is not None:
            apology = self._turns.apology(event)
            if apology is not None:
                yield apology

    async def _after_reply(self, event: Event, reply: str, reader: Reader) -> AsyncGenerator[Output, None]:
        """A turn that has its outcome, for the other channels of the conversation; and for its own where it is belated.

        Where the person is linked with no channel, or the only one has the answer, the conversation is not read.
        """
        linked = self._links.people.links_in(event.conversation)
        answered = self._turns.answered.get(reply)
        shown_to = [one for one in linked if self._is_shown(one) and not is_from(one, answered)]
        if answered is not None and not shown_to:
            return
        if not await self._is_of_somebody_linked(event.conversation, reader):
            return
        facts = await reader.facts(event.conversation)
        conversation = fold_all(Conversation(id=event.conversation), facts)
        place = turn_with(conversation, reply)
        if place is None:
            return
        origins = origins_of(facts)
        words = origins.get(conversation.turns[place].id)
        if words is not None and self._is_belated(words, event, facts):
            async with aclosing(self._turns.answer(words, reader, until=event.id)) as outputs:
                async for output in outputs:
                    yield output
        if not shown_to or self._now() - event.at > self._patience.mirror * 1e6:
            return
        characters = await known_characters(reader)
        names = {id_: one.name for id_, one in characters.items()}
        for link in shown_to:
            text = mirrored_text(conversation, place, link, origins, names)
            for output in self._mirrored(event, reply, link, text):
                yield output

    async def _after_discard(self, event: Event, utterance: str, reader: Reader) -> AsyncGenerator[Output, None]:
        """What is told about a recording that nothing came of, where the work on it was over before."""
        if await reader.last_fact(event.conversation, VoiceNoteReceived) is None:
            return
        if not await self._is_of_somebody_linked(event.conversation, reader):
            return
        facts = await reader.facts(event.conversation)
        for _, note in facts:
            body = note.body
            if isinstance(body, VoiceNoteReceived) and body.utterance == utterance:
                if self._is_belated(note, event, facts):
                    async with aclosing(self._turns.answer(note, reader, until=event.id)) as outputs:
                        async for output in outputs:
                            yield output
                return

    def _mirrored(self, event: Event, reply: str, link: Link, text: str) -> Iterable[DeliveryOutput]:
        channel = self._turns.channel(link.channel, link.account)
        if channel is None:
            return
        for part, piece in enumerate(split_text(text, channel.capabilities.longest_text)):
            queued = DeliveryQueued(
                account=link.account,
                chat=link.chat,
                content=TextContent(text=piece, markdown=True),
                conversation=event.conversation,
                turn=event.turn,
                silent=True,
                link=self._turns.page(event.conversation),
            )
            yield DeliveryOutput(link.channel, derive_id(reply, link.id, "mirror", part), queued)

    async def _is_of_somebody_linked(self, conversation: str, reader: Reader) -> bool:
        """Whether a conversation's person is linked with a channel, whose talk may go on elsewhere by now."""
        people = self._links.people
        if people.links_in(conversation):
            return True
        opened = await reader.last_fact(conversation, ConversationOpened)
        if opened is None or not isinstance(opened.body, ConversationOpened):
            return False
        return any(one.state == "linked" for one in people.links_of(opened.body.person))

    def _is_shown(self, link: Link) -> bool:
        """Whether what is said elsewhere is shown on a link."""
        channel = self._turns.channel(link.channel, link.account)
        return channel is not None and channel.capabilities.mirrors and link.mirror and link.reachable

    def _is_belated(self, words: Event, ended: Event, facts: Iterable[tuple[int, Event]]) -> bool:
        """Whether the work on the person's words was over before this end of the reply."""
        if isinstance(ended.body, ReplyInterrupted):
            return False
        if self._turns.is_late(words, ended.at):
            return True
        progress = TurnProgress(words)
        after = itertools.dropwhile(lambda one: one[1].id != words.id, facts)
        for _, fact in itertools.islice(after, 1, None):
            progress.apply(fact)
            if fact.id == ended.id:
                break
        return progress.resumed


def service(answers: Answers) -> Service:
    """The service with that handler."""
    return Service(
        name="channels",
        consumes=CONSUMES,
        handle=answers,
        engine="channels",
        on_failure=answers.failure_messages,
        interruptible=False,
        publishes_facts=False,
        concurrency=CONCURRENCY,
    )
