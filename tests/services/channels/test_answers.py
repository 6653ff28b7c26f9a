"""A turn that came in through a channel is answered there, in the form that the person chose, and never by silence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from bus.channel_events import ReplyForm, TextContent, Unlinked, VideoContent, VoiceContent
from bus.errors import VisavisError
from bus.events import (
    AudioOut,
    CharacterCreated,
    CommandRefused,
    Event,
    FramesEnded,
    FramesFailed,
    Media,
    ReplyFailed,
    ReplyInterrupted,
    UtteranceDiscarded,
    Watching,
)
from bus.work.service import DeliveryOutput, Output
from services.channels.answers import Answers
from services.channels.channel import Capabilities
from services.channels.turn_answers import Patience
from tests.fakes import FakeReader
from tests.services.channels.turns import Facts, FakeLinks, QuietChannel, reply_of

SHORT = Patience(answer=0.2, at_least=0.2, speech=0.2, frames=0.2)
ADA = CharacterCreated(name="Ada", tagline="", personality="", greeting="", look="", voice="")


async def outputs_of(
    facts: Facts,
    event: Event,
    *,
    links: FakeLinks | None = None,
    channels: Sequence[QuietChannel] = (),
    patience: Patience = SHORT,
    now: int = 0,
    media: Mapping[str, Sequence[Media]] | None = None,
) -> list[Output]:
    answers = Answers(
        channels or [QuietChannel()], links or FakeLinks().link(), public_url="https://home.example/",
        patience=patience, now=lambda: now or event.at,
    )  # fmt: skip
    reader = FakeReader(facts.events, characters={"ada": ADA}, media=media)
    async with asyncio.timeout(10):
        return [output async for output in answers(event, reader)]


async def messages(facts: Facts, event: Event, form: ReplyForm = "same", **options: object) -> list[DeliveryOutput]:
    links = options.pop("links", None) or FakeLinks().link(form=form)
    found = await outputs_of(facts, event, links=links, **options)  # type: ignore[arg-type]
    return [one for one in found if isinstance(one, DeliveryOutput)]


def contents(found: Sequence[DeliveryOutput]) -> list[tuple[str, str]]:
    """The kind and the text of each message."""
    kinds = {TextContent: "text", VoiceContent: "voice", VideoContent: "video"}
    return [(kinds[type(one.body.content)], one.body.content.text) for one in found]


def recorded() -> tuple[Facts, Event]:
    """A voice note with a reply of two sentences, spoken."""
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.reply("Hello, Ann.", "How are you?")
    return facts, note


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


async def test_what_could_not_be_heard_is_told_in_the_persons_language() -> None:
    facts = Facts()
    facts.write("Hallo", "t0", channel="web")
    facts.start("t0", "de")
    facts.end("t0")
    note = facts.record()
    facts.add(UtteranceDiscarded(utterance="ut1", reason="no_words"), cause="note-t1")
    [told] = await messages(facts, note)
    assert told.body.content == TextContent(text="Ich habe darin keine Worte verstanden; bitte sag es noch einmal.")


async def test_the_words_of_who_refused_the_recording_are_told() -> None:
    facts = Facts()
    note = facts.record()
    facts.add(UtteranceDiscarded(utterance="ut1", reason="too_long", detail="Five minutes at the most."))
    assert contents(await messages(facts, note)) == [("text", "Five minutes at the most.")]


async def test_of_a_reply_that_broke_off_only_the_notice_is_sent() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.start()
    facts.tell("Well,")
    facts.tell("I can't go on.", notice=True)
    facts.add(ReplyFailed(reply=reply_of("t1"), code="x", detail="x"), cause="words-t1")
    facts.speak(0, 1)
    assert contents(await messages(facts, note)) == [("voice", "I can't go on.")]


async def test_a_reply_that_failed_without_a_word_is_told() -> None:
    facts = Facts()
    message = facts.write()
    facts.add(ReplyFailed(reply=reply_of("t1"), code="x", detail="x"), cause="words-t1")
    found = contents(await messages(facts, message))
    assert found == [("text", "I can't answer right now, because something went wrong.")]


@pytest.mark.parametrize("after_the_text", [False, True])
async def test_an_interrupted_reply_is_not_sent(after_the_text: bool) -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.start()
    facts.tell("Hello, Ann.")
    if after_the_text:
        facts.end()
    facts.add(ReplyInterrupted(reply=reply_of("t1"), heard="", by="message"))
    facts.speak(0)
    assert await messages(facts, note, patience=Patience()) == []


async def test_words_that_newer_ones_overtook_get_no_answer_of_their_own() -> None:
    facts = Facts()
    first = facts.write("one", "t1")
    second = facts.write("two", "t2")
    facts.reply("Both.", turn="t2", spoken=False)
    assert await messages(facts, first, patience=Patience()) == []
    assert contents(await messages(facts, second)) == [("text", "Both.")]


async def test_newer_words_do_not_keep_a_reply_back_that_had_begun() -> None:
    facts = Facts()
    first = facts.write("one", "t1")
    facts.start("t1")
    facts.write("two", "t2")
    facts.tell("One.", turn="t1")
    facts.end("t1")
    facts.reply("Two.", turn="t2", spoken=False)
    assert contents(await messages(facts, first)) == [("text", "One.")]


async def test_words_from_before_the_transcript_do_not_overtake_it() -> None:
    facts = Facts()
    note = facts.record()
    facts.write("meanwhile", "t2", channel="web")
    facts.transcribe()
    facts.reply("Meanwhile.", turn="t2", spoken=False)
    facts.reply("Hello, Ann.")
    assert contents(await messages(facts, note)) == [("voice", "Hello, Ann.")]


async def test_a_recording_that_is_not_transcribed_holds_up_no_newer_words() -> None:
    facts = Facts()
    note = facts.record()
    message = facts.write("meanwhile", "t2")
    other = facts.reply("Meanwhile.", turn="t2", spoken=False)
    facts.transcribe()
    ended = facts.reply("Hello, Ann.")
    assert await messages(facts, note, patience=Patience()) == []
    assert contents(await messages(facts, message)) == [("text", "Meanwhile.")]
    assert await messages(facts, other, patience=Patience()) == []
    links = FakeLinks().link(echo=True)
    assert contents(await messages(facts, ended, links=links, patience=Patience())) == [
        ("text", "“hello”"),
        ("voice", "Hello, Ann."),
    ]


async def test_a_recording_that_gave_way_and_was_discarded_is_told_of() -> None:
    facts = Facts()
    note = facts.record()
    facts.write("meanwhile", "t2")
    facts.reply("Meanwhile.", turn="t2", spoken=False)
    discarded = facts.add(UtteranceDiscarded(utterance="ut1", reason="lost"), cause="note-t1")
    assert await messages(facts, note, patience=Patience()) == []
    found = await messages(facts, discarded, patience=Patience())
    assert contents(found) == [("text", "I couldn't listen to your recording; please send it once more.")]


async def test_a_discarded_recording_is_told_of_once() -> None:
    facts = Facts()
    note = facts.record()
    discarded = facts.add(UtteranceDiscarded(utterance="ut1", reason="lost"), cause="note-t1")
    assert len(await messages(facts, note, patience=Patience())) == 1
    assert await messages(facts, discarded, patience=Patience()) == []


async def test_the_reply_to_a_command_is_an_answer() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe("slower")
    facts.command("slower")
    facts.reply("I will speak more slowly.")
    assert contents(await messages(facts, note)) == [("voice", "I will speak more slowly.")]


async def test_a_refused_command_is_answered() -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe("stop")
    facts.add(CommandRefused(name="stop", code="limit_reached", detail="no"), cause="words-t1")
    facts.reply("No.")
    assert contents(await messages(facts, note)) == [("voice", "No.")]


@pytest.mark.parametrize(("name", "told"), [("stop", [("text", "All right.")]), ("new_conversation", [])])
async def test_a_command_without_a_reply_keeps_nobody_waiting(name: str, told: list[tuple[str, str]]) -> None:
    facts = Facts()
    note = facts.record()
    facts.transcribe(name)
    facts.command(name)
    assert contents(await messages(facts, note, patience=Patience())) == told


async def test_where_no_answer_comes_the_person_is_told() -> None:
    facts = Facts()
    message = facts.write()
    [told] = await messages(facts, message)
    assert told.body.content == TextContent(text="I have no answer yet. It will come here as soon as there is one.")


async def test_an_answer_that_comes_too_late_is_sent_once_by_its_own_end() -> None:
    facts = Facts()
    message = facts.write()
    facts.start()
    facts.tell("Sorry, here I am.")
    ended = facts.end(at=message.at + 700_000_000)
    assert await messages(facts, message, patience=Patience()) == []
    assert contents(await messages(facts, ended, patience=Patience())) == [("text", "Sorry, here I am.")]


async def test_the_end_of_a_reply_in_time_sends_nothing_more() -> None:
    facts = Facts()
    facts.write()
    ended = facts.reply("Hello, Ann.", spoken=False)
    assert await messages(facts, ended, patience=Patience()) == []


async def test_a_reply_that_is_continued_after_it_failed_is_sent_with_its_end() -> None:
    facts = Facts()
    message = facts.write()
    facts.start()
    facts.tell("I can't answer.", notice=True)
    facts.add(ReplyFailed(reply=reply_of("t1"), code="x", detail="x"), cause="words-t1")
    facts.tell("Now I can.")
    ended = facts.end()
    notice = await messages(facts, message, patience=Patience())
    answer = await messages(facts, ended, patience=Patience())
    assert contents(notice) == [("text", "I can't answer.")]
    assert contents(answer) == [("text", "Now I can.")]
    assert notice[0].delivery != answer[0].delivery


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


async def test_nothing_goes_on_after_an_answer() -> None:
    before = asyncio.all_tasks()
    facts, note = recorded()
    await messages(facts, note)
    assert asyncio.all_tasks() == before


async def test_nothing_goes_on_after_a_handler_that_was_stopped() -> None:
    before = asyncio.all_tasks()
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    answers = Answers([QuietChannel()], FakeLinks().link(echo=True), now=lambda: note.at)
    outputs = answers(note, FakeReader(facts.events))
    await anext(aiter(outputs))
    await outputs.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == before


async def test_who_is_no_longer_linked_gets_nothing() -> None:
    facts, note = recorded()
    links = FakeLinks().link()
    links.apply("telegram", Unlinked(by="page"))
    assert await messages(facts, note, links=links) == []


async def test_a_failure_for_good_is_told() -> None:
    facts, note = recorded()
    answers = Answers([QuietChannel()], FakeLinks().link())
    [told] = answers.failure_messages(note, VisavisError("broken"))
    assert contents([told]) == [("text", "Something went wrong on the way, so I can't send you the answer here.")]
    assert list(answers.failure_messages(facts.events[-1][1], VisavisError("broken"))) == []


async def test_an_empty_message_is_answered_by_nobody() -> None:
    facts = Facts()
    message = facts.write("  ")
    assert await messages(facts, message, patience=Patience()) == []


async def test_a_message_of_the_page_is_not_answered_here() -> None:
    facts = Facts()
    message = facts.write(channel="web")
    facts.reply("Hello.")
    assert await messages(facts, message, patience=Patience()) == []
