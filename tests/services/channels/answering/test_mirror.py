"""What is said elsewhere in a conversation is shown on the channels that are linked with it, and never doubled."""

from __future__ import annotations

from bus.channel_events import SenderReachable, TextContent
from bus.events import ReplyFailed, ReplyInterrupted, TranscriptFinal, UtteranceStarted
from services.channels.answering.answers import Answers
from services.channels.answering.turn_answers import Patience
from services.channels.channel import Capabilities
from services.channels.telegram.markup import telegram_html
from tests.fakes import FakeReader
from tests.services.channels.answering.answered import contents, messages
from tests.services.channels.answering.turns import Facts, FakeLinks, QuietChannel, reply_of

LONG = Patience()


async def test_a_turn_of_the_page_is_shown_with_its_reply() -> None:
    facts = Facts()
    facts.add(UtteranceStarted(utterance="ut1", session="s"))
    facts.transcribe("Wie geht's?", language="de")
    facts.start(language="de")
    facts.tell("Gut.", "Und dir?")
    ended = facts.end()
    [shown] = await messages(facts, ended, patience=LONG)
    assert shown.channel == "telegram"
    assert shown.body.content == TextContent(text="Du (Browser): Wie geht's?\n\nAda: Gut. Und dir?", markdown=True)
    assert (shown.body.chat, shown.body.silent, shown.body.reply_to) == ("7", True, "")


async def test_what_a_person_wrote_is_shown_as_it_is_and_is_no_markup() -> None:
    facts = Facts()
    facts.write("is 2*3*4 <b>or</b> [a](b) _so_?\n- a\n===\n\n    1. b https://c.de", channel="web")
    ended = facts.reply("It **is**.")
    (shown,) = contents(await messages(facts, ended, links=FakeLinks().link(), patience=LONG))
    words, reply = shown[1].rsplit("\n\n", 1)
    assert telegram_html(words) == (
        "You (browser): is 2*3*4 &lt;b&gt;or&lt;/b&gt; [a](b) _so_?\n- a\n===\n\n1. b https://c.de"
    )
    assert telegram_html(reply) == "Ada: It <b>is</b>."


async def test_nothing_is_read_where_no_channel_is_linked() -> None:
    facts = Facts()
    facts.write(channel="web")
    ended = facts.reply("Hello.")
    reader = FakeReader(facts.events)
    for links in (FakeLinks(), FakeLinks().link(conversation="another")):
        answers = Answers([QuietChannel()], links)
        assert [one async for one in answers(ended, reader)] == []
    assert reader.asked == []


async def test_a_turn_is_shown_on_the_other_channels_and_answered_on_its_own() -> None:
    facts = Facts()
    message = facts.write("hello", channel="whatsapp")
    ended = facts.reply("Hello, Ann.", spoken=False)
    links = FakeLinks().link("telegram").link("whatsapp")
    channels = [QuietChannel("telegram"), QuietChannel("whatsapp")]
    answer = await messages(facts, message, links=links, channels=channels)
    shown = await messages(facts, ended, links=links, channels=channels, patience=LONG)
    assert [(one.channel, *contents([one])) for one in answer] == [("whatsapp", ("text", "Hello, Ann."))]
    assert [(one.channel, *contents([one])) for one in shown] == [
        ("telegram", ("text", "You (WhatsApp): hello\n\nAda: Hello, Ann."))
    ]


async def test_where_it_is_not_wanted_or_not_possible_nothing_is_shown() -> None:
    facts = Facts()
    facts.write(channel="web")
    ended = facts.reply("Hello.")
    assert await messages(facts, ended, links=FakeLinks().link(mirror=False), patience=LONG) == []
    costly = QuietChannel(capabilities=Capabilities(mirrors=False))
    assert await messages(facts, ended, channels=[costly], patience=LONG) == []
    blocked = FakeLinks().link()
    blocked.apply("telegram", SenderReachable(reachable=False))
    assert await messages(facts, ended, links=blocked, patience=LONG) == []


async def test_an_old_turn_is_not_shown_when_a_service_comes_to_a_long_log() -> None:
    facts = Facts()
    facts.write(channel="web")
    ended = facts.reply("Hello.")
    assert await messages(facts, ended, patience=LONG, now=ended.at + 3_601_000_000) == []


async def test_words_that_were_overtaken_are_shown_with_the_answer() -> None:
    facts = Facts()
    facts.write("one", "t1", channel="web")
    facts.write("mine", "t2")
    facts.add(TranscriptFinal(utterance="ut3", text="mm-hm", language="en", confidence=1.0), "t3")
    facts.write("two", "t4", channel="web")
    ended = facts.reply("Both.", turn="t4")
    [shown] = await messages(facts, ended, patience=LONG)
    assert contents([shown]) == [("text", "You (browser): one\n\nYou (browser): two\n\nAda: Both.")]


async def test_of_an_interrupted_reply_the_heard_part_is_shown_once() -> None:
    facts = Facts()
    facts.write("hello", channel="web")
    facts.start()
    facts.tell("One.", "Two.")
    cut = facts.add(ReplyInterrupted(reply=reply_of("t1"), heard="One.", by="speech"))
    [shown] = await messages(facts, cut, patience=LONG)
    assert contents([shown]) == [("text", "You (browser): hello\n\nAda: One. …")]
    ended = facts.end()
    [again] = await messages(facts, ended, patience=LONG)
    assert again.delivery == shown.delivery


async def test_a_reply_that_failed_is_shown_with_its_notice() -> None:
    facts = Facts()
    facts.write("hello", channel="web")
    facts.start()
    facts.tell("I can't answer.", notice=True)
    failed = facts.add(ReplyFailed(reply=reply_of("t1"), code="x", detail="x"))
    assert contents(await messages(facts, failed, patience=LONG)) == [
        ("text", "You (browser): hello\n\nAda: I can't answer.")
    ]


async def test_a_long_turn_is_shown_in_parts() -> None:
    facts = Facts()
    facts.write("hello", channel="web")
    ended = facts.reply("a" * 40)
    channel = QuietChannel(capabilities=Capabilities(longest_text=50))
    found = await messages(facts, ended, channels=[channel], patience=LONG)
    assert contents(found) == [("text", "You (browser): hello"), ("text", "Ada: " + "a" * 40)]
    assert len({one.delivery for one in found}) == 2


async def test_what_was_shown_before_is_not_shown_again() -> None:
    facts = Facts()
    facts.write("zero", "t0", channel="web")
    facts.write("one", "t1", channel="web")
    facts.reply("First.", turn="t1")
    facts.write("two", "t2", channel="web")
    ended = facts.reply("Second.", turn="t2")
    assert contents(await messages(facts, ended, patience=LONG)) == [("text", "You (browser): two\n\nAda: Second.")]
