"""What the sender does on a real log: order, waits, refusals, dead letters."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from bus import clock
from bus.channel_events import (
    DeliveryQueued,
    DeliveryRetried,
    TextContent,
    VideoContent,
)
from bus.errors import EngineError, NotFound
from bus.log.dead_letters import Requeuer
from bus.log.event_log import EventLog
from bus.process.metrics import Metrics
from bus.work.stream_worker import StreamItem
from projections.deliveries import REQUEUED
from projections.people_reader import PeopleReader
from services.channels.channel import Capabilities, NotSent, Refused
from services.channels.sending.patience import Patience
from services.channels.sending.sender import Sender
from tests.conftest import NatsServer
from tests.services.channels.sending.sending import (
    QUICK,
    TEXT,
    VOICE,
    FakeChannel,
    Note,
    bodies,
    counted,
    letters,
    link_chat,
    make_note,
    queue,
    queued,
    sending,
    state,
    steps_of,
    wait_for,
    wait_until_done,
)


async def test_a_text_is_sent_and_a_voice_note_is_uploaded_before(event_log: EventLog) -> None:
    channel, metrics = FakeChannel(), Metrics("sender")
    await queue(event_log, "text", queued(TextContent(text="*hello*", markdown=True)))
    await queue(event_log, "voice", queued(VOICE))
    async with sending(event_log, channel, metrics=metrics):
        await wait_until_done(event_log)
    assert await steps_of(event_log, "text") == ["Queued", "Sending", "Sent"]
    assert await steps_of(event_log, "voice") == ["Queued", "Uploading", "Sending", "Sent"]
    text, voice = channel.reached
    assert (text.kind, text.text, text.markdown, text.media) == ("text", "*hello*", True, b"")
    assert (voice.kind, voice.text, voice.media, voice.seconds) == ("voice", VOICE.text, b"OggS", 1.5)
    assert (voice.uploaded, voice.delivery) == ("media-voice", "voice")
    assert (await state(event_log, "voice")).message == "m-voice"
    assert counted(metrics) == {"sent": 2}


async def test_messages_of_a_chat_keep_their_order_behind_one_that_waits_and_other_chats_do_not(
    event_log: EventLog,
) -> None:
    channel = FakeChannel()
    channel.faults = [NotSent("slower", after=0.5)]
    await queue(event_log, "first", queued(VOICE, chat="slow"))
    await queue(event_log, "second", queued(TEXT, chat="slow"))
    async with sending(event_log, channel):
        await wait_for(event_log, "first", "queued", "sending")
        async with asyncio.timeout(20):
            while (await state(event_log, "first")).tries == 0:
                await asyncio.sleep(0.01)
        await queue(event_log, "other", queued(TEXT, chat="quick"))
        await wait_until_done(event_log)
    assert channel.texts("slow") == [VOICE.text, TEXT.text]
    assert [one.delivery for one in channel.reached] == ["other", "first", "second"]
    retried = next(body for body in await bodies(event_log, "first") if isinstance(body, DeliveryRetried))
    assert (retried.code, retried.detail) == ("not_sent", "slower")
    assert channel.called_at[2] - channel.called_at[0] >= 0.5


async def test_a_wait_for_the_whole_account_holds_up_all_chats(event_log: EventLog) -> None:
    channel = FakeChannel()
    channel.faults = [NotSent("flood", after=1.5, everywhere=True)]
    await queue(event_log, "first", queued(chat="c1"))
    async with sending(event_log, channel):
        async with asyncio.timeout(20):
            while not channel.called_at:
                await asyncio.sleep(0.01)
        await queue(event_log, "second", queued(chat="c2"))
        await wait_until_done(event_log)
    assert min(channel.called_at[1:]) - channel.called_at[0] >= 1.5
    assert sorted(one.delivery for one in channel.reached) == ["first", "second"]


async def test_chats_and_accounts_have_their_pace(event_log: EventLog) -> None:
    channel = FakeChannel(Capabilities(messages_per_second=10.0, seconds_between=0.4))
    for number in range(3):
        await queue(event_log, f"a{number}", queued(chat="a"))
        await queue(event_log, f"b{number}", queued(chat="b"))
    async with sending(event_log, channel):
        await wait_until_done(event_log)
    times = channel.called_at
    assert all(later - earlier >= 0.09 for earlier, later in pairwise(times))
    of_a = [at for at, one in zip(times, channel.reached, strict=True) if one.chat == "a"]
    assert all(later - earlier >= 0.39 for earlier, later in pairwise(of_a))


async def test_where_no_voice_is_wanted_the_text_is_sent(event_log: EventLog) -> None:
    channel = FakeChannel()
    channel.faults = [Refused("no voice messages", code="voice_forbidden", as_text=True)]
    await queue(event_log, "d", queued(VOICE))
    async with sending(event_log, channel):
        await wait_for(event_log, "d", "sent")
    (one,) = channel.reached
    assert (one.kind, one.text, one.media) == ("text", VOICE.text, b"")
    assert await steps_of(event_log, "d") == ["Queued", "Uploading", "Sending", "Retried", "Sending", "Sent"]


async def test_media_that_cannot_be_made_are_tried_again_and_then_said_in_text(event_log: EventLog) -> None:
    tries: list[str] = []

    async def make(log: EventLog, body: DeliveryQueued) -> Note:
        assert not isinstance(body.content, TextContent)
        tries.append(body.content.speeches[0])
        if body.content.speeches == ("gone",):
            raise NotFound("its audio is not kept any more")
        if tries.count("late") < 2:
            raise EngineError("the sound is late", retryable=True)
        return await make_note(log, body)

    channel = FakeChannel(Capabilities(messages_per_second=1000.0, seconds_between=0.0, video=True))
    await queue(event_log, "gone", queued(VideoContent(speeches=("gone",), text="What was said.")))
    await queue(event_log, "late", queued(VideoContent(speeches=("late",), text="Later.")))
    async with sending(event_log, channel, make_media=make):
        await wait_until_done(event_log)
    assert [(one.delivery, one.kind, one.text) for one in channel.reached] == [
        ("gone", "text", "What was said."),
        ("late", "voice", "Later."),
    ]
    assert tries == ["gone", "late", "late"]


async def test_a_channel_gets_what_it_can_take(event_log: EventLog) -> None:
    channel = FakeChannel(Capabilities(messages_per_second=1000.0, seconds_between=0.0, voice=False))
    await queue(event_log, "d", queued(VideoContent(speeches=("s1",), text="In words.")))
    async with sending(event_log, channel):
        await wait_for(event_log, "d", "sent")
    assert [(one.kind, one.text) for one in channel.reached] == [("text", "In words.")]


async def test_a_text_that_is_too_long_comes_in_parts(event_log: EventLog) -> None:
    channel = FakeChannel(Capabilities(messages_per_second=1000.0, seconds_between=0.0, voice=False, longest_text=40))
    words = "It was long ago. There lived a king by the sea. He had a daughter, and she sang every night."
    await queue(event_log, "d", queued(VideoContent(speeches=("s1",), text=words)))
    async with sending(event_log, channel):
        await wait_until_done(event_log)
    assert channel.texts() == [
        "It was long ago. There lived a king by", "the sea. He had a daughter, and she", "sang every night.",
    ]  # fmt: skip


async def test_a_restart_of_nats_while_it_is_sent_doubles_nothing(nats_server: NatsServer, event_log: EventLog) -> None:
    channel = FakeChannel()

    async def away(name: str, delivery: str) -> None:
        if name == "after send" and len(channel.reached) == 1:
            nats_server.kill()
            asyncio.get_running_loop().call_later(1.0, nats_server.start)

    channel.reach = away  # type: ignore[method-assign]
    watching = asyncio.create_task(event_log.watch.run())
    await queue(event_log, "d", queued(VOICE))
    await queue(event_log, "later")
    async with sending(event_log, channel):
        await wait_for(event_log, "later", "sent", timeout=60)
    watching.cancel()
    assert [one.delivery for one in channel.reached] == ["d", "later"]
    assert await steps_of(event_log, "d") == ["Queued", "Uploading", "Sending", "Sent"]


async def test_a_person_who_blocked_us_is_marked_and_the_message_put_aside(event_log: EventLog) -> None:
    await link_chat(event_log)
    channel, metrics = FakeChannel(), Metrics("sender")
    channel.faults = [Refused("bot was blocked by the user", code="blocked", unreachable=True)]
    await queue(event_log, "d")
    async with sending(event_log, channel, metrics=metrics):
        await wait_for(event_log, "d", "failed")
        await wait_until_done(event_log)
    people = PeopleReader(event_log)
    reading = asyncio.create_task(people.run())
    await people.caught_up()
    reading.cancel()
    assert people.people.links["l1"].reachable is False
    (letter,) = await letters(event_log)
    assert letter.letter is not None
    assert (letter.letter.code, letter.letter.detail) == ("blocked", "bot was blocked by the user")
    assert (letter.letter.stream, letter.letter.sequence, letter.place) == ("DELIVERIES", 1, "fake d")
    assert counted(metrics) == {"failed": 1}


async def test_a_dead_letter_that_is_put_back_is_sent_by_a_new_attempt(event_log: EventLog) -> None:
    channel = FakeChannel()
    channel.faults = [Refused("token expired", code="unauthorised"), Refused("still expired", code="unauthorised")]
    await queue(event_log, "d")
    async with sending(event_log, channel):
        for _ in range(2):
            await wait_for(event_log, "d", "failed")
            async with asyncio.timeout(20):
                while not (found := await letters(event_log)):
                    await asyncio.sleep(0.02)
            await Requeuer(event_log).requeue(found[0])
            async with asyncio.timeout(20):
                while await letters(event_log) == found:
                    await asyncio.sleep(0.02)
        await wait_for(event_log, "d", "sent")
    assert channel.count("d") == 1
    steps = await steps_of(event_log, "d")
    assert steps == ["Queued", "Sending", "Failed", "Retried", "Sending", "Failed", "Retried", "Sending", "Sent"]
    assert [one.code for one in await bodies(event_log, "d") if isinstance(one, DeliveryRetried)] == [REQUEUED] * 2


async def test_what_has_waited_too_long_fails_with_the_reason(event_log: EventLog) -> None:
    channel = FakeChannel()
    await queue(event_log, "d")
    async with sending(event_log, channel, now=lambda: clock.now() + 25 * 3_600_000_000):
        await wait_for(event_log, "d", "failed")
        await wait_until_done(event_log)
    assert channel.reached == []
    (letter,) = await letters(event_log)
    assert letter.letter is not None
    assert letter.letter.code == "too_late"


async def test_a_message_for_an_account_that_is_not_configured_is_put_aside(event_log: EventLog) -> None:
    channel = FakeChannel()
    channel.account = "another"
    await queue(event_log, "d")
    async with sending(event_log, channel):
        await wait_for(event_log, "d", "failed")
        await wait_until_done(event_log)
    (letter,) = await letters(event_log)
    assert letter.letter is not None
    assert letter.letter.code == "not_configured"


async def test_two_senders_at_once_send_nothing_twice(event_log: EventLog) -> None:
    channel = FakeChannel(QUICK)
    for number in range(30):
        await queue(event_log, f"d{number}", queued(VOICE if number % 2 else TEXT, chat=f"c{number % 5}"))
    async with sending(event_log, channel), sending(event_log, channel):
        await wait_until_done(event_log)
    assert sorted(one.delivery for one in channel.reached) == sorted(f"d{number}" for number in range(30))


async def test_two_senders_with_the_same_message_send_it_once(event_log: EventLog) -> None:
    channel = FakeChannel(QUICK)
    await queue(event_log, "d", queued(VOICE))
    record = await event_log.last_message("delivery.fake.d")
    assert record is not None
    item = StreamItem(record, 1)

    async def work(sender: Sender) -> None:
        while await sender._handle(item) is not None:
            await asyncio.sleep(0.01)

    async with sending(event_log, channel) as first, sending(event_log, channel) as second:
        await asyncio.gather(work(first), work(second))
        await wait_until_done(event_log)
    assert channel.count("d") == 1


async def test_a_process_that_has_to_stop_lets_a_call_end(event_log: EventLog) -> None:
    channel = FakeChannel()
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(name: str, delivery: str) -> None:
        if name == "after send":
            begun.set()
            await go.wait()

    channel.reach = slow  # type: ignore[method-assign]
    await queue(event_log, "d")
    patient = Patience(at_the_end=20.0, lease=0.6)
    async with sending(event_log, channel, patience=patient):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.2, go.set)
    assert (await state(event_log, "d")).state == "sent"
