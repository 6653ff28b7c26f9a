"""A turn that came in through a channel is answered there, in the form that the person chose."""

from __future__ import annotations

import pytest

from bus.channel_events import ReplyForm, TextContent, VoiceContent
from bus.events import (
    AudioOut,
    FramesEnded,
    FramesFailed,
    Watching,
)
from bus.work.service import DeliveryOutput
from services.channels.answering.answers import Answers
from services.channels.answering.turn_answers import Patience
from services.channels.channel import Capabilities
from tests.fakes import FakeReader
from tests.services.channels.answering.answered import contents, messages, outputs_of, recorded
from tests.services.channels.answering.turns import Facts, FakeLinks, QuietChannel


async def test_a_recording_is_answered_by_one_voice_note() -> None:
    facts, note = recorded()
    [answer] = await messages(facts, note)
    body = answer.body
    assert answer.channel == "telegram"
    assert body.content == VoiceContent(speeches=("s0", "s1"), text="Hello, Ann. How are you?")
    assert (body.account, body.chat, body.reply_to) == ("bot", "7", "m-t1")
    assert (body.conversation, body.turn, body.silent) == ("c", "t1", False)
    assert body.link == "https://home.example/?conversation=c"


async def test_a_text_is_answered_by_a_text_which_waits_for_no_voice() -> None:
    facts = Facts()
    message = facts.write()
    facts.reply("Hello, **Ann**.", "How are you?", spoken=False)
    [answer] = await messages(facts, message, patience=Patience())
    assert answer.body.content == TextContent(text="Hello, **Ann**. How are you?", markdown=True)


@pytest.mark.parametrize(
    ("form", "kinds"),
    [
        ("same", ["voice"]),
        ("voice", ["voice"]),
        ("text", ["text"]),
        ("both", ["voice", "text"]),
        ("video", ["video"]),
    ],
)
async def test_the_person_chooses_the_form(form: ReplyForm, kinds: list[str]) -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.start()
    facts.tell("Hello, Ann.")
    facts.end()
    facts.speak(0, frames=50)
    found = contents(await messages(facts, note, form))
    assert found == [(kind, "Hello, Ann.") for kind in kinds]


async def test_a_repeat_makes_the_same_messages() -> None:
    facts, note = recorded()
    first = await messages(facts, note, "both")
    assert first == await messages(facts, note, "both")
    assert len({one.delivery for one in first}) == 2


async def test_what_a_worker_queued_before_it_died_is_gone_on_with_in_the_same_form() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.start()
    facts.tell("Look at this.")
    facts.tell("```\nprint(1)\n```", spoken_text="")
    facts.end()
    text = await messages(facts, note)
    facts.speak(0, frames=50)  # now there is a voice
    voice = await messages(facts, note)
    video = await messages(facts, note, "video")
    assert [one[0] for one in contents(text)] == ["text"]
    assert [one[0] for one in contents(voice)] == ["voice", "text"]
    assert [one[0] for one in contents(video)] == ["video", "text"]
    for begun in (text, voice, video):
        assert await messages(facts, note, queued=begun[:1]) == begun


async def test_where_the_channel_has_no_voice_it_is_a_text() -> None:
    facts, note = recorded()
    channel = QuietChannel(capabilities=Capabilities(voice=False))
    assert contents(await messages(facts, note, "voice", channels=[channel])) == [("text", "Hello, Ann. How are you?")]


async def test_where_the_channel_has_no_video_it_is_a_voice_note() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.start()
    facts.tell("Hello, Ann.")
    facts.end()
    facts.speak(0, frames=50)
    channel = QuietChannel(capabilities=Capabilities(video=False))
    assert contents(await messages(facts, note, "video", channels=[channel])) == [("voice", "Hello, Ann.")]


async def test_where_no_voice_comes_it_is_a_text() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.reply("Hello, Ann.", "How are you?", spoken=False)
    facts.speak(0)
    assert contents(await messages(facts, note)) == [("text", "Hello, Ann. How are you?")]


async def test_where_every_speech_failed_it_is_a_text() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.reply("Hello, Ann.", spoken=False)
    facts.fail_to_speak(0)
    found = await messages(facts, note, patience=Patience())
    assert contents(found) == [("text", "Hello, Ann.")]


async def test_where_one_speech_failed_the_text_comes_beside_the_voice() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.reply("Hello, Ann.", "How are you?", spoken=False)
    facts.fail_to_speak(0)
    facts.speak(1)
    found = await messages(facts, note, patience=Patience())
    assert contents(found) == [("voice", "How are you?"), ("text", "Hello, Ann. How are you?")]


async def test_a_conversation_without_a_voice_is_answered_by_text() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.start()
    facts.tell("I only write.", spoken=False)
    facts.end()
    facts.speak(0, seconds=0)
    assert contents(await messages(facts, note)) == [("text", "I only write.")]


async def test_what_is_only_shown_comes_beside_the_voice_note() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.start()
    facts.tell("Read [the page](https://a.example/b_(c)).", spoken_text="Read the page.")
    facts.tell("```\nls\n```", spoken=False, spoken_text="", space_before="\n\n")
    facts.end()
    facts.speak(0)
    found = await messages(facts, note, patience=Patience())
    assert contents(found) == [("voice", "Read the page."), ("text", "```\nls\n```\n\nhttps://a.example/b_(c)")]


async def test_a_long_answer_is_cut_into_voice_notes_between_sentences() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.start()
    facts.tell("One.", "Two.", "Three.", "Four.")
    facts.end()
    facts.speak(0, 1, 2, 3, seconds=100)
    media = {
        f"audio.c.out.s{index}": [
            AudioOut(conversation="c", speech=f"s{index}", index=0, sample=0, packets=(bytes(90),) * 5000, final=True)
        ]
        for index in range(4)
    }
    found = await messages(facts, note, media=media)
    speeches = [one.body.content.speeches for one in found if isinstance(one.body.content, VoiceContent)]
    assert speeches == [("s0", "s1"), ("s2", "s3")]  # 460 kB each
    assert [one.body.content.text for one in found] == ["One. Two.", "Three. Four."]
    assert len({one.delivery for one in found}) == 2
    assert [one.body.reply_to for one in found] == ["m-t1", ""]


async def test_a_long_text_is_cut_between_sentences() -> None:
    facts = Facts()
    message = facts.write()
    facts.reply("a" * 30, "b" * 30, "c" * 30, spoken=False)
    channel = QuietChannel(capabilities=Capabilities(longest_text=70))
    found = contents(await messages(facts, message, channels=[channel]))
    assert found == [("text", "a" * 30 + " " + "b" * 30), ("text", "c" * 30)]


async def test_the_transcript_is_echoed_before_the_answer_where_it_is_wanted() -> None:
    facts, note = recorded()
    echo, answer = await messages(facts, note, links=FakeLinks().link(echo=True))
    assert echo.body.content == TextContent(text="“hello”")
    assert (echo.body.silent, echo.body.reply_to) == (True, "m-t1")
    assert isinstance(answer.body.content, VoiceContent)


async def test_an_echo_does_not_wait_for_the_answer() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe("what is that")
    answers = Answers([QuietChannel()], FakeLinks().link(echo=True), now=lambda: note.at)
    first = await anext(aiter(answers(note, FakeReader(facts.events))))
    assert isinstance(first, DeliveryOutput)
    assert first.body.content == TextContent(text="“what is that”")


@pytest.mark.parametrize("pictures", ["failed", "missing", "none"])
async def test_a_video_without_pictures_becomes_a_voice_note(pictures: str) -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.reply("Hello, Ann.")
    if pictures == "failed":
        facts.add(FramesFailed(speech="s0", code="x", detail="x"))
    elif pictures == "none":
        facts.add(FramesEnded(speech="s0", frames=0))
    assert contents(await messages(facts, note, "video")) == [("voice", "Hello, Ann.")]


async def test_who_waits_for_a_video_is_watching() -> None:
    facts = Facts()
    note = facts.record()
    outputs = await outputs_of(facts, note, links=FakeLinks().link(form="video"))
    watching = [one for one in outputs if isinstance(one, Watching)]
    assert watching
    assert len({one.session for one in watching}) == 1
    assert isinstance(outputs[0], Watching)


@pytest.mark.parametrize(
    ("form", "activity"), [("text", "typing"), ("same", "recording"), ("video", "recording_video")]
)
async def test_the_person_sees_that_an_answer_is_made(form: ReplyForm, activity: str) -> None:
    facts = Facts()
    note = facts.record()
    channel = QuietChannel(capabilities=Capabilities(video=True, activity_every=0.01))
    channel.broken = True
    await messages(facts, note, form, channels=[channel])
    assert len(channel.shown) > 2
    assert set(channel.shown) == {("7", activity, "m-t1")}
