"""One reply to every transcript and message, also where they are redelivered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, cast

import pytest
from msgspec.structs import replace

from bus.errors import EngineError
from bus.events import (
    Body,
    CharacterChosen,
    CharacterCreated,
    CommandRecognised,
    ConversationOpened,
    ConversationTitled,
    Event,
    Fact,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    TranscriptFinal,
    UtteranceStarted,
)
from bus.ids import derive_id, reply_id
from projections.conversation import Conversation, Message, fold_all
from services.dialogue.engine import AnsweredBy, ChatRequest
from services.dialogue.failure_sentences import failure_sentence
from services.dialogue.service import Dialogue, failure_facts
from tests.fakes import FakeReader, event

ADA = CharacterCreated(
    name="Ada", tagline="an engineer", personality="You are curious.", greeting="Hi.", look="l", voice="female"
)
BO = CharacterCreated(name="Bo", tagline="a poet", personality="You rhyme.", greeting="Hi.", look="l", voice="male")
ASKED = event(MessageReceived(message="m", text=" what is  your name "), turn="t", name="ask")
REPLY = derive_id("ask", "reply")


class FakeChat:
    """Streams the given pieces, and records its requests."""

    name = "fake"

    def __init__(self, *pieces: str, deterministic: bool = False, breaks: bool = False) -> None:
        self.pieces = pieces
        self.deterministic = deterministic
        self.writes_slowly = False
        self.asked: list[ChatRequest] = []
        self.given = 0
        self._breaks = breaks

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        self.asked.append(request)
        for piece in self.pieces:
            self.given += 1
            yield piece
        if self._breaks:
            raise EngineError("it broke off", retryable=True)


def log(*bodies: tuple[Fact, str | None] | Event) -> list[tuple[int, Event]]:
    events = []
    for at, body in enumerate(bodies, 1):
        events.append((at, body if isinstance(body, Event) else event(body[0], at=at, turn=body[1])))
    return events


def opened(language: str = "en") -> tuple[Fact, None]:
    return ConversationOpened(person="p", character="ada", language=language), None


def reader(*bodies: tuple[Fact, str | None] | Event) -> FakeReader:
    return FakeReader(log(*bodies), characters={"ada": ADA, "bo": BO})


def sentence(index: int, text: str, emotion: str = "neutral", before: str = "neutral") -> ReplySentence:
    return ReplySentence(
        reply=REPLY, index=index, text=text, character="ada", emotion=cast("Any", emotion),
        emotion_before=cast("Any", before),
    )  # fmt: skip


async def answer(chat: FakeChat, log_reader: FakeReader, asked: Event = ASKED) -> list[Body]:
    return cast("list[Body]", [body async for body in Dialogue(chat).reply(asked, log_reader)])


async def test_a_reply_is_started_sentences_ended_and_a_title() -> None:
    chat = FakeChat("[happy] I am", " Ada. [sad] And", " you?")
    assert await answer(chat, reader(opened(), ASKED)) == [
        ReplyStarted(reply=REPLY, character="ada", engine="fake", language="en"),
        sentence(0, "I am Ada.", "happy"),
        sentence(1, "And you?", "sad", "happy"),
        ReplyEnded(reply=REPLY, sentences=2),
        ConversationTitled(title="What is your name"),
    ]


async def test_a_failed_reply_that_was_requeued_continues_after_its_recorded_sentences() -> None:
    failed_there = (ReplyFailed(reply=REPLY, code="x", detail="y"), "t")
    outputs = await answer(FakeChat("And on."), reader(opened(), ASKED, *HALF, failed_there))
    assert [one.text for one in outputs if isinstance(one, ReplySentence)] == ["I am Ada.", "And on."]
    assert ReplyEnded(reply=REPLY, sentences=2) in outputs


async def test_the_request_has_the_text_the_characters_and_the_history() -> None:
    chat = FakeChat("Yes.")
    earlier = (MessageReceived(message="m0", text="hello"), "t0")
    started = (ReplyStarted(reply="r0", character="ada", engine="e"), "t0")
    told = (ReplySentence(reply="r0", index=0, text="Hi there.", character="ada"), "t0")
    await answer(chat, reader(opened("de"), earlier, started, told, ASKED))
    (request,) = chat.asked
    assert (request.text, request.at, request.language) == ("what is your name", 1, "de")
    assert (request.character, request.others, request.reply_so_far) == (ADA, ("Bo",), ())
    assert request.history == (Message("user", "hello"), Message("assistant", "Hi there."))


async def test_sentences_that_were_not_heard_are_not_in_the_history() -> None:
    chat = FakeChat("Yes.")
    played = PlaybackStarted(session="s", speech="s0", reply="r0", index=0, video=False)
    done = PlaybackFinished(session="s", speech="s0", reply="r0", index=0, samples=48000, complete=True)
    told = [
        (ReplySentence(reply="r0", index=index, text=text, character="ada"), "t0")
        for index, text in enumerate(("Heard this.", "Not this."))
    ]
    await answer(chat, reader(opened(), *told, (played, "t0"), (done, "t0"), ASKED))
    assert chat.asked[0].history == (Message("assistant", "Heard this.", True),)


async def test_a_sentence_is_output_before_the_next_piece_is_read() -> None:
    chat = FakeChat("One is here. ", "Two ", "is here.")
    async with aclosing(cast("Any", Dialogue(chat).reply(ASKED, reader(opened(), ASKED)))) as outputs:
        await anext(outputs)
        assert (await anext(outputs)).text == "One is here."
        assert chat.given == 1  # "here." is no abbreviation, so the space after it is enough


async def test_a_sentence_is_output_while_the_stream_pauses_behind_its_stop() -> None:
    class Pausing(FakeChat):
        def stream(self, request: ChatRequest) -> AsyncIterator[str]:
            return self._pausing()

        async def _pausing(self) -> AsyncIterator[str]:
            yield "It is raining."
            await go_on.wait()
            yield " Take a coat."

    go_on = asyncio.Event()
    async with aclosing(cast("Any", Dialogue(Pausing()).reply(ASKED, reader(opened(), ASKED)))) as outputs:
        await anext(outputs)
        assert (await anext(outputs)).text == "It is raining."
        go_on.set()
        assert [one.text async for one in outputs if isinstance(one, ReplySentence)] == ["Take a coat."]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
async def test_empty_text_gets_no_reply(text: str) -> None:
    quiet = event(TranscriptFinal(utterance="u", text=text, language="en", confidence=0.0), turn="t")
    assert await answer(FakeChat("Hm."), reader(opened(), quiet), quiet) == []


@pytest.mark.parametrize(
    "end",
    [
        ReplyEnded(reply=REPLY, sentences=1),
        ReplyInterrupted(reply=REPLY, heard="", by="button"),
    ],
    ids=["ended", "interrupted"],
)
async def test_a_reply_that_is_over_on_the_log_is_not_repeated(end: Fact) -> None:
    chat = FakeChat("Again.")
    started = (ReplyStarted(reply=REPLY, character="ada", engine="fake", language="en"), "t")
    assert await answer(chat, reader(opened(), ASKED, started, (end, "t"))) == []
    assert chat.asked == []


@pytest.mark.parametrize(("state", "answered"), [("playing", False), ("played", True)])
async def test_a_backchannel_while_the_character_speaks_gets_no_reply(state: str, answered: bool) -> None:
    backchannel = TranscriptFinal(utterance="u", text="mm-hm", language="en", confidence=0.5)
    about = {"session": "s", "speech": "s0", "reply": "r0", "index": 0}
    facts: list[tuple[Fact, str | None]] = [
        (ReplySentence(reply="r0", index=0, text="A long story.", character="ada"), "t0"),
        (ReplyEnded(reply="r0", sentences=1), "t0"),
        (PlaybackStarted(**about, video=False), "t0"),  # type: ignore[arg-type]
    ]
    if state == "played":
        facts.append((PlaybackFinished(**about, samples=48000, complete=True), "t0"))  # type: ignore[arg-type]
    facts.append((UtteranceStarted(utterance="u", session="s"), "t"))
    asked = event(backchannel, turn="t")
    assert bool(await answer(FakeChat("Yes."), reader(opened(), *facts, asked), asked)) == answered


async def test_words_that_newer_words_have_overtaken_are_answered_with_those() -> None:
    newer = event(TranscriptFinal(utterance="u", text="and who", language="en", confidence=0.5), turn="t2", name="new")
    chat = FakeChat("Ada, at noon.")
    log = reader(opened(), ASKED, newer)
    assert await answer(chat, log) == [ReplyMerged(reply=reply_id(ASKED.id), into="t2")]
    assert await answer(chat, log, newer)
    (request,) = chat.asked
    assert (request.text, request.history) == ("and who", (Message("user", "what is  your name"),))


@pytest.mark.parametrize("later", ["mm-hm", "  "])
async def test_a_murmur_or_nothing_overtakes_no_words(later: str) -> None:
    newer = event(TranscriptFinal(utterance="u", text=later, language="en", confidence=0.5), turn="t2", name="new")
    assert await answer(FakeChat("Ada."), reader(opened(), ASKED, newer))


async def test_a_command_is_carried_out_although_newer_words_came() -> None:
    louder = event(MessageReceived(message="m0", text="softer"), turn="t0", name="command")
    outputs = await answer(FakeChat("Ada."), reader(opened(), louder, ASKED), louder)
    assert any(isinstance(one, CommandRecognised) for one in outputs)


async def test_yes_near_the_end_of_a_question_answers_the_whole_question() -> None:
    text = "Shall I tell you a long story about the sea now?"
    about = {"session": "s", "speech": "s0", "reply": "r0", "index": 0}
    chat = FakeChat("Once upon a time.")
    yes = event(TranscriptFinal(utterance="u", text="Okay.", language="en", confidence=0.5), turn="t")
    log = reader(
        opened(),
        (ReplySentence(reply="r0", index=0, text=text, character="ada"), "t0"),
        (ReplyEnded(reply="r0", sentences=1), "t0"),
        (SpeechEnded(speech="s0", reply="r0", index=0, samples=96_000, visemes=()), "t0"),
        (PlaybackStarted(**about, video=False), "t0"),  # type: ignore[arg-type]
        (PlaybackProgress(**about, samples=48_000), "t0"),  # type: ignore[arg-type]
        (UtteranceStarted(utterance="u", session="s"), "t"),
        yes,
    )
    assert await answer(chat, log, yes)
    assert chat.asked[0].history == (Message("assistant", text),)


HALF: Sequence[tuple[Fact, str | None]] = (
    (ReplyStarted(reply=REPLY, character="ada", engine="fake", language="en"), "t"),
    (sentence(0, "I am Ada.", "happy"), "t"),
)


async def test_a_half_finished_reply_repeats_its_recorded_sentences_and_continues() -> None:
    chat = FakeChat("I am Ada. ", "I like logs.")
    outputs = await answer(chat, reader(opened(), ASKED, *HALF))
    assert outputs[:4] == [
        ReplyStarted(reply=REPLY, character="ada", engine="fake", language="en"),
        sentence(0, "I am Ada.", "happy"),
        sentence(1, "I like logs.", "happy", "happy"),
        ReplyEnded(reply=REPLY, sentences=2),
    ]
    assert chat.asked[0].reply_so_far == (" I am Ada.",)


async def test_a_requeued_reply_keeps_its_sentences_and_places() -> None:
    chat = FakeChat("I like logs.")
    outputs = await answer(chat, reader(opened(), ASKED, *HALF, (ReplyFailed(reply=REPLY, code="x", detail="y"), "t")))
    assert outputs[1:4] == [
        sentence(0, "I am Ada.", "happy"),
        sentence(1, "I like logs.", "happy", "happy"),
        ReplyEnded(reply=REPLY, sentences=2),
    ]


async def test_of_a_deterministic_engine_the_recorded_sentences_are_skipped() -> None:
    chat = FakeChat("Ha! Ha! ", "I am Ada.", deterministic=True)
    first = await answer(chat, reader(opened(), ASKED))
    told = [(cast("Fact", body), "t") for body in first[:3]]
    assert await answer(chat, reader(opened(), ASKED, *told)) == first


async def test_a_reply_keeps_the_character_it_started_with() -> None:
    outputs = await answer(FakeChat("More."), reader(opened(), ASKED, *HALF, (CharacterChosen(character="bo"), "t9")))
    assert {body.character for body in outputs if isinstance(body, ReplyStarted | ReplySentence)} == {"ada"}


async def test_a_title_on_the_log_stays() -> None:
    outputs = await answer(FakeChat("Yes."), reader(opened(), (ConversationTitled(title="Old"), "t0"), ASKED))
    assert not [body for body in outputs if isinstance(body, ConversationTitled)]


async def test_a_second_turn_reads_only_new_facts() -> None:
    handler = Dialogue(FakeChat("Yes."))
    log_reader = reader(opened(), ASKED)
    async for _ in handler.reply(ASKED, log_reader):
        pass
    again = event(MessageReceived(message="m2", text="and now"), at=3, turn="t2")
    log_reader.events.append((3, again))
    async for _ in handler.reply(again, log_reader):
        pass
    assert log_reader.asked == [2, 1]


async def test_a_conversation_that_left_the_cache_is_read_again() -> None:
    handler = Dialogue(FakeChat("Yes."), cached_conversations=1)
    log_reader = reader(opened(), ASKED)
    other = event(MessageReceived(message="m2", text="hi"), conversation="other", turn="t2")
    log_reader.events.append((3, other))
    for one in (ASKED, other, ASKED):
        async for _ in handler.reply(one, log_reader):
            pass
    assert log_reader.asked == [2, 1, 2]


async def test_without_a_character_on_the_log_the_fallback_answers() -> None:
    chat = FakeChat("Yes.")
    outputs = await answer(chat, FakeReader(log(ASKED)))
    assert outputs[0] == ReplyStarted(reply=REPLY, character="visavis", engine="fake", language="en")
    assert chat.asked[0].character.name == "Visavis"


async def test_an_empty_answer_is_a_retryable_error() -> None:
    with pytest.raises(EngineError, match="answered nothing") as caught:
        await answer(FakeChat(" ", "[happy]"), reader(opened(), ASKED))
    assert caught.value.retryable


async def test_sentences_before_the_stream_broke_off_are_output() -> None:
    outputs = Dialogue(FakeChat("One. Two", breaks=True)).reply(ASKED, reader(opened(), ASKED))
    assert [await anext(outputs), await anext(outputs)][1] == sentence(0, "One.")
    with pytest.raises(EngineError, match="broke off"):
        await anext(outputs)


def test_a_failed_reply_has_the_code_and_detail_of_its_error() -> None:
    error = EngineError("the model is away", code="llm_unreachable")
    failure = ReplyFailed(reply=REPLY, code="llm_unreachable", detail="the model is away")
    assert list(failure_facts(ASKED, error)) == [failure]


async def test_a_failure_is_heard_in_the_language_of_the_reply_and_its_cause_is_on_record() -> None:
    dialogue = Dialogue(FakeChat("One. Two", breaks=True))
    log_reader = reader(opened("de"), ASKED)
    with pytest.raises(EngineError) as caught:
        async for _ in dialogue.reply(ASKED, log_reader):
            pass
    notice, failed = dialogue.failure_facts(ASKED, caught.value)
    assert isinstance(notice, ReplySentence)
    assert (notice.reply, notice.index, notice.character, notice.language) == (REPLY, 1, "ada", "de")
    assert (notice.text, notice.notice) == (failure_sentence("x", "de", begun=True)[0], True)
    assert failed == ReplyFailed(reply=REPLY, code="engine_failed", detail="it broke off")


async def test_to_a_person_who_reads_the_sentence_about_a_failure_is_text() -> None:
    dialogue = Dialogue(FakeChat(breaks=True))
    log_reader = reader(opened(), (CommandRecognised(name="text_only"), "t0"), ASKED)
    with pytest.raises(EngineError) as caught:
        async for _ in dialogue.reply(ASKED, log_reader):
            pass
    notice, _ = dialogue.failure_facts(ASKED, caught.value)
    assert isinstance(notice, ReplySentence)
    assert (notice.index, notice.spoken) == (0, False)


async def test_the_sentence_about_a_failure_is_no_part_of_the_answer() -> None:
    notice = replace(sentence(1, "I can't go on."), notice=True)
    failed = ReplyFailed(reply=REPLY, code="x", detail="y")
    facts = reader(opened(), ASKED, *HALF, (notice, "t"), (failed, "t"))
    (turn,) = fold_all(Conversation(id="c"), facts.events).turns
    assert turn.reply is not None
    assert (turn.reply.state, [one.notice for one in turn.reply.sentences]) == ("failed", [False, True])
    # Where the dead letter is requeued, the reply goes on behind the sentence.
    chat = FakeChat("I like logs.")
    outputs = await answer(chat, facts)
    assert [(one.index, one.text) for one in outputs if isinstance(one, ReplySentence)] == [
        (0, "I am Ada."), (2, "I like logs.")
    ]  # fmt: skip
    assert chat.asked[0].reply_so_far == (" I am Ada.",)
    # Later requests do not know of it.
    later = event(MessageReceived(message="m2", text="and now"), at=9, turn="t2")
    facts.events.append((9, later))
    await answer(chat, facts, later)
    assert [one.text for one in chat.asked[-1].history if one.role == "assistant"] == ["I am Ada."]


async def test_which_engine_wrote_the_answer_is_on_record() -> None:
    class TwoEngines(FakeChat):
        async def stream(self, request: ChatRequest) -> AsyncIterator[Any]:
            yield AnsweredBy("openai:b@host:2")
            yield "Yes."

    outputs = await answer(TwoEngines(), reader(opened(), ASKED))
    assert [one for one in outputs if isinstance(one, ReplyEnded)] == [
        ReplyEnded(reply=REPLY, sentences=1, engine="openai:b@host:2")
    ]
    assert [one.text for one in outputs if isinstance(one, ReplySentence)] == ["Yes."]
