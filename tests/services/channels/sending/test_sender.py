"""What the sender does on a real log: order, waits, refusals, unknown outcomes, dead letters."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from bus import clock
from bus.channel_events import (
    DeliveryEvent,
    DeliveryQueued,
    DeliveryRetried,
    DeliverySending,
    Linked,
    PairingRequested,
    TextContent,
    VideoContent,
)
from bus.errors import EngineError, NotFound
from bus.ids import derive_id
from bus.log import dead_letters
from bus.log.dead_letters import Requeuer
from bus.log.event_log import EventLog
from bus.process.metrics import Metrics
from bus.stamping import new_link_event
from bus.work.stream_worker import StreamItem
from projections.people_reader import PeopleReader
from services.channels.channel import Capabilities, NotSent, OutcomeUnknown, Progress, Refused
from services.channels.sending.delivery import REQUEUED
from services.channels.sending.patience import Patience
from services.channels.sending.sender import Sender
from tests.conftest import NatsServer
from tests.services.channels.sending.sending import (
    PROVING,
    QUICK,
    TEXT,
    VOICE,
    FakeChannel,
    Note,
    bodies,
    make_note,
    queue,
    queued,
    sending,
    state,
    steps_of,
    wait_for,
    wait_until_done,
)


async def letters(event_log: EventLog) -> list[dead_letters.StoredDeadLetter]:
    return [one async for one in dead_letters.read_all(event_log)]


def counted(metrics: Metrics) -> dict[str, float]:
    """Outcomes on the fake channel."""
    found: dict[str, float] = {}
    for line in metrics.text().decode().splitlines():
        if line.startswith('visavis_deliveries_total{channel="fake"'):
            labels, value = line.rsplit(" ", 1)
            found[labels.split('outcome="')[1].rstrip('"}')] = float(value)
    return found


async def link_chat(event_log: EventLog, language: str = "") -> None:
    """Link the chat c with a person, by the link l1."""
    requested = PairingRequested(
        channel="fake", account="a", sender="7", chat="c", name="Zoe", language=language, expires_at=0
    )
    after = await event_log.append_link(new_link_event(requested, link="l1"), after=0)
    await event_log.append_link(new_link_event(Linked(person="p"), link="l1"), after=after)


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


async def test_an_unknown_outcome_is_given_up_with_a_notice_that_has_the_link(event_log: EventLog) -> None:
    channel, metrics = FakeChannel(), Metrics("sender")
    channel.lost = [OutcomeUnknown("timed out")]
    await queue(event_log, "d", queued(VOICE))
    async with sending(event_log, channel, metrics=metrics):
        await wait_for(event_log, "d", "given_up")
        await wait_until_done(event_log)
    assert await steps_of(event_log, "d") == ["Queued", "Uploading", "Sending", "Unknown", "GivenUp"]
    assert [one.delivery for one in channel.reached] == ["d", derive_id("d", "notice")]
    assert "https://page/c1" in channel.reached[1].text
    notice = (await bodies(event_log, derive_id("d", "notice")))[0]
    assert isinstance(notice, DeliveryQueued)
    assert (notice.notice_of, notice.chat, notice.conversation) == ("d", "c", "c1")
    assert counted(metrics) == {"unknown": 1, "given_up": 1, "sent": 1}
    assert await letters(event_log) == []


async def test_the_notice_is_in_the_language_of_the_person(event_log: EventLog) -> None:
    await link_chat(event_log, language="de")
    channel = FakeChannel()
    channel.lost = [OutcomeUnknown("timed out")]
    await queue(event_log, "d", queued(VOICE))
    async with sending(event_log, channel):
        await wait_for(event_log, derive_id("d", "notice"), "sent")
    assert channel.texts()[1].startswith("Vielleicht ")
    assert channel.texts()[1].endswith("https://page/c1")


async def test_of_a_notice_whose_outcome_is_unknown_there_is_no_notice(event_log: EventLog) -> None:
    channel = FakeChannel()
    channel.lost = [OutcomeUnknown("timed out"), OutcomeUnknown("timed out")]
    await queue(event_log, "d", queued(VOICE))
    async with sending(event_log, channel):
        await wait_for(event_log, derive_id("d", "notice"), "given_up")
        await wait_until_done(event_log)
    assert len(channel.reached) == 2


async def test_what_breaks_while_it_is_sent_counts_as_unknown(event_log: EventLog) -> None:
    channel = FakeChannel()
    channel.lost = [ZeroDivisionError()]
    await queue(event_log, "d")
    async with sending(event_log, channel):
        await wait_for(event_log, "d", "given_up")
    assert channel.count("d") == 1


async def test_news_of_the_channel_settle_an_unknown_outcome_at_once(event_log: EventLog) -> None:
    channel = FakeChannel(PROVING)
    channel.lost = [OutcomeUnknown("timed out")]
    patient = Patience(for_proof=3600.0, lease=0.6)
    await queue(event_log, "d", queued(VOICE))
    await queue(event_log, "later")
    async with sending(event_log, channel, patience=patient) as sender:
        await wait_for(event_log, "d", "unknown")
        assert (await state(event_log, "later")).state == "queued"
        await sender.apply_progress("fake", Progress(delivery="d", message="m-d", status="delivered"))
        await wait_for(event_log, "later", "sent")
    assert await steps_of(event_log, "d") == ["Queued", "Uploading", "Sending", "Unknown", "Sent", "Progressed"]
    assert [one.delivery for one in channel.reached] == ["d", "later"]


async def test_without_proof_it_is_sent_again_with_the_media_that_are_there(event_log: EventLog) -> None:
    channel = FakeChannel(PROVING)
    channel.faults = [OutcomeUnknown("timed out")]
    await queue(event_log, "d", queued(VOICE))
    async with sending(event_log, channel):
        await wait_for(event_log, "d", "sent")
    assert len(channel.uploads) == 1
    attempts = [body for body in await bodies(event_log, "d") if isinstance(body, DeliverySending)]
    assert attempts == [DeliverySending(attempt=1, media="media-d"), DeliverySending(attempt=2, media="media-d")]
    assert channel.count("d") == 1


async def test_a_channel_that_tells_nothing_at_all_is_not_flooded(event_log: EventLog) -> None:
    channel = FakeChannel(PROVING)
    channel.faults = [OutcomeUnknown("timed out") for _ in range(9)]
    await queue(event_log, "d")
    async with sending(event_log, channel):
        await wait_for(event_log, "d", "given_up")
    assert len(channel.called_at) <= 4  # three attempts, and perhaps the notice


async def test_progress_only_goes_forward_and_may_come_by_the_channels_own_id(event_log: EventLog) -> None:
    channel = FakeChannel(PROVING)
    await queue(event_log, "d")
    async with sending(event_log, channel) as sender:
        await wait_for(event_log, "d", "sent")
        for status in ("read", "delivered", "sent", "read", "played"):
            await sender.apply_progress("fake", Progress(delivery="", message="m-d", status=status))
        await sender.apply_progress("fake", Progress(delivery="", message="of others", status="read"))
        await sender.apply_progress("fake", Progress(delivery="no id of ours", message="", status="read"))
    assert await steps_of(event_log, "d") == ["Queued", "Sending", "Sent", "Progressed", "Progressed"]
    assert (await state(event_log, "d")).status == "played"


async def test_a_message_that_the_channel_fails_later_becomes_a_dead_letter(event_log: EventLog) -> None:
    channel = FakeChannel(PROVING)
    await queue(event_log, "d")
    failed = Progress(delivery="d", message="m-d", status="failed", code="131047", detail="more than 24 hours")
    async with sending(event_log, channel) as sender:
        await wait_for(event_log, "d", "sent")
        await sender.apply_progress("fake", failed)
        await sender.apply_progress("fake", failed)
    (letter,) = await letters(event_log)
    assert letter.letter is not None
    assert (letter.service, letter.letter.code, letter.letter.detail) == ("sender", "131047", "more than 24 hours")
    content = letter.content()
    assert isinstance(content, DeliveryEvent)
    assert content.body == queued()
    assert (await state(event_log, "d")).state == "failed"


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
