"""What a replay makes of a log that was written under faults: its timelines hold together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from bus import codec
from bus.errors import UndecodableEvent
from bus.events import Event
from projections.replay.build import TimelineBuilder, build_timeline
from projections.replay.measures import measures
from projections.replay.timeline import Step, Timeline, TurnTimeline


def facts_by_conversation(log: Sequence[tuple[int, str, bytes]]) -> dict[str, list[tuple[int, Event]]]:
    """The facts of a log of sequence, subject and bytes."""
    found: dict[str, list[tuple[int, Event]]] = defaultdict(list)
    for sequence, _, data in log:
        try:
            event = codec.decode_event(data)
        except UndecodableEvent:
            continue
        found[event.conversation].append((sequence, event))
    return found


def findings(log: Sequence[tuple[int, str, bytes]]) -> list[str]:
    """What is wrong with the timelines of all conversations on a log."""
    found = []
    for name, facts in facts_by_conversation(log).items():
        timeline = build_timeline(name, facts)
        found += [f"{name}: {problem}" for problem in problems(timeline)]
        follower = TimelineBuilder(name)
        for place, fact in enumerate(facts):
            follower.add(*fact)
            if place % 50 == 0:
                follower.timeline()  # looking changes nothing
        if follower.timeline() != timeline:
            found.append(f"{name}: following gives another timeline than reading at once")
    return found


def problems(timeline: Timeline) -> Iterator[str]:
    """What is wrong with one timeline."""
    seen: dict[str, int] = {}
    for event in timeline.events:
        if event.cause is not None and event.cause not in seen:
            yield f"{event.tag} {event.id} comes before its cause"
        if event.delay is not None and event.delay < 0:
            yield f"{event.tag} {event.id} took place {-event.delay} µs before its cause"
        seen[event.id] = event.seq
    for turn in timeline.turns:
        yield from (f"turn {turn.id}: {problem}" for problem in _problems_of_turn(turn))


def _problems_of_turn(turn: TurnTimeline) -> Iterator[str]:
    for step in turn.steps:
        if step.end is not None and step.end < step.start:
            yield f"{step.name} ends {step.start - step.end} µs before it starts"
        if not turn.start <= step.start <= turn.end:
            yield f"{step.name} starts outside of the turn"
    found = measures(turn)
    negative = [name for name, length in found.items() if length < 0]
    if negative:
        yield f"{', '.join(negative)} took less than nothing"
    waited = [step for step in turn.steps if step.name == "playback_wait" and step.end is not None]
    if "answer" in found and waited and len(found) >= _ALL_PARTS:
        heard = min(waited, key=lambda step: (step.index or 0, step.end or 0))
        began = _start(turn.steps, "endpoint")
        if began is not None and heard.end is not None and abs(heard.end - began - found["answer"]) > _CLOCKS:
            yield f"the first sound came after {heard.end - began} µs, the parts make {found['answer']} µs"


_CLOCKS = 250_000
"""Microseconds by which the parts may miss the whole: so far apart the corrected clocks of two workers may be."""
_ALL_PARTS = 6
"""Measures of a turn that was spoken and heard: the answer and its five parts."""


def _start(steps: Sequence[Step], name: str) -> int | None:
    return min((step.start for step in steps if step.name == name), default=None)
