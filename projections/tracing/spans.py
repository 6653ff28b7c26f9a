"""Makes OpenTelemetry spans of a turn: one for the whole, one below it for each step. Pure, with derived ids.

The names of attributes are those of OpenTelemetry's semantic conventions where they have one. Words are in no span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import get_args

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event as SpanEvent
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from bus.events import ReplyEnded, ReplyStarted
from bus.log.trace_context import span_id, trace_id, turn_span_id
from projections.replay.measures import measures
from projections.replay.recent_turns import SERVICE_OF, RecentTurn
from projections.replay.timeline import Mark, Step, StepName, TurnTimeline

_SCOPE = InstrumentationScope("visavis.log")
_ORDER: tuple[StepName, ...] = get_args(StepName)
_DIALOGUE = ("first_sentence", "writing")

Attributes = dict[str, str | int | float | bool]


def turn_spans(turn: RecentTurn, incoming_trace: str = "") -> list[ReadableSpan]:
    """The spans of a turn, the root first; none where no step of it is on the log.

    Args:
        incoming_trace: the `traceparent` of the request that brought the person's words; the root links to it.
    """
    timeline = turn.timeline()
    if not timeline.steps:
        return []
    trace = int(trace_id(turn.conversation, turn.id), 16)
    root = _context(trace, turn_span_id(turn.id))
    steps = sorted(timeline.steps, key=lambda step: (step.start, _ORDER.index(step.name), step.index or 0))
    contexts: dict[int, SpanContext] = {}
    of_event: dict[str, SpanContext] = {}
    for place, step in enumerate(steps):
        context = contexts[place] = _context(trace, _step_span_id(step, is_first=step.event not in of_event))
        of_event.setdefault(step.event, context)
    causes = {event.id: event.cause for event in turn.facts}
    replies = _reply_attributes(turn)
    spans = [_root(turn, timeline, root, incoming_trace)]
    for place, step in enumerate(steps):
        caused_by = of_event.get(causes.get(step.event) or "")
        attributes = _attributes(turn, step) | (replies if step.name in _DIALOGUE else {})
        spans.append(_child(step, contexts[place], root, timeline.end, caused_by, attributes))
    return spans


def _root(turn: RecentTurn, timeline: TurnTimeline, context: SpanContext, incoming_trace: str) -> ReadableSpan:
    attributes: Attributes = {
        "gen_ai.conversation.id": turn.conversation,
        "visavis.turn": turn.id,
        "visavis.channel": timeline.channel,
        "visavis.spoken": timeline.spoken,
    }
    if turn.character:
        attributes["gen_ai.agent.name"] = turn.character
    for measure, microseconds in measures(timeline).items():
        attributes[f"visavis.{measure}.duration"] = microseconds / 1_000_000
    failed = any(mark.kind == "failed" for mark in timeline.marks)
    return ReadableSpan(
        name="turn",
        context=context,
        resource=_resource("gateway" if timeline.channel == "web" else "channels"),
        attributes=attributes,
        events=[_event(mark) for mark in timeline.marks],
        links=list(_links(incoming_trace)),
        kind=SpanKind.SERVER,
        status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
        start_time=timeline.start * 1000,
        end_time=timeline.end * 1000,
        instrumentation_scope=_SCOPE,
    )


def _child(
    step: Step, context: SpanContext, root: SpanContext, turn_ended: int, cause: SpanContext | None,
    attributes: Attributes,
) -> ReadableSpan:  # fmt: skip
    end = turn_ended if step.end is None else step.end
    return ReadableSpan(
        name=step.name,
        context=context,
        parent=root,
        resource=_resource(SERVICE_OF[step.name]),
        attributes=attributes,
        links=[Link(cause)] if cause is not None and cause != context else [],
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR if step.state == "failed" else StatusCode.UNSET),
        start_time=step.start * 1000,
        end_time=max(step.start, end) * 1000,
        instrumentation_scope=_SCOPE,
    )


def _attributes(turn: RecentTurn, step: Step) -> Attributes:
    found: Attributes = {"visavis.turn": turn.id, "visavis.event": step.event, "visavis.state": step.state}
    if step.engine:
        found["visavis.engine"] = step.engine
    if step.index is not None:
        found["visavis.sentence"] = step.index
    if step.session is not None:
        found["session.id"] = step.session
    return found


def _reply_attributes(turn: RecentTurn) -> Attributes:
    """What is known of the reply, as the conventions for generative models have it."""
    found: Attributes = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "visavis", "gen_ai.conversation.id": turn.conversation
    }  # fmt: skip
    for event in turn.facts:
        match event.body:
            case ReplyStarted(engine=engine, character=character):
                found["gen_ai.request.model"] = engine
                found["gen_ai.agent.name"] = character
            case ReplyEnded(engine=engine, prompt_tokens=read, reply_tokens=written):
                found["gen_ai.response.model"] = engine or str(found.get("gen_ai.request.model", ""))
                if read:
                    found["gen_ai.usage.input_tokens"] = read
                if written:
                    found["gen_ai.usage.output_tokens"] = written
            case _:
                pass
    return found


def _event(mark: Mark) -> SpanEvent:
    attributes: dict[str, str] = {"visavis.event": mark.event}
    if mark.service:
        attributes["visavis.service"] = mark.service
    if mark.detail:
        attributes["visavis.detail"] = mark.detail
    return SpanEvent(mark.kind, attributes, mark.at * 1000)


def _links(incoming_trace: str) -> Iterator[Link]:
    if incoming_trace:
        _, trace, span, flags = incoming_trace.split("-")[:4]
        yield Link(SpanContext(int(trace, 16), int(span, 16), True, TraceFlags(int(flags, 16))))


def _step_span_id(step: Step, *, is_first: bool) -> str:
    """That of the event which ended the step, so that headers agree; of a second step of an event, one of its own."""
    return span_id(step.event if is_first else f"{step.event}/{step.name}/{step.index}/{step.session}")


def _context(trace: int, span: str) -> SpanContext:
    return SpanContext(trace, int(span, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@cache
def _resource(service: str) -> Resource:
    attributes: Mapping[str, str] = {"service.namespace": "visavis", "service.name": service}
    return Resource(attributes)
