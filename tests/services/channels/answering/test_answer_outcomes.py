"""Whatever becomes of a turn that came in through a channel, the person is told, once."""

from __future__ import annotations

import asyncio

import pytest

from bus.channel_events import TextContent, Unlinked
from bus.errors import VisavisError
from bus.events import (
    CommandRefused,
    ConversationOpened,
    ReplyFailed,
    ReplyInterrupted,
    UtteranceDiscarded,
)
from services.channels.answering.answers import Answers
from services.channels.answering.turn_answers import Patience
from tests.fakes import FakeReader
from tests.services.channels.answering.answered import contents, messages, recorded
from tests.services.channels.answering.turns import Facts, FakeLinks, QuietChannel, reply_of


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


async def test_an_answer_that_comes_too_late_is_sent_though_the_talk_goes_on_in_another_conversation_by_now() -> None:
    facts = Facts()
    facts.add(ConversationOpened(person="ann", character="ada"))
    message = facts.write()
    facts.start()
    facts.tell("Sorry, here I am.")
    ended = facts.end(at=message.at + 700_000_000)
    moved = FakeLinks().link(conversation="c2")
    assert contents(await messages(facts, ended, links=moved, patience=Patience())) == [("text", "Sorry, here I am.")]


async def test_a_recording_that_gave_way_is_told_of_though_the_talk_goes_on_in_another_conversation_by_now() -> None:
    facts = Facts()
    facts.add(ConversationOpened(person="ann", character="ada"))
    facts.record()
    facts.write("meanwhile", "t2")
    facts.reply("Meanwhile.", turn="t2", spoken=False)
    discarded = facts.add(UtteranceDiscarded(utterance="ut1", reason="lost"), cause="note-t1")
    found = await messages(facts, discarded, links=FakeLinks().link(conversation="c2"), patience=Patience())
    assert contents(found) == [("text", "I couldn't listen to your recording; please send it once more.")]


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
