"""Overlapping speech, messages and the stop button in the whole system, with a model that is silent for a while."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from bench.peer import Peer
from bus import clock
from bus.events import (
    Body,
    Event,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplyStarted,
    SpeechEnded,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.log.event_log import EventLog
from services.audio import Samples, resample
from tests import voices
from tests.e2e.stack import Stack

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


@asynccontextmanager
async def model() -> AsyncIterator[str]:
    """A model server; gives its URL. It answers "ask me" with a question, "tell me" with a statement."""

    async def chat(request: web.Request) -> web.StreamResponse:
        words = (await request.json())["messages"][-1]["content"]
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        told = {"ask me": QUESTION, "tell me": STATEMENT}.get(words)
        if told is None:
            await asyncio.sleep(SILENCE)
            told = f"You said {words}. One more sentence. And a third one. And the last one."
        piece = {"choices": [{"delta": {"content": told}, "finish_reason": "stop"}]}
        await response.write(f"data: {json.dumps(piece)}\n\ndata: [DONE]\n\n".encode())
        return response

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "scripted"}]})

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", chat), web.get("/v1/models", models)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


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

    async def answered(self) -> list[Event]:
        """Wait until the answer to the newest words has been played; returns all facts."""

        def over(facts: list[Event]) -> bool:
            words = [one for one in facts if isinstance(one.body, MessageReceived | TranscriptFinal)]
            ended = {one.body.reply: one.body.sentences for one in facts if isinstance(one.body, ReplyEnded)}
            played = [one.body.reply for one in facts if isinstance(one.body, PlaybackFinished)]
            mine = [one.body.reply for one in facts if isinstance(one.body, ReplyStarted) and one.turn == words[-1].turn]
            return any(reply in ended and played.count(reply) == ended[reply] for reply in mine)

        return await self.until(over)


@asynccontextmanager
async def talking(folder: Path, **settings: str) -> AsyncIterator[Talk]:
    async with model() as url:
        stack = Stack(folder, VISAVIS_LLM_URL=url, VISAVIS_LLM_KEY="", VISAVIS_LLM_AHEAD="off", **settings)
        try:
            await asyncio.to_thread(stack.start)
            peer = Peer(stack.url)
            await peer.connect()
            try:
                async with stack.event_log() as event_log:
                    yield Talk(peer, event_log)
            finally:
                await peer.close()
        finally:
            await asyncio.to_thread(stack.close)


def at_of(facts: list[Event], kind: type[Body], place: int = -1) -> int:
    return [one.at for one in facts if isinstance(one.body, kind)][place]


def stale_starts(facts: list[Event], since: int) -> list[Event]:
    """The sentences that began to play after this time and are not of the newest answer."""
    newest = [one.turn for one in facts if isinstance(one.body, ReplyStarted)][-1]
    return [one for one in facts if isinstance(one.body, PlaybackStarted) and one.at > since and one.turn != newest]


@pytest.mark.parametrize("pause", [0.3, 0.7, 1.2])
async def test_a_second_phrase_while_the_first_answer_is_thought_out(tmp_path: Path, pause: float) -> None:
    async with talking(tmp_path) as talk:
        await talk.say(recording(FIRST))
        await asyncio.sleep(pause)
        await talk.say(recording(SECOND))
        await talk.until_there_are(UtteranceEnded)
        facts = await talk.answered()
        began = at_of(facts, UtteranceStarted)
        heard = " ".join(one.body.text for one in facts if isinstance(one.body, TranscriptFinal))
        answers = {one.turn for one in facts if isinstance(one.body, PlaybackStarted)}
        assert "time" in heard
        assert "name" in heard
        assert stale_starts(facts, began) == []
        assert len(answers) == 1


async def test_one_conversation_of_overlaps(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        # A spoken question after a written one, which is still thought about.
        await talk.peer.write("what is the weather")
        await talk.until_there_are(ReplyStarted)
        await talk.say(recording(SECOND))
        facts = await talk.answered()
        (cut,) = [one for one in facts if isinstance(one.body, ReplyInterrupted)]
        assert cut.turn == facts_of(facts, MessageReceived)[0].turn
        assert stale_starts(facts, at_of(facts, UtteranceStarted)) == []

        # A cough, and a murmur, while an answer is thought about: it goes on.
        interruptions = len(await talk.facts(ReplyInterrupted))
        await talk.peer.write("what is the weather")
        await talk.say(cough())
        await talk.say(recording("okay_rms"))
        await talk.answered()
        assert len(await talk.facts(ReplyInterrupted)) == interruptions

        # The newest of three messages is the one that is answered aloud.
        for text in ("one", "two", "three"):
            await talk.peer.write(text)
        facts = await talk.answered()
        aloud = {one.turn for one in facts if isinstance(one.body, PlaybackStarted)}
        turns = [one.turn for one in facts_of(facts, MessageReceived)][-3:]
        assert [turn in aloud for turn in turns] == [False, False, True]

        # The stop button before the first word.
        await talk.peer.write("what is the weather")
        await talk.peer.interrupt()
        await talk.until_there_are(ReplyInterrupted, len(await talk.facts(ReplyInterrupted)))
        stopped = (await talk.facts(MessageReceived))[-1].turn
        assert (await talk.facts(ReplyInterrupted))[-1].turn == stopped


@pytest.mark.parametrize("left", [0.9, 0.5, 0.1])
async def test_okay_over_the_end_of_a_question_is_answered_after_it(tmp_path: Path, left: float) -> None:
    async with talking(tmp_path) as talk:
        await talk.peer.write("ask me")
        await say_before_the_end(talk, "okay_rms", left)
        facts = await talk.answered()
        question = facts_of(facts, PlaybackFinished)[0].body
        answer = [one for one in facts_of(facts, PlaybackStarted) if one.turn == facts_of(facts, TranscriptFinal)[-1].turn]
        assert isinstance(question, PlaybackFinished)
        assert question.complete
        assert answer
        assert facts_of(facts, PlaybackFinished)[0].at < answer[0].at


async def test_okay_over_a_statement_is_a_murmur(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.peer.write("tell me")
        await say_before_the_end(talk, "okay_rms", 0.9)
        await talk.until_there_are(TranscriptFinal)
        (finished,) = await talk.until_there_are(PlaybackFinished)
        assert isinstance(finished.body, PlaybackFinished)
        assert finished.body.complete
        await talk.peer.write("ask me")
        facts = await talk.answered()
        assert len(facts_of(facts, ReplyStarted)) == 2


async def say_before_the_end(talk: Talk, name: str, left: float) -> None:
    """Say something so that it begins so many seconds before the end of the sentence being played."""
    await talk.until_there_are(SpeechEnded)
    (started,) = await talk.until_there_are(PlaybackStarted)
    (speech,) = await talk.facts(SpeechEnded)
    assert isinstance(speech.body, SpeechEnded)
    ends = started.at / 1e6 + speech.body.samples / 48_000
    await asyncio.sleep(max(0.0, ends - left - clock.now() / 1e6))
    await talk.say(recording(name))


def facts_of(facts: list[Event], kind: type[Body]) -> list[Event]:
    return [one for one in facts if isinstance(one.body, kind)]
