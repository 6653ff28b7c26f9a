"""The dialogue service: answers a transcript or a message with the sentences of a reply."""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Any, cast

from cachetools import LRUCache

from bus.errors import BusError, EngineError, Forbidden, VisavisError
from bus.events import (
    UNKNOWN_LANGUAGE,
    Body,
    CharacterCreated,
    ConversationTitled,
    Event,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyMerged,
    ReplyStarted,
    TranscriptFinal,
    TranscriptStable,
    Watching,
)
from bus.ids import reply_id, seed_of
from bus.work.service import Output, Reader
from projections.characters import FALLBACK_CHARACTER, visible_to
from projections.conversation import Conversation, Reply, fold_all, heard_messages
from projections.history_digest import history_digest
from projections.language import language_in_use
from projections.titles import title_of
from services.backchannel import is_backchannel
from services.characters import known_characters
from services.dialogue.answer_source import AnswerSource, carry_out
from services.dialogue.commands.outcomes import command_outputs
from services.dialogue.commands.recognition import recognise_command
from services.dialogue.engine import ChatEngine, ChatRequest, Tokens, Tools
from services.dialogue.language.detection import Guess, detect_language
from services.dialogue.normalisation import normalise
from services.dialogue.reply_writer import ReplyWriter
from services.dialogue.segment_stream import segment_stream
from services.dialogue.segmenter import Segment
from services.dialogue.speculative_reply import SpeculativeReplies
from services.dialogue.tool_use import INTERRUPTED, MAX_CALLS, recorded_steps
from services.dialogue.turn_taking import NewestWords, answers_question, with_heard_sentence

log = logging.getLogger(__name__)

CONSUMES: tuple[type[Body], ...] = (TranscriptFinal, MessageReceived)
CACHED_CONVERSATIONS = 256
BRIDGE_SECONDS = 1.0

_FALLBACK_CHARACTER = CharacterCreated(
    name="Visavis",
    tagline="a talking avatar",
    personality="You are friendly and brief.",
    greeting="Hello!",
    look="",
    voice="female",
)
"""Answers where there is no character on the log."""


class Dialogue:
    """The handler of the dialogue service. Its memory is a cache only: everything it needs is on the log.

    Args:
        cached_conversations: folded conversations kept in memory; all facts of others are read again.
        prepare_request: lets the engine evaluate a request whose words are not known yet, for `prepare`.
        guess_language: asked for the language of typed words; None: they are in the conversation's.
        tools: that the engine may ask for.
        bridge_seconds: after which a sentence is said while a tool is awaited.
    """

    def __init__(
        self,
        chat: ChatEngine,
        *,
        cached_conversations: int = CACHED_CONVERSATIONS,
        prepare_request: Callable[[ChatRequest], Awaitable[None]] | None = None,
        guess_language: Guess | None = None,
        tools: Tools | None = None,
        bridge_seconds: float = BRIDGE_SECONDS,
    ) -> None:
        self._chat = chat
        self._tools = tools
        self._bridge_seconds = bridge_seconds
        self._prepare_request = prepare_request
        self._speculative = SpeculativeReplies(chat)
        self._conversations: LRUCache[str, Conversation] = LRUCache(cached_conversations)
        self._in_progress: LRUCache[str, ReplyWriter] = LRUCache(cached_conversations)
        """By event: they say how a failure is told."""
        self._words = NewestWords()
        self._guess_language = guess_language

    async def reply(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        """The facts of one reply, the same for every redelivery of the event. See `bus.work.service.Handler`."""
        body = event.body
        assert isinstance(body, TranscriptFinal | MessageReceived)
        text = " ".join(body.text.split())
        if not text:
            return
        conversation = await self._conversation(event.conversation, reader)
        reply = reply_id(event.id)
        recorded = _find_reply(conversation, reply)
        # A failed reply gets here only when its dead letter was requeued: it is then continued.
        if recorded is not None and recorded.state in ("ended", "interrupted"):
            return
        if isinstance(body, TranscriptFinal) and is_backchannel(text):
            found = answers_question(await reader.facts(event.conversation), body)
            if found is not None and found.reply is not None and found.question is not None:
                conversation = with_heard_sentence(conversation, found.reply, found.question)
            elif found is None and recorded is None:
                return  # the character goes on speaking
        characters = visible_to(conversation.person, await known_characters(reader, needed=conversation.character))
        names = {id_: one.name for id_, one in characters.items()}
        # The language just used: the person may change it in the middle of a conversation.
        if recorded is not None and recorded.language:
            language = recorded.language
        elif isinstance(body, TranscriptFinal):
            language = body.language  # the recogniser's, which heard more than the words
        else:
            in_use = language_in_use(conversation, before_turn=event.turn or _input_id(body))
            language = self._language_of(body.text, in_use, names)
        if not body.forwarded:
            command = recognise_command(text, language, names, names.get(conversation.character, ""))
            if command is not None:
                before = await _conversation_before(event, reader)
                for output in command_outputs(command, before, characters, language, reply):
                    yield output
                return
        if recorded is None and (newer := self._words.overtaken_by(event)) is not None:
            yield ReplyMerged(reply=reply, into=newer)  # the newer words are answered, with these before them
            return
        chosen = recorded.character if recorded else conversation.character
        character = chosen or next(iter(characters), FALLBACK_CHARACTER)
        before_turn = event.turn or _input_id(body)
        history = history_digest(heard_messages(conversation, before_turn=before_turn))
        yield ReplyStarted(
            reply=reply, character=character, engine=self._chat.name, language=language, history=history
        )

        writer = ReplyWriter(reply, character, conversation, language)
        self._in_progress[event.id] = writer
        # The steps on the log are output again first: an event's id follows from the place of the output, so these are
        # dropped as duplicates, and the new ones get new ids.
        for step in recorded_steps(await reader.facts(event.conversation), reply) if recorded else ():
            yield writer.repeat(step)
        for told in recorded.sentences if recorded else ():
            writer.skip(told.index)
        if writer.pending:
            yield writer.returned(INTERRUPTED, failed=True)

        request = _chat_request(
            conversation,
            characters,
            character,
            text=text,
            at=event.at,
            language=language,
            before_turn=before_turn,
            seed=seed_of(_input_id(body)),
            tools=self._tools,
        )
        tokens = Tokens()
        while True:
            request = writer.continued(request)
            source = AnswerSource(self._speculative.take(event.conversation, request) or self._chat.stream(request))
            async with aclosing(cast("Any", self._new_sentences(request, source.text()))) as sentences:
                async for segment in sentences:
                    # The voice follows the answer, which may be in another language where the person asked for one.
                    spoken_text = segment.text if segment.spoken_text is None else segment.spoken_text
                    yield writer.sentence(segment, self._language_of(spoken_text, language, names))
            tokens += source.tokens
            if self._tools is None or not request.tools or not source.calls:
                break
            for call in source.calls[:MAX_CALLS]:
                async with aclosing(cast("Any", carry_out(call, self._tools, writer, self._bridge_seconds))) as steps:
                    async for step in steps:
                        yield step
        if not writer.told:
            raise EngineError(f"{self._chat.name} answered nothing", retryable=True, code="empty_reply")
        self._in_progress.pop(event.id, None)
        yield ReplyEnded(
            reply=reply, sentences=writer.sentences, engine=source.engine, prompt_tokens=tokens.prompt,
            reply_tokens=tokens.reply,
        )  # fmt: skip
        # Last, so that a redelivery, which finds the title on the log, moves no other output to another place.
        if not conversation.titled:
            yield ConversationTitled(title=conversation.title or title_of(text))

    def _language_of(self, text: str, in_use: str, names: dict[str, str]) -> str:
        """The language of a text, in favour of the one in use."""
        if self._guess_language is None:
            return in_use
        return detect_language(text, in_use, self._guess_language, names.values())

    def failure_facts(self, event: Event, error: VisavisError) -> Iterable[Body]:
        """What tells the person that no answer will come: a sentence to hear, and the cause to read."""
        writer = self._in_progress.pop(event.id, None)
        if writer is not None:
            yield writer.notice(error.code)
        yield from failure_facts(event, error)

    def forget(self) -> None:
        """Empty the caches: the log was replaced by another one."""
        self._conversations.clear()
        self._words = NewestWords()
        self._speculative.close()

    async def speculate(self, reader: Reader) -> AsyncIterator[Output]:
        """Start a speculative reply at every stable transcript, for ever. Outputs nothing itself: `reply` takes them.

        See `bus.work.service.Service.background`.
        """
        try:
            async with aclosing(cast("Any", reader.live(TranscriptStable))) as events:
                async for event in events:
                    try:
                        await self._start_speculative_reply(event.conversation, event.at, event.body, reader)
                    except BusError as error:
                        log.warning("no speculative reply", extra={"why": error.detail})
        except Forbidden as error:
            # The permissions of the cluster are older than this service: replies begin later, no more than that.
            log.warning("no speculative replies at all", extra={"why": error.detail})
        finally:
            self._speculative.close()
        return
        yield

    async def prepare(self, reader: Reader) -> AsyncIterator[Output]:
        """Prepare the first request of every conversation that somebody opens, for ever. Outputs nothing itself.

        For an engine that takes seconds to evaluate a prompt: they pass before the person has spoken.
        """
        assert self._prepare_request is not None
        prepared: LRUCache[str, bool] = LRUCache(CACHED_CONVERSATIONS)
        try:
            async with aclosing(cast("Any", reader.live(Watching))) as events:
                async for event in events:
                    if event.conversation in prepared:
                        continue
                    try:
                        await self._prepare_request(await self._next_request(event.conversation, event.at, reader))
                        prepared[event.conversation] = True
                    except (BusError, EngineError) as error:
                        log.debug("request not prepared", extra={"why": error.detail})
        except Forbidden as error:
            log.warning("no request is prepared", extra={"why": error.detail})
        return
        yield

    async def _start_speculative_reply(self, id_: str, at: int, stable: TranscriptStable, reader: Reader) -> None:
        """Make the request that `reply` will make, if the person says nothing more."""
        text = " ".join(stable.text.split())
        conversation = await self._conversation(id_, reader)
        characters = visible_to(conversation.person, await known_characters(reader, needed=conversation.character))
        character = conversation.character or next(iter(characters), FALLBACK_CHARACTER)
        language = conversation.language if stable.language == UNKNOWN_LANGUAGE else stable.language
        names = {name: one.name for name, one in characters.items()}
        if not text or is_backchannel(text) or recognise_command(text, language, names, names.get(character, "")):
            return
        request = _chat_request(
            conversation,
            characters,
            character,
            text=text,
            at=at,
            language=language,
            before_turn=stable.turn,
            seed=seed_of(stable.utterance),
            tools=self._tools,
        )
        self._speculative.start(id_, request)

    async def _next_request(self, id_: str, at: int, reader: Reader) -> ChatRequest:
        """The next request of a conversation, as far as it is known before the person has spoken: without words."""
        conversation = await self._conversation(id_, reader)
        characters = visible_to(conversation.person, await known_characters(reader, needed=conversation.character))
        character = conversation.character or next(iter(characters), FALLBACK_CHARACTER)
        language = language_in_use(conversation)
        return _chat_request(
            conversation, characters, character, text="", at=at, language=language, before_turn="", seed=0, tools=None
        )

    async def _conversation(self, id_: str, reader: Reader) -> Conversation:
        state = self._conversations.get(id_) or Conversation(id=id_)
        facts = await reader.facts(id_, after=state.seq)
        self._words.add(facts)
        state = fold_all(state, facts)
        self._conversations[id_] = state
        return state

    async def _new_sentences(self, request: ChatRequest, pieces: AsyncIterator[str]) -> AsyncIterator[Segment]:
        """The segments of the answer that are not on the log yet."""
        early = self._chat.writes_slowly
        recorded = {normalise(text) for text in request.reply_so_far} - {""}
        skip = len(request.reply_so_far) if self._chat.deterministic else 0
        async with aclosing(cast("Any", segment_stream(request.language, pieces, early=early))) as segments:
            async for segment in segments:
                if skip:
                    skip -= 1
                elif self._chat.deterministic or normalise(segment.text) not in recorded:
                    yield segment


def _chat_request(
    conversation: Conversation,
    characters: dict[str, CharacterCreated],
    character: str,
    *,
    text: str,
    at: int,
    language: str,
    before_turn: str,
    seed: int,
    tools: Tools | None,
) -> ChatRequest:
    """The request to the engine.

    Args:
        character: id of the character that answers.
        before_turn: id of the turn that is answered; the history ends before it.
    """
    return ChatRequest(
        text=text,
        at=at,
        language=language,
        character=characters.get(character, _FALLBACK_CHARACTER),
        others=tuple(one.name for id_, one in characters.items() if id_ != character),
        history=tuple(heard_messages(conversation, before_turn=before_turn)),
        tools=tools.definitions() if tools is not None else (),
        seed=seed,
    )


def failure_facts(event: Event, error: VisavisError) -> Iterable[Body]:
    """The fact from which the person learns that no answer will come."""
    if isinstance(event.body, CONSUMES):
        yield ReplyFailed(reply=reply_id(event.id), code=error.code, detail=error.detail)


def _input_id(body: TranscriptFinal | MessageReceived) -> str:
    return body.message if isinstance(body, MessageReceived) else body.utterance


def _find_reply(conversation: Conversation, id_: str) -> Reply | None:
    for turn in reversed(conversation.turns):
        if turn.reply is not None and turn.reply.id == id_:
            return turn.reply
    return None


async def _conversation_before(event: Event, reader: Reader) -> Conversation:
    """The conversation as it was before the event: a redelivered command then has the same outcome."""
    facts = await reader.facts(event.conversation)
    earlier = itertools.takewhile(lambda fact: fact[1].id != event.id, facts)
    return fold_all(Conversation(id=event.conversation), earlier)
