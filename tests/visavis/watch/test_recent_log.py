"""What the log of the last minutes says."""

from __future__ import annotations

from bus.events import (
    DeadLetter,
    Event,
    Fact,
    FramesFailed,
    MessageReceived,
    ReplyFailed,
    SpeechFailed,
    StepFailed,
    StepRepeated,
)
from tests.projections.replay.conversations import BEGAN, facts, interruption, spoken_turn
from visavis.watch.recent_log import WINDOW, RecentLog
from visavis.watch.snapshot import Failure, Latency, TurnInFlight

NOW = BEGAN + 10_000_000


def test_latencies_are_percentiles_of_the_turns_of_the_last_minutes() -> None:
    recent = RecentLog()
    for number in range(1, 4):
        for seq, event in facts(f"t{number}", spoken_turn(str(number)), first=100 * number):
            recent.add(seq, NOW, event)
    recent.add(999, NOW - WINDOW - 1, next(facts("t9", spoken_turn("9")))[1])
    found = recent.latencies(NOW)
    assert found[0] == Latency(measure="answer", p50=370.0, p95=370.0, turns=3)
    assert [one.measure for one in found] == [
        "answer", "endpoint", "transcript", "first_sentence", "first_audio", "playback_wait", "first_frame",
    ]  # fmt: skip
    assert recent.latencies(NOW + WINDOW + 1) == ()


def test_turns_in_flight_are_those_that_are_not_over_the_longest_waiting_first() -> None:
    recent = RecentLog()
    for seq, event in facts("t1", spoken_turn(), interruption()):
        recent.add(seq, NOW, event)
    for number, (channel, at) in enumerate((("web", BEGAN + 5), ("telegram", BEGAN)), 2):
        body = MessageReceived(message="m", text="hello", channel=channel)
        recent.add(100 + number, NOW, Event(id=f"e{number}", at=at, conversation="c", turn=f"t{number}", body=body))
    expected = TurnInFlight(
        conversation="c", turn="t3", character="", channel="telegram", step="first_sentence", service="dialogue",
        index=None, since=BEGAN,
    )  # fmt: skip
    assert recent.in_flight(NOW)[0] == expected
    assert [one.turn for one in recent.in_flight(NOW + WINDOW + 1)] == ["t3", "t2"]  # stuck, so still shown
    assert recent.latencies(NOW) == ()  # what is over and old was forgotten


def test_failures_of_every_kind_are_listed_the_newest_first() -> None:
    recent = RecentLog()
    bodies: tuple[Fact, ...] = (
        StepFailed(service="stt", code="a", retryable=False, detail="1"),
        StepRepeated(service="tts", event="e"),
        ReplyFailed(reply="r", code="b", detail="2"),
        SpeechFailed(speech="s", reply="r", index=0, code="c", detail="3"),
        FramesFailed(speech="s", code="d", detail="4"),
        MessageReceived(message="m", text="no failure"),
    )
    for seq, body in enumerate(bodies, 1):
        recent.add(seq, NOW, Event(id=f"e{seq}", at=seq, conversation="c", turn="t", body=body))
    letter = DeadLetter(
        at=9, stream="CONVERSATIONS", sequence=1, subject="conv.c7.reply.sentence", service="tts", code="poison",
        detail="5", deliveries=5, data=b"",
    )  # fmt: skip
    recent.add_dead_letter(letter)
    found = recent.failures()
    assert found[0] == Failure(at=9, conversation="c7", service="tts", what="poison", detail="dead letter: 5")
    assert [(one.service, one.what) for one in found[1:]] == [
        ("render", "d"), ("tts", "c"), ("dialogue", "b"), ("tts", "taken over"), ("stt", "a")
    ]  # fmt: skip
    recent.clear()
    assert (recent.failures(), recent.in_flight(NOW), recent.latencies(NOW)) == ((), (), ())
