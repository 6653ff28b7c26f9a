"""What the log says of the last minutes: turns in flight, latencies, failures. Pure."""

from __future__ import annotations

from collections import deque

import numpy as np

from bus.events import DeadLetter, Event, FramesFailed, ReplyFailed, SpeechFailed, StepFailed, StepRepeated
from projections.replay.measures import MEASURES, measures
from projections.replay.recent_turns import SERVICE_OF, RecentTurn, RecentTurns
from visavis.watch.snapshot import Failure, Latency, TurnInFlight

WINDOW = 5 * 60_000_000
"""Microseconds for which turns count in the latencies."""
_STUCK = 60 * 60_000_000
"""Microseconds for which a turn without a new fact is shown as in flight."""
_FAILURES = 20


class RecentLog:
    """The facts of the last minutes."""

    def __init__(self) -> None:
        self._turns = RecentTurns(_STUCK)
        self._failures: deque[Failure] = deque(maxlen=_FAILURES)

    def clear(self) -> None:
        """Forget everything: the log is another one."""
        self._turns.clear()
        self._failures.clear()

    def add(self, sequence: int, stored: int, event: Event) -> None:
        """Take a fact into account."""
        self._turns.add(sequence, stored, event)
        failure = _failure(event)
        if failure is not None:
            self._failures.append(failure)

    def add_dead_letter(self, letter: DeadLetter) -> None:
        """Take a dead letter into account."""
        parts = letter.subject.split(".")
        conversation = parts[1] if len(parts) > 1 else ""
        detail = f"dead letter: {letter.detail}"
        failure = Failure(
            at=letter.at, conversation=conversation, service=letter.service, what=letter.code, detail=detail
        )
        self._failures.append(failure)

    def failures(self) -> tuple[Failure, ...]:
        """The newest first."""
        return tuple(sorted(self._failures, key=lambda one: -one.at))

    def in_flight(self, now: int) -> tuple[TurnInFlight, ...]:
        """The turns that are not over, the one that has waited longest first; forgets those that are long over.

        Args:
            now: microseconds since 1970.
        """
        self._turns.pop_quiet(now)
        found: list[TurnInFlight] = []
        for turn in list(self._turns):
            row = _row(turn)
            if row is not None:
                found.append(row)
            elif now - turn.last_stored > WINDOW:
                self._turns.remove(turn)
        return tuple(sorted(found, key=lambda one: one.since))

    def latencies(self, now: int) -> tuple[Latency, ...]:
        """Percentiles of each measure over the turns of the last minutes, in the order of the steps."""
        values: dict[str, list[int]] = {}
        for turn in self._turns:
            if turn.is_whole and now - turn.last_stored <= WINDOW:
                for measure, microseconds in measures(turn.timeline()).items():
                    values.setdefault(measure, []).append(microseconds)
        return tuple(_latency(measure, values[measure]) for measure in MEASURES if measure in values)


def _row(turn: RecentTurn) -> TurnInFlight | None:
    stage = turn.stage() if turn.is_whole else None
    if stage is None:
        return None
    return TurnInFlight(
        conversation=turn.conversation,
        turn=turn.id,
        character=turn.character,
        channel=turn.timeline().channel,
        step=stage.step,
        service=SERVICE_OF[stage.step],
        index=stage.index,
        since=stage.since,
    )


def _latency(measure: str, microseconds: list[int]) -> Latency:
    p50, p95 = np.percentile(microseconds, [50, 95]) / 1000
    return Latency(measure=measure, p50=round(float(p50), 1), p95=round(float(p95), 1), turns=len(microseconds))


def _failure(event: Event) -> Failure | None:
    match event.body:
        case StepFailed(service=service, code=what, detail=detail):
            pass
        case StepRepeated(service=service):
            what, detail = "taken over", "another worker did not finish its work"
        case ReplyFailed(code=what, detail=detail):
            service = "dialogue"
        case SpeechFailed(code=what, detail=detail):
            service = "tts"
        case FramesFailed(code=what, detail=detail):
            service = "render"
        case _:
            return None
    return Failure(at=event.at, conversation=event.conversation, service=service, what=what, detail=detail)
