"""Overlapping speech, messages and the stop button in the whole system, with a model that is silent for a while."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial

import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bench.peer import Peer
from bus import clock
from bus.events import (
    SPEECH_RATE,
    Body,
    Event,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplyStarted,
    SessionClosed,
    SpeechEnded,
    TranscriptFinal,
    UtteranceStarted,
)
from bus.log.event_log import EventLog
from projections.characters import fold_all
from projections.moment import NOW
from services.audio import Samples, resample
from tests import voices
from tests.conftest import free_port
from tests.e2e.stack import Stack
from visavis.verify.command import since
from visavis.verify.decisions import DECISION_KINDS
from visavis.verify.verify import verify

SILENCE = 3.0
"""Seconds that the model thinks about everything but a greeting."""
FIRST, SECOND = "what_time_is_it_rms", "what_is_your_name_rms"
QUESTION = "Shall I tell you a long story about the sea now?"
STATEMENT = "The sea is wide and deep and full of fish and old ships and songs."


def recording(name: str) -> Samples:
    return resample(voices.samples(name), 16_000, 48_000)


def cough() -> Samples:
    burst = np.random.default_rng(7).normal(0, 6_000, 6_000) * np.hanning(6_000)
    return burst.clip(-32_768, 32_767).astype(np.int16)


async def chat(request: Request) -> Response:
    """Answers "ask me" with a question and "tell me" with a statement at once, everything else after a silence."""
    words = (await request.json())["messages"][-1]["content"]
    told = {"ask me": QUESTION, "tell me": STATEMENT}.get(words)

    async def body() -> AsyncIterator[bytes]:
        if told is None:
            await asyncio.sleep(SILENCE)
        content = told or f"You said {words}. One more sentence. And the last one."
        piece = {"choices": [{"delta": {"content": content}, "finish_reason": "stop"}]}
        yield f"data: {json.dumps(piece)}\n\ndata: [DONE]\n\n".encode()

    return StreamingResponse(body(), media_type="text/event-stream")


async def models(request: Request) -> Response:
    return JSONResponse({"data": [{"id": "scripted"}]})


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """A model server; gives its URL."""
    app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"]), Route("/v1/models", models)])
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    serving = threading.Thread(target=server.run)
    serving.start()
    yield f"http://127.0.0.1:{port}/v1"
    server.should_exit = True
    serving.join()


@pytest.fixture(scope="module")
def system(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("turns")
    stack = Stack(folder, VISAVIS_LLM_URL=model, VISAVIS_LLM_KEY="", VISAVIS_LLM_AHEAD="off")
    stack.start()
    yield stack
    stack.close()
    print(stack.output()[-4000:])  # shown where a test failed


class Talk:
    """A call in a running system, and what the log has of it."""

    def __init__(self, peer: Peer, event_log: EventLog) -> None:
        self.peer = peer
        self._event_log = event_log

    async def facts(self, kind: type[Body] = Body) -> list[Event]:
        found = await self._event_log.facts(self.peer.conversation)
        return [event for _, event in found if isinstance(event.body, kind)]

    async def until(self, over: Callable[[list[Event]], bool]) -> list[Event]:
        """Wait for facts; returns all."""
        async with asyncio.timeout(60):
            while not over(facts := await self.facts()):
                await asyncio.sleep(0.02)
        return facts

    async def until_there_are(self, kind: type[Body], count: int = 1) -> list[Event]:
        await self.until(lambda facts: sum(isinstance(one.body, kind) for one in facts) >= count)
        return await self.facts(kind)

    async def say(self, sound: Samples) -> None:
        await self.peer.say(sound)

    async def answered(self, turn: str | None = None) -> list[Event]:
        """Wait until the answer to the newest words, or to those of a turn, has been played; returns all facts."""

        def over(facts: list[Event]) -> bool:
            words = [one for one in facts if isinstance(one.body, MessageReceived | TranscriptFinal)]
            asked = turn or words[-1].turn
            ended = {one.body.reply: one.body.sentences for one in facts if isinstance(one.body, ReplyEnded)}
            played = [one.body.reply for one in facts if isinstance(one.body, PlaybackFinished)]
            mine = [one.body.reply for one in facts if isinstance(one.body, ReplyStarted) and one.turn == asked]
            return any(reply in ended and played.count(reply) == ended[reply] for reply in mine)

        return await self.until(over)

    async def write(self, text: str) -> str:
        """Write a message; returns its turn."""
        await self.peer.write(text)
        turn = (await self.facts(MessageReceived))[-1].turn
        assert turn is not None
        return turn


@asynccontextmanager
async def calling(system: Stack) -> AsyncIterator[Talk]:
    """A call in a conversation of its own."""
    peer = Peer(system.url)
    await peer.connect()
    async with system.event_log() as event_log:
        yield Talk(peer, event_log)
    await peer.close()


@pytest.fixture
async def talk(system: Stack) -> AsyncIterator[Talk]:
    async with calling(system) as talk:
        yield talk


async def side_by_side(system: Stack, *scenes: Callable[[Talk], Awaitable[None]]) -> None:
    """Each of them in a call of its own, at once: they mostly wait for what is said to end."""

    async def play(scene: Callable[[Talk], Awaitable[None]]) -> None:
        async with calling(system) as talk:
            await scene(talk)

    async with asyncio.TaskGroup() as tasks:
        for scene in scenes:
            tasks.create_task(play(scene))


def at_of(facts: list[Event], kind: type[Body], place: int = -1) -> int:
    return [one.at for one in facts if isinstance(one.body, kind)][place]


def stale_starts(facts: list[Event], since: int) -> list[Event]:
    """The sentences that began to play after this time and are not of the newest answer."""
    newest = [one.turn for one in facts if isinstance(one.body, ReplyStarted)][-1]
    return [one for one in facts if isinstance(one.body, PlaybackStarted) and one.at > since and one.turn != newest]


async def test_of_two_phrases_the_second_is_answered_and_nothing_of_the_first_is_played(system: Stack) -> None:
    await side_by_side(system, *(partial(two_phrases, pause=pause) for pause in (0.3, 0.7, 1.2)))


async def two_phrases(talk: Talk, pause: float) -> None:
    await talk.say(recording(FIRST))
    await asyncio.sleep(pause)
    await talk.say(recording(SECOND))
    await talk.until(lambda facts: "name" in heard(facts))
    facts = await talk.answered()
    assert "time" in heard(facts)
    assert stale_starts(facts, at_of(facts, UtteranceStarted)) == []
    assert len({one.turn for one in facts_of(facts, PlaybackStarted)}) == 1


async def test_a_spoken_question_interrupts_the_answer_to_a_written_one(talk: Talk) -> None:
    written = await talk.write("what is the weather")
    await talk.until_there_are(ReplyStarted)
    await talk.say(recording(SECOND))
    await talk.until_there_are(TranscriptFinal)
    facts = await talk.answered()
    assert [one.turn for one in facts_of(facts, ReplyInterrupted)] == [written]
    assert stale_starts(facts, at_of(facts, UtteranceStarted)) == []


async def test_a_cough_or_a_murmur_cuts_nothing(system: Stack) -> None:
    await side_by_side(system, *(partial(over_an_answer, sound=sound) for sound in ("a cough", "a murmur")))


async def over_an_answer(talk: Talk, sound: str) -> None:
    written = await talk.write("what is the weather")
    await talk.say(cough() if sound == "a cough" else recording("okay_rms"))
    if sound == "a murmur":
        await talk.until_there_are(TranscriptFinal)
    facts = await talk.answered(written)
    assert facts_of(facts, ReplyInterrupted) == []
    assert len(facts_of(facts, ReplyStarted)) == 1


async def test_of_three_messages_the_newest_is_answered_aloud(talk: Talk) -> None:
    turns = [await talk.write(text) for text in ("one", "two", "three")]
    facts = await talk.answered()
    aloud = {one.turn for one in facts_of(facts, PlaybackStarted)}
    assert [turn in aloud for turn in turns] == [False, False, True]


async def test_the_stop_button_stops_an_answer_that_is_thought_out(talk: Talk) -> None:
    written = await talk.write("what is the weather")
    await talk.peer.interrupt()
    asked = await talk.write("ask me")
    facts = await talk.answered(asked)
    assert [one.turn for one in facts_of(facts, ReplyInterrupted)] == [written]
    assert {one.turn for one in facts_of(facts, PlaybackStarted)} == {asked}


async def test_okay_over_the_end_of_a_question_is_answered_after_it(system: Stack) -> None:
    await side_by_side(system, *(partial(okay_over_the_end, left=left) for left in (0.9, 0.5, 0.1)))


async def okay_over_the_end(talk: Talk, left: float) -> None:
    asked = await talk.write("ask me")
    await say_before_the_end(talk, "okay_rms", left)
    await talk.until_there_are(TranscriptFinal)
    facts = await talk.answered()
    question, *answer = facts_of(facts, PlaybackFinished)
    assert question.turn == asked
    assert isinstance(question.body, PlaybackFinished)
    assert question.body.complete
    assert {one.turn for one in answer} == {facts_of(facts, TranscriptFinal)[-1].turn}


async def test_okay_over_a_statement_is_a_murmur(talk: Talk) -> None:
    told = await talk.write("tell me")
    await say_before_the_end(talk, "okay_rms", 0.9)
    await talk.until_there_are(TranscriptFinal)
    facts = await talk.answered(told)
    asked = await talk.write("ask me")
    facts = await talk.answered(asked)
    assert {one.turn for one in facts_of(facts, ReplyStarted)} == {told, asked}
    assert facts_of(facts, ReplyInterrupted) == []


async def test_a_phrase_right_after_the_voice_has_begun_is_heard_whole(talk: Talk) -> None:
    await talk.write("tell me")
    await talk.until_there_are(PlaybackStarted)
    await talk.say(recording(SECOND))
    await talk.until_there_are(TranscriptFinal)
    facts = await talk.answered()
    assert heard(facts) == "what is your name"


async def test_a_session_that_is_lost_in_mid_sentence_ends_what_it_was_playing(talk: Talk) -> None:
    await talk.write("tell me")
    await talk.until_there_are(PlaybackStarted)
    await talk.peer.close()
    await talk.until_there_are(SessionClosed)
    facts = await talk.facts(Body)
    begun = [one.body.speech for one in facts if isinstance(one.body, PlaybackStarted)]
    ended = [one.body.speech for one in facts if isinstance(one.body, PlaybackFinished)]
    assert begun == ended


async def say_before_the_end(talk: Talk, name: str, left: float) -> None:
    """Say something so that it begins so many seconds before the end of the sentence being played."""
    (speech,) = await talk.until_there_are(SpeechEnded)
    (started,) = await talk.until_there_are(PlaybackStarted)
    assert isinstance(speech.body, SpeechEnded)
    ends = started.at / 1e6 + speech.body.samples / SPEECH_RATE
    await asyncio.sleep(max(0.0, ends - left - clock.now() / 1e6))
    await talk.say(recording(name))


def heard(facts: list[Event]) -> str:
    return " ".join(one.body.text for one in facts if isinstance(one.body, TranscriptFinal)).lower().strip(" .?")


def facts_of(facts: list[Event], kind: type[Body]) -> list[Event]:
    return [one for one in facts if isinstance(one.body, kind)]


async def test_the_decisions_of_all_these_conversations_can_be_made_again(system: Stack) -> None:
    # The last one: it looks at what the tests above have left on the log.
    async with system.event_log() as event_log:
        conversations = await since(event_log, NOW)
        characters = fold_all(await event_log.character_facts())
        found = [
            one for name in conversations for one in verify(await event_log.facts(name), characters=characters)
        ]
    assert [one for one in found if one.outcome == "differs"] == []
    made = {kind for kind in DECISION_KINDS if any(one.kind == kind and one.outcome == "equal" for one in found)}
    assert made == set(DECISION_KINDS)
