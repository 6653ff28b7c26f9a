"""Messages of which nobody knows whether they were sent, and what channels tell of them later."""

from __future__ import annotations

from bus.channel_events import (
    DeliveryEvent,
    DeliveryQueued,
    DeliverySending,
)
from bus.ids import derive_id
from bus.log.event_log import EventLog
from bus.process.metrics import Metrics
from services.channels.channel import OutcomeUnknown, Progress
from services.channels.sending.patience import Patience
from tests.services.channels.sending.sending import (
    PROVING,
    VOICE,
    FakeChannel,
    bodies,
    counted,
    letters,
    link_chat,
    queue,
    queued,
    sending,
    state,
    steps_of,
    wait_for,
    wait_until_done,
)


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
