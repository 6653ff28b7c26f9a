"""The channels service behind the real dialogue, voice and render services: the packets and pictures are there."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace

from bus import clock, subjects
from bus.channel_events import ReplyForm, VideoContent, VoiceContent
from bus.events import AudioOut, ConversationOpened, FrameBatch, ReplySentence
from bus.log.event_log import EventLog
from bus.settings import Settings
from bus.stamping import new_character_event
from services.channels.answering.answers import Answers, service
from services.dialogue.__main__ import build as build_dialogue
from services.render.__main__ import build as build_render
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.tts.__main__ import build as build_tts
from tests.services.channels.answering.test_answers_on_the_log import deliveries_until, queued
from tests.services.channels.answering.turns import Facts, FakeLinks, QuietChannel
from tests.services.test_speech_on_the_log import running


@pytest.mark.parametrize("form", ["same", "video"])
async def test_what_the_character_says_is_sent(event_log: EventLog, settings: Settings, form: ReplyForm) -> None:
    character, created = next(iter(BUILTIN_CHARACTERS.items()))
    await event_log.append_character(new_character_event(created, character=character))
    settings = replace(settings, dialogue_engine="companion", render_engine="layered")
    facts = Facts(clock.now())
    facts.add(ConversationOpened(person="ann", character=character), None)
    facts.record()
    facts.transcribe("What time is it?")
    async with AsyncExitStack() as stack:
        for built in (build_dialogue(settings), build_tts(settings), build_render(settings)):
            await stack.enter_async_context(running(event_log, built))
        answers = Answers([QuietChannel()], FakeLinks().link(form=form))
        await stack.enter_async_context(running(event_log, service(answers)))
        for _, event in facts.events[:-1]:
            await event_log.append(event)
        watched = subjects.watching("c")
        async with asyncio.timeout(20):
            while form == "video" and await event_log.last_live(watched) is None:
                await asyncio.sleep(0.05)
        await event_log.append(facts.events[-1][1])
        [answer] = await deliveries_until(event_log, lambda found: len(found) == 1)
    told = [one.body for _, one in await event_log.facts("c") if isinstance(one.body, ReplySentence)]
    content = queued(answer).content
    assert isinstance(content, VideoContent if form == "video" else VoiceContent)
    assert len(content.speeches) == len(told)
    assert content.text == " ".join(one.text for one in told)
    for speech in content.speeches:
        chunks = [one async for one in event_log.follow(AudioOut, subjects.audio_out("c", speech))]
        assert sum(len(one.packets) for one in chunks) > 10
        if form == "video":
            pictures = [one async for one in event_log.follow(FrameBatch, subjects.frames("c", speech))]
            assert sum(len(one.units) for one in pictures) > 5
