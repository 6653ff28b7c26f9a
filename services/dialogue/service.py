"""Dialogue: from what a person said to the sentences of an answer."""

from __future__ import annotations

import itertools
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any, cast

from bus.errors import BusError, EngineError, Forbidden, VisavisError
from bus.events import (
    UNKNOWN_LANGUAGE,
    Body,
    CharacterCreated,
    ConversationTitled,
    Emotion,
    Event,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplySentence,
    ReplyStarted,
    TranscriptFinal,
    TranscriptStable,
)
from bus.ids import derive_id, seed_of
from bus.work.service import Output, Reader
from projections.characters import visible_to
from projections.conversation import Conversation, Reply, fold_all, heard_messages, title_of
from services.backchannel import is_backchannel
from services.characters import current_characters
from services.dialogue.commands.outcomes import outputs
from services.dialogue.commands.recognition import recognise
from services.dialogue.engine import Chat, Exchange
from services.dialogue.prompt import Toned, parse
from services.dialogue.sentences import Splitter
from services.dialogue.speculative_reply import Ahead, plain

log = logging.getLogger(__name__)

TAKES: tuple[type[Body], ...] = (TranscriptFinal, MessageReceived)
REMEMBERED = 256
"""Conversations kept in memory as they are; of others all facts are read again."""

_NOBODY = CharacterCreated(
    name="Visavis",
    tagline="a talking avatar",
    personality="You are friendly and brief.",
    greeting="Hello!",
    look="",
    voice="female",
)
"""Who answers where no character is on record."""


class Dialogue:
    """The handler of the dialogue service; what it keeps in memory is on the log as well."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._ahead = Ahead(chat)
        self._known: OrderedDict[str, Conversation] = OrderedDict()

    async def reply(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        """Answer what was said; once, whatever is redelivered. See `bus.work.service.Handler`."""
        body = event.body
        assert isinstance(body, TranscriptFinal | MessageReceived)
        text = " ".join(body.text.split())
        if not text:
            return
        conversation = await self._conversation(event.conversation, reader)
        reply = derive_id(event.id, "reply")
        record = _on_record(conversation, reply)
        # One that failed comes here again only where it was put back by hand: then it goes on.
        if record is not None and record.state in ("ended", "interrupted"):
            return
        if isinstance(body, TranscriptFinal) and is_backchannel(text) and _is_heard_now(conversation):
            return  # it went on meanwhile, and needs no answer
        characters = visible_to(conversation.person, await current_characters(reader))
        # The language just spoken: somebody may change it in mid-conversation.
        language = body.language if isinstance(body, TranscriptFinal) else conversation.language
        if not body.forwarded:
            known = {name: one.name for name, one in characters.items()}
            own = known.get(conversation.character, "")
            command = recognise(text, language, known, own)
            if command is not None:
                before = await _before(event, reader)
                for output in outputs(command, before, characters, language, reply):
                    yield output
                return
        character = (record.character if record else conversation.character) or next(iter(characters), "visavis")
        yield ReplyStarted(reply=reply, character=character, engine=self._chat.name)

        index = 0
        mood: Emotion = "neutral"
        # The outputs of a half told reply are repeated as they are on record: the same places give the same ids,
        # and what comes after them gets new ones.
        told = record.sentences if record else ()
        for sentence in told:
            toned = Toned(sentence.text, sentence.emotion)
            yield _sentence(reply, index, toned, character, conversation, language, mood)
            index, mood = index + 1, sentence.emotion

        exchange = _exchange(
            conversation,
            characters,
            character,
            text=text,
            at=event.at,
            language=language,
            before=event.turn or _source(body),
            seed=seed_of(_source(body)),
            told=tuple(sentence.text for sentence in told),
        )
        pieces = self._ahead.take(event.conversation, exchange) or self._chat.stream(exchange)
        async with aclosing(cast("Any", self._sentences(exchange, pieces))) as sentences:
            async for toned in sentences:
                emotion = toned.emotion or mood
                toned = Toned(toned.text, emotion)
                yield _sentence(reply, index, toned, character, conversation, language, mood)
                index, mood = index + 1, emotion
        if not index:
            raise EngineError(f"{self._chat.name} answered nothing", retryable=True, code="empty_reply")
        yield ReplyEnded(reply=reply, sentences=index)
        # Last, so that a repeat which finds the title on record moves no other output to another place.
        if not conversation.titled:
            yield ConversationTitled(title=conversation.title or title_of(text))

    async def listen(self, reader: Reader) -> AsyncIterator[Output]:
        """For ever: ask for answers ahead. What comes of it shows in `reply`; this yields nothing.

        See `bus.work.service.Service.background`.
        """
        try:
            async with aclosing(cast("Any", reader.live(TranscriptStable))) as events:
                async for event in events:
                    try:
                        await self._ask_ahead(event.conversation, event.at, event.body, reader)
                    except BusError as error:
                        log.warning("not asked ahead", extra={"why": error.detail})
        except Forbidden as error:
            # Answers begin later, that is all: a cluster whose permissions are older than this service.
            log.warning("nothing is asked ahead", extra={"why": error.detail})
        finally:
            self._ahead.close()
        return
        yield

    async def _ask_ahead(self, name: str, at: int, stable: TranscriptStable, reader: Reader) -> None:
        """As `reply` will ask, if nothing else is said until then."""
        text = " ".join(stable.text.split())
        conversation = await self._conversation(name, reader)
        characters = visible_to(conversation.person, await current_characters(reader))
        character = conversation.character or next(iter(characters), "visavis")
        language = conversation.language if stable.language == UNKNOWN_LANGUAGE else stable.language
        known = {name: one.name for name, one in characters.items()}
        if not text or is_backchannel(text) or recognise(text, language, known, known.get(character, "")) is not None:
            return
        exchange = _exchange(
            conversation,
            characters,
            character,
            text=text,
            at=at,
            language=language,
            before=stable.turn,
            seed=seed_of(stable.utterance),
        )
        self._ahead.ask(name, exchange)

    async def _conversation(self, name: str, reader: Reader) -> Conversation:
        state = self._known.pop(name, None) or Conversation(id=name)
        state = fold_all(state, await reader.facts(name, after=state.seq))
        self._known[name] = state
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return state

    async def _sentences(self, exchange: Exchange, pieces: AsyncIterator[str]) -> AsyncIterator[Toned]:
        """The sentences of the answer that are not told yet."""
        told = {plain(text) for text in exchange.told}
        skip = len(exchange.told) if self._chat.repeatable else 0
        async with aclosing(cast("Any", _cut(exchange.language, pieces))) as sentences:
            async for toned in sentences:
                if skip:
                    skip -= 1
                elif self._chat.repeatable or plain(toned.text) not in told:
                    yield toned


async def _cut(language: str, pieces: AsyncIterator[str]) -> AsyncIterator[Toned]:
    splitter = Splitter(language)
    async with aclosing(cast("Any", pieces)) as coming:
        async for piece in coming:
            for toned in map(parse, splitter.push(piece)):
                if toned.text:
                    yield toned
    for toned in map(parse, splitter.finish()):
        if toned.text:
            yield toned


def _exchange(
    conversation: Conversation,
    characters: dict[str, CharacterCreated],
    character: str,
    *,
    text: str,
    at: int,
    language: str,
    before: str,
    seed: int,
    told: tuple[str, ...] = (),
) -> Exchange:
    """What the engine is asked.

    Args:
        character: who answers.
        before: a turn, of which and of what came after it the engine is told nothing.
    """
    return Exchange(
        text=text,
        at=at,
        language=language,
        character=characters.get(character, _NOBODY),
        others=tuple(one.name for name, one in characters.items() if name != character),
        history=tuple(heard_messages(conversation, before_turn=before)),
        told=told,
        seed=seed,
    )


def failed(event: Event, error: VisavisError) -> Iterable[Body]:
    """The person is told that no answer will come."""
    if isinstance(event.body, TAKES):
        yield ReplyFailed(reply=derive_id(event.id, "reply"), code=error.code, detail=error.detail)


def _source(body: TranscriptFinal | MessageReceived) -> str:
    return body.message if isinstance(body, MessageReceived) else body.utterance


def _on_record(conversation: Conversation, reply: str) -> Reply | None:
    for turn in reversed(conversation.turns):
        if turn.reply is not None and turn.reply.id == reply:
            return turn.reply
    return None


def _is_heard_now(conversation: Conversation) -> bool:
    """Whether the character is speaking, or was when somebody made it pause."""
    replies = (turn.reply for turn in conversation.turns[-3:] if turn.reply is not None)
    return any(
        reply.state in ("telling", "ended") and any(sentence.state == "playing" for sentence in reply.sentences)
        for reply in replies
    )


async def _before(event: Event, reader: Reader) -> Conversation:
    """The conversation as it was when this was said: a command that is carried out again does the same again."""
    facts = await reader.facts(event.conversation)
    earlier = itertools.takewhile(lambda fact: fact[1].id != event.id, facts)
    return fold_all(Conversation(id=event.conversation), earlier)


def _sentence(
    reply: str,
    index: int,
    toned: Toned,
    character: str,
    conversation: Conversation,
    language: str,
    before: Emotion,
) -> ReplySentence:
    return ReplySentence(
        reply=reply,
        index=index,
        text=toned.text,
        character=character,
        language=language,
        emotion=toned.emotion or before,
        emotion_before=before,
        pace=conversation.pace,
        volume=conversation.volume,
        spoken=conversation.voice,
    )
