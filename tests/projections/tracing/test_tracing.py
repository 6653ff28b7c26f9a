"""Spans of turns, as a collector gets them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bus.errors import InvalidInput, VisavisError
from bus.events import Event, MessageReceived, ReplyEnded, SpeechFailed, StepRepeated
from bus.log.event_log import EventLog
from bus.log.headers import INCOMING_TRACE
from bus.log.trace_context import span_id, trace_id, turn_span_id
from bus.settings import Settings
from projections.replay.build import build_timeline
from projections.replay.measures import measures
from projections.tracing.__main__ import main
from projections.tracing.follower import SpanFollower
from projections.tracing.position import Position, read_position
from projections.tracing.sending import endpoint, sender
from projections.tracing.spans import turn_spans
from tests.projections.replay.conversations import CONVERSATION, facts, interruption, opening, spoken_turn
from tests.projections.replay.test_recent_turns import recent
from tests.projections.tracing.collector import Collector, collector

TURN = [*opening(), *facts("t1", spoken_turn(), interruption(), first=3)]
SECOND = list(facts("t2", spoken_turn("2", began=9000), first=50))
FROM_OUTSIDE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def received() -> Iterator[Collector]:
    with collector() as here:
        yield here


async def append(event_log: EventLog, events: list[tuple[int, Event]]) -> None:
    for _, event in events:
        await event_log.append(event)


async def send(event_log: EventLog, received: Collector, path: Path, *, since: int | None = None) -> int:
    follower = SpanFollower(event_log, sender(received.url), path)
    await follower.run(since=since, follow=False)
    return follower.sent


def attributes(span: Span) -> dict[str, object]:
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span.attributes}


def steps_of(spans: list[tuple[str, Span]]) -> dict[tuple[str, object], tuple[str, Span]]:
    """The spans of steps by name and sentence."""
    return {(span.name, attributes(span).get("visavis.sentence")): (name, span) for name, span in spans[1:]}


async def test_a_turn_is_one_trace_whose_times_are_those_of_the_timeline(
    event_log: EventLog, received: Collector, tmp_path: Path
) -> None:
    await append(event_log, TURN)
    assert await send(event_log, received, tmp_path / "tracing.json", since=0) == 1
    spans = received.take()
    [turn] = build_timeline(CONVERSATION, TURN).turns
    (service, root), steps = spans[0], steps_of(spans)
    assert {span.trace_id.hex() for _, span in spans} == {trace_id(CONVERSATION, "t1")}
    assert (service, root.name, root.span_id.hex(), root.parent_span_id) == (
        "gateway", "turn", turn_span_id("t1"), b"",
    )  # fmt: skip
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (turn.start * 1000, turn.end * 1000)
    assert {span.parent_span_id for _, span in spans[1:]} == {root.span_id}
    assert len({span.span_id for _, span in spans}) == len(spans) == 1 + len(turn.steps)
    for step in turn.steps:
        _, span = steps[step.name, step.index]
        assert step.end is not None
        assert (span.start_time_unix_nano, span.end_time_unix_nano) == (step.start * 1000, step.end * 1000)
    # The header of an event names the span of the step that it ended.
    for name in ("transcript", "writing"):
        [step] = [one for one in turn.steps if one.name == name]
        assert steps[name, None][1].span_id.hex() == span_id(step.event)
    services = {name: service for (name, _), (service, _) in steps.items()}
    assert services == {
        "speaking": "gateway", "endpoint": "gateway", "transcript": "stt", "first_sentence": "dialogue",
        "writing": "dialogue", "first_audio": "tts", "synthesis": "tts", "first_frame": "render", "drawing": "render",
        "playback_wait": "gateway", "playback": "gateway",
    }  # fmt: skip
    about = attributes(root)
    assert about["gen_ai.conversation.id"] == CONVERSATION
    assert about["visavis.answer.duration"] == measures(turn)["answer"] / 1e6
    assert [(one.name, one.time_unix_nano) for one in root.events] == [("interrupted", turn.marks[0].at * 1000)]
    writing = attributes(steps["writing", None][1])
    assert (writing["gen_ai.operation.name"], writing["gen_ai.request.model"], writing["gen_ai.agent.name"]) == (
        "chat", "companion", "ada",
    )  # fmt: skip
    # What caused a step's event is linked: the transcript followed the end of speaking.
    [link] = steps["transcript", None][1].links
    assert link.span_id == steps["speaking", None][1].span_id


async def test_each_turn_is_sent_once_and_again_whole_where_something_is_added(
    event_log: EventLog, received: Collector, tmp_path: Path
) -> None:
    path = tmp_path / "tracing.json"
    assert await send(event_log, received, path) == 0
    await append(event_log, TURN)
    assert await send(event_log, received, path) == 1
    first = received.take()
    assert await send(event_log, received, path) == 0
    await append(event_log, SECOND)
    copy = Event(id="ec", at=1, conversation="c2", turn="t7", body=MessageReceived(message="m", text="hello"))
    await event_log.append_copy(copy, stored=1)
    assert await send(event_log, received, path) == 1
    assert {span.trace_id.hex() for _, span in received.take()} == {trace_id(CONVERSATION, "t2")}
    late = SpeechFailed(speech="s1b", reply="r1", index=1, code="x", detail="late")
    await event_log.append(Event(id="late", at=TURN[-1][1].at, conversation=CONVERSATION, turn="t1", body=late))
    assert await send(event_log, received, path) == 1
    again = received.take()
    assert {span.span_id for _, span in again} >= {span.span_id for _, span in first}
    assert [one.name for one in again[0][1].events] == ["interrupted", "failed"]
    assert await send(event_log, received, path) == 0
    assert received.take() == []


async def test_what_a_collector_did_not_take_is_sent_again_under_the_same_ids(
    event_log: EventLog, received: Collector, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tracing.json"
    await append(event_log, TURN)
    received.refusals = 1
    with pytest.raises(VisavisError, match="the collector did not take the spans"):
        await send(event_log, received, path, since=0)
    assert read_position(path) == Position()
    received.refusals = 2
    follower = SpanFollower(event_log, sender(received.url), path, quiet=200_000, first_pause=0.01, look=0.05)
    following = asyncio.create_task(follower.run(since=None, follow=True))
    body = MessageReceived(message="m", text="hello")
    await event_log.append(Event(id="new", at=1, conversation="c3", turn="t3", body=body))
    async with asyncio.timeout(20):
        while (position := read_position(path)) is None or position.sequence < len(TURN):
            await asyncio.sleep(0.02)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert received.refusals == 0
    spans = [span.span_id for _, span in received.take()]
    assert len(spans) == len(set(spans))
    assert bytes.fromhex(turn_span_id("t1")) in spans


async def test_the_request_that_brought_the_words_is_linked(event_log: EventLog) -> None:
    asked = Event(id="e1", at=1, conversation="c1", turn="t1", body=MessageReceived(message="m", text="hello"))
    await event_log.append(asked, incoming_trace=FROM_OUTSIDE)
    record = await event_log.last_message("conv.c1.message.received")
    assert record is not None
    [turn] = recent(list(facts("t1", spoken_turn())))
    [link] = turn_spans(turn, record.headers[INCOMING_TRACE])[0].links
    assert f"{link.context.trace_id:032x}-{link.context.span_id:016x}" == FROM_OUTSIDE[3:-3]


def test_tokens_failures_and_takeovers_are_told() -> None:
    events = list(facts("t1", spoken_turn()))
    ended = ReplyEnded(reply="r1", sentences=2, engine="llama at home", prompt_tokens=70, reply_tokens=9)
    parts = [
        event if not isinstance(event.body, ReplyEnded)
        else Event(id=event.id, at=event.at, conversation="c1", turn="t1", cause=event.cause, body=ended)
        for _, event in events
    ]  # fmt: skip
    taken = Event(id="x", at=events[5][1].at, conversation="c1", turn="t1", body=StepRepeated(service="tts", event="e"))
    [turn] = recent(list(enumerate([*parts, taken], 1)))
    spans = {span.name: span for span in turn_spans(turn)}
    found = spans["writing"].attributes
    assert found is not None
    assert (found["gen_ai.response.model"], found["gen_ai.usage.input_tokens"]) == ("llama at home", 70)
    assert found["gen_ai.usage.output_tokens"] == 9
    assert [(one.name, dict(one.attributes or {})["visavis.service"]) for one in spans["turn"].events] == [
        ("taken_over", "tts")
    ]
    assert turn_spans(turn)[0].context == spans["turn"].context  # the same ids every time


def test_no_span_has_words() -> None:
    [turn] = recent(list(facts("t1", spoken_turn(), interruption())))
    text = "".join(span.to_json() for span in turn_spans(turn))
    assert not [words for words in ("Who are you", "I am Ada", "I like") if words in text]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"), ("https://x/", "https://x/v1/traces"),
        ("https://x/otlp/v1/traces", "https://x/otlp/v1/traces"),
    ],
)  # fmt: skip
def test_the_path_is_added_where_there_is_none(url: str, expected: str) -> None:
    assert endpoint(url) == expected


@pytest.mark.parametrize("url", ["", "127.0.0.1:4318", "ftp://x", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="expected the address of a collector"):
        endpoint(url)


def test_without_a_collector_the_command_says_what_to_give(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VISAVIS_OTLP", raising=False)
    assert main() == 78
    assert capsys.readouterr().err == "error: no collector is named: give --endpoint URL, or set VISAVIS_OTLP\n"


def test_a_damaged_position_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "tracing.json"
    path.write_bytes(b'{"sequence": "x"')
    assert read_position(path) is None


def test_the_setting_is_empty_unless_it_is_given() -> None:
    assert Settings().otlp == ""
