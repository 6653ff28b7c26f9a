"""The state of a delivery: a pure fold, whatever the order of the events."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bus.channel_events import (
    DeliveryEvent,
    DeliveryFact,
    DeliveryFailed,
    DeliveryGivenUp,
    DeliveryProgressed,
    DeliveryQueued,
    DeliveryRetried,
    DeliverySending,
    DeliverySent,
    DeliveryUnknown,
    DeliveryUploading,
    TextContent,
    VoiceContent,
)
from projections.deliveries import ALLOWED, REQUEUED, Delivery, fold, may_follow
from services.channels.sending.pace import Pace

QUEUED = DeliveryQueued(account="a", chat="c", content=VoiceContent(speeches=("s",), text="words"))
BODIES: list[DeliveryFact] = [
    QUEUED,
    DeliveryUploading(),
    DeliverySending(attempt=1, media="x"),
    DeliverySent(message="m"),
    DeliveryProgressed(status="delivered"),
    DeliveryProgressed(status="played"),
    DeliveryUnknown(code="u", detail=""),
    DeliveryGivenUp(detail=""),
    DeliveryFailed(code="f", detail=""),
    DeliveryRetried(code="r", detail="", not_before=0),
    DeliveryRetried(code="r", detail="", not_before=0, content=TextContent(text="words")),
    DeliveryRetried(code=REQUEUED, detail="", not_before=0),
]


def events(facts: list[DeliveryFact]) -> list[DeliveryEvent]:
    return [
        DeliveryEvent(id=f"e{number}", at=number, channel="t", delivery="d", body=body)
        for number, body in enumerate(facts, 1)
    ]


def fold_all(facts: list[DeliveryFact]) -> Delivery | None:
    found: Delivery | None = None
    for event in events(facts):
        found = fold(found, event.at, event)
    return found


@given(st.lists(st.sampled_from(BODIES), max_size=20))
def test_any_events_fold_and_only_allowed_ones_change_the_state(facts: list[DeliveryFact]) -> None:
    before: Delivery | None = None
    for event in events(facts):
        after = fold(before, event.at, event)
        if before is None:
            assert (after is None) == (not isinstance(event.body, DeliveryQueued))
        else:
            assert after is not None
            assert after.seq == event.at
            if not may_follow(before, event.body):
                assert (after.state, after.changed_at, after.content) == (
                    before.state, before.changed_at, before.content,
                )  # fmt: skip
        before = after


@given(st.lists(st.sampled_from(BODIES), max_size=20))
def test_a_call_is_never_repeated_unless_it_was_not_sent_or_nobody_knows(facts: list[DeliveryFact]) -> None:
    """Between two calls there is always an event that says so, and none after the message was sent or given up."""
    delivery = fold_all([QUEUED])
    for event in events([QUEUED, *facts])[1:]:
        assert delivery is not None
        if isinstance(event.body, DeliverySending) and may_follow(delivery, event.body):
            assert delivery.state in ("queued", "uploading", "unknown")
        delivery = fold(delivery, event.at, event)


def test_every_state_has_a_row_and_what_is_over_stays_over() -> None:
    assert set(ALLOWED) == {"queued", "uploading", "sending", "unknown", "sent", "given_up", "failed"}
    for state in ("sent", "given_up", "failed"):
        assert not ALLOWED[state] & {DeliveryUploading, DeliverySending, DeliveryUnknown}


def test_only_the_operator_puts_back_what_has_failed_and_then_all_counts_begin_anew() -> None:
    failed: list[DeliveryFact] = [QUEUED, DeliverySending(attempt=1), DeliveryFailed(code="f", detail="why")]
    untouched = fold_all([*failed, DeliveryRetried(code="r", detail="", not_before=0)])
    assert untouched is not None
    assert (untouched.state, untouched.code, untouched.detail) == ("failed", "f", "why")
    again = fold_all([*failed, DeliveryRetried(code=REQUEUED, detail="", not_before=9)])
    assert again is not None
    assert (again.state, again.tries, again.attempt, again.since, again.not_before) == ("queued", 0, 0, 4, 9)
    assert again.requeues == {"e4"}


def test_a_text_in_place_of_the_voice_forgets_the_uploaded_media() -> None:
    text = TextContent(text="words")
    found = fold_all([
        QUEUED, DeliveryUploading(), DeliverySending(attempt=1, media="x"),
        DeliveryRetried(code="r", detail="", not_before=0, content=text),
    ])  # fmt: skip
    assert found is not None
    assert (found.content, found.media, found.state, found.tries) == (text, "", "queued", 1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3)), min_size=2, max_size=40))
def test_the_pace_is_kept(sends: list[tuple[str, float]]) -> None:
    pace = Pace(per_second=4.0, between=1.0)
    now, sent = 0.0, []
    for chat, pause in sends:
        now += pause
        now += pace.wait_for_chat(chat, now)
        sent.append((chat, now + pace.reserve(chat, now)))
    times = [at for _, at in sent]
    assert all(later - earlier >= 0.25 - 1e-9 for earlier, later in pairwise(times))
    for chat in "abc":
        of_chat = [at for one, at in sent if one == chat]
        assert all(later - earlier >= 1.0 - 1e-9 for earlier, later in pairwise(of_chat))


def test_a_pause_holds_up_all_chats() -> None:
    pace = Pace(per_second=4.0, between=1.0)
    pace.pause(10.0, 0.0)
    assert pace.wait_for_account(2.0) == 8.0
    assert pace.reserve("a", 2.0) == 8.0
