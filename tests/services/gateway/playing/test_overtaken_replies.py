"""What a person says, writes or presses before the voice of an answer has begun: nothing stale is played."""

from __future__ import annotations

import asyncio

import pytest

from bus.events import (
    Body,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplyStarted,
    SessionClosed,
    SessionOpened,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceStarted,
)
from bus.ids import reply_id
from tests.services.gateway.conftest import Running
from tests.services.gateway.playing.test_session import connected, events_of, reply, speech


def transcript(text: str) -> TranscriptFinal:
    return TranscriptFinal(utterance="u1", text=text, language="en", confidence=0.9)


async def session_of(gateway: Running, conversation: str) -> str:
    (opened,) = await events_of(gateway, conversation, SessionOpened)
    assert isinstance(opened.body, SessionOpened)
    return opened.body.session


async def write(gateway: Running, conversation: str, text: str) -> str:
    answer = await gateway.client.post(f"/api/conversations/{conversation}/messages", json={"text": text})
    return str(answer.json()["turn"])


async def interrupt(gateway: Running, conversation: str) -> None:
    assert (await gateway.client.post(f"/api/conversations/{conversation}/interrupt")).status_code == 204


async def is_played_nothing_of(gateway: Running, conversation: str, *speeches: str) -> bool:
    """After another reply has been played, whether nothing of these speeches was."""
    await gateway.record(conversation, "t9", ReplyStarted(reply="r9", character="ada", engine="e"))
    last = SpeechStarted(speech="last", reply="r9", index=0, character="ada", voice="v", engine="e")
    await gateway.speak(conversation, "t9", last, 0.5)
    finished = await events_of(gateway, conversation, PlaybackFinished)
    started = await events_of(gateway, conversation, PlaybackStarted)
    played = [one.body.speech for one in started + finished if isinstance(one.body, PlaybackStarted | PlaybackFinished)]
    return "last" in played and not set(played) & set(speeches)


@pytest.mark.parametrize("begun", ["thought out", "written", "ended"])
async def test_words_over_an_answer_without_a_voice_yet_interrupt_it(gateway: Running, begun: str) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation):
        session = await session_of(gateway, conversation)
        turn = await write(gateway, conversation, "what time is it")
        facts = reply("Stale.")[: 1 if begun == "thought out" else 2]
        await gateway.record(conversation, turn, *facts)
        if begun == "ended":
            await gateway.record(conversation, turn, ReplyEnded(reply="r1", sentences=1))
        await gateway.record(conversation, "t2", UtteranceStarted(utterance="u1", session=session))
        await gateway.record(conversation, "t2", transcript("what is your name"))
        (cut,) = await events_of(gateway, conversation, ReplyInterrupted)
        assert isinstance(cut.body, ReplyInterrupted)
        assert (cut.turn, cut.body.reply, cut.body.heard, cut.body.by) == (turn, "r1", "", "speech")
        await gateway.speak(conversation, turn, speech("s1"), 0.5)  # it was on its way
        assert await is_played_nothing_of(gateway, conversation, "s1")


@pytest.mark.parametrize("over", ["mm-hm", ""])
async def test_a_murmur_or_a_cough_over_an_answer_without_a_voice_cuts_nothing(gateway: Running, over: str) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation):
        session = await session_of(gateway, conversation)
        turn = await write(gateway, conversation, "what time is it")
        await gateway.record(conversation, turn, *reply("It is noon."))
        await gateway.record(conversation, "t2", UtteranceStarted(utterance="u1", session=session))
        end: Body = transcript(over) if over else UtteranceDiscarded(utterance="u1", reason="no_words")
        await gateway.record(conversation, "t2", end)
        await gateway.speak(conversation, turn, speech("s1"), 0.5)
        (finished,) = await events_of(gateway, conversation, PlaybackFinished)
    assert isinstance(finished.body, PlaybackFinished)
    assert finished.body.complete
    assert not [one for _, one in await gateway.event_log.facts(conversation) if isinstance(one.body, ReplyInterrupted)]


async def test_a_message_interrupts_an_answer_whose_voice_has_not_begun(gateway: Running) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation):
        turn = await write(gateway, conversation, "one")
        await gateway.record(conversation, turn, *reply("Stale."), ReplyEnded(reply="r1", sentences=1))
        await write(gateway, conversation, "two")
        (cut,) = await events_of(gateway, conversation, ReplyInterrupted)
        assert isinstance(cut.body, ReplyInterrupted)
        assert (cut.turn, cut.body.by) == (turn, "message")
        await gateway.speak(conversation, turn, speech("s1"), 0.5)
        assert await is_played_nothing_of(gateway, conversation, "s1")


async def test_a_reply_that_begins_after_newer_words_is_interrupted(gateway: Running) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation):
        first = await write(gateway, conversation, "one")
        second = await write(gateway, conversation, "two")
        await gateway.record(conversation, second, ReplyStarted(reply="r2", character="ada", engine="e"))
        await gateway.record(conversation, first, *reply("Stale."))
        (cut,) = await events_of(gateway, conversation, ReplyInterrupted)
    assert cut.turn == first


@pytest.mark.parametrize("begun", [False, True])
async def test_the_stop_button_stops_an_answer_before_and_after_its_text_has_begun(
    gateway: Running, begun: bool
) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation):
        turn = await write(gateway, conversation, "one")
        (message,) = await events_of(gateway, conversation, MessageReceived)
        id_ = reply_id(message.id)
        if begun:
            await gateway.record(conversation, turn, ReplyStarted(reply=id_, character="ada", engine="e"))
        await interrupt(gateway, conversation)
        await interrupt(gateway, conversation)
        (cut,) = await events_of(gateway, conversation, ReplyInterrupted)
    assert isinstance(cut.body, ReplyInterrupted)
    assert (cut.turn, cut.body.reply, cut.body.by) == (turn, id_, "button")


async def test_an_answer_that_is_over_or_has_no_sound_is_not_interrupted(gateway: Running) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation):
        turn = await write(gateway, conversation, "one")
        await gateway.record(conversation, turn, *reply("Heard.", "`code`"), ReplyEnded(reply="r1", sentences=2))
        await gateway.speak(conversation, turn, speech("s1"), 0.5)
        await gateway.record(conversation, turn, speech("s2", 1))
        silent = SpeechEnded(speech="s2", reply="r1", index=1, samples=0, visemes=())
        await gateway.record(conversation, turn, silent)
        await events_of(gateway, conversation, PlaybackFinished)
        await write(gateway, conversation, "two")
    assert not [one for _, one in await gateway.event_log.facts(conversation) if isinstance(one.body, ReplyInterrupted)]


async def test_a_session_that_ends_ends_what_it_was_playing_and_the_next_one_plays_it_again(gateway: Running) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation) as peer:
        turn = await write(gateway, conversation, "one")
        await gateway.record(conversation, turn, *reply("Long."), ReplyEnded(reply="r1", sentences=1))
        await gateway.speak(conversation, turn, speech("s1"), 3.0)
        await events_of(gateway, conversation, PlaybackStarted)
        await asyncio.sleep(0.3)
        assert (await gateway.client.delete(peer.location)).status_code == 204
        await events_of(gateway, conversation, SessionClosed)
        (cut,) = await events_of(gateway, conversation, PlaybackFinished)
    async with connected(gateway, conversation):
        finished = await events_of(gateway, conversation, PlaybackFinished, 2)
    assert isinstance(cut.body, PlaybackFinished)
    assert not cut.body.complete
    assert isinstance(finished[1].body, PlaybackFinished)
    assert (finished[1].body.speech, finished[1].body.complete) == ("s1", True)
