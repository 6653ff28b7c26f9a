"""The turns of all conversations that something happened in lately, for readers that follow the log. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from bus.events import (
    CommandRecognised,
    CommandRefused,
    Event,
    MessageReceived,
    PlaybackProgress,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    ReplySentence,
    ReplyStarted,
    SpeechFailed,
    SpeechStarted,
    UtteranceDiscarded,
    UtteranceStarted,
    VoiceNoteReceived,
)
from projections.replay.timeline import StepName, TurnTimeline
from projections.replay.turn_steps import TurnSteps

SERVICE_OF: dict[StepName, str] = {
    "speaking": "gateway", "endpoint": "gateway", "transcript": "stt", "first_sentence": "dialogue",
    "writing": "dialogue", "first_audio": "tts", "synthesis": "tts", "first_frame": "render", "drawing": "render",
    "playback_wait": "gateway", "playback": "gateway",
}  # fmt: skip
"""The service that takes the time of each step."""
_ENDED = (
    UtteranceDiscarded, CommandRecognised, CommandRefused, ReplyEnded, ReplyFailed, ReplyInterrupted, ReplyMerged
)  # fmt: skip
"""After one of these, no first sentence is waited for."""


@dataclass(frozen=True)
class Stage:
    """Where a turn is that is not over: the step under way, or the one that has not begun."""

    step: StepName
    since: int
    """Microseconds since 1970."""
    index: int | None
    """Of the sentence in its reply."""


@dataclass
class RecentTurn:
    """The facts of one turn so far."""

    conversation: str
    id: str
    first_sequence: int
    last_sequence: int = 0
    last_stored: int = 0
    """When the newest fact was stored, by the server's clock, microseconds since 1970."""
    facts: list[Event] = field(default_factory=list)
    """Without the progress of playback, of which only the newest is kept for each speech."""
    _progress: dict[tuple[str, str], int] = field(default_factory=dict)
    _timeline: tuple[int, TurnTimeline] | None = None

    def add(self, sequence: int, stored: int, event: Event) -> None:
        """Add a fact of this turn."""
        self.last_sequence, self.last_stored = sequence, max(stored, self.last_stored)
        if isinstance(event.body, PlaybackProgress):
            key = (event.body.session, event.body.speech)
            if key in self._progress:
                self.facts[self._progress[key]] = event
                return
            self._progress[key] = len(self.facts)
        self.facts.append(event)

    @property
    def is_whole(self) -> bool:
        """Whether its beginning is among the facts."""
        return any(isinstance(one.body, UtteranceStarted | MessageReceived | VoiceNoteReceived) for one in self.facts)

    @property
    def character(self) -> str:
        """Who answers; empty where nobody has begun to."""
        return next((one.body.character for one in self.facts if isinstance(one.body, ReplyStarted)), "")

    def timeline(self) -> TurnTimeline:
        """The turn's steps as far as its facts are known."""
        if self._timeline is None or self._timeline[0] != self.last_sequence:
            steps = TurnSteps(self.id, self.facts[0].at)
            for event in self.facts:
                steps.add(event)
            self._timeline = self.last_sequence, steps.turn()
        return self._timeline[1]

    def stage(self) -> Stage | None:
        """Where it is; None where it is over."""
        timeline = self.timeline()
        under_way = [step for step in timeline.steps if step.end is None]
        if under_way:
            newest = max(under_way, key=lambda step: step.start)
            return Stage(newest.name, newest.start, newest.index)
        if any(mark.kind in ("interrupted", "discarded") for mark in timeline.marks):
            return None
        if not any(isinstance(one.body, _ENDED) for one in self.facts):
            return Stage("first_sentence", self.facts[-1].at, None)
        return self._unvoiced()

    def _unvoiced(self) -> Stage | None:
        """The first sentence that has to be spoken and has no sound yet."""
        begun = {one.body.index for one in self.facts if isinstance(one.body, SpeechStarted | SpeechFailed)}
        for event in self.facts:
            body = event.body
            if isinstance(body, ReplySentence) and body.spoken and body.spoken_text != "" and body.index not in begun:
                return Stage("first_audio", event.at, body.index)
        return None


class RecentTurns:
    """Turns by the time of their newest fact.

    Args:
        quiet: microseconds without a fact after which a turn counts as over.
    """

    def __init__(self, quiet: int) -> None:
        self._quiet = quiet
        self._turns: OrderedDict[tuple[str, str], RecentTurn] = OrderedDict()

    def __iter__(self) -> Iterator[RecentTurn]:
        return iter(self._turns.values())

    def add(self, sequence: int, stored: int, event: Event) -> None:
        """Add a fact; one that belongs to no turn changes nothing.

        Args:
            stored: when the server stored it, microseconds since 1970.
        """
        if event.turn is None:
            return
        key = (event.conversation, event.turn)
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = RecentTurn(event.conversation, event.turn, sequence)
        turn.add(sequence, stored, event)
        self._turns.move_to_end(key)

    def pop_quiet(self, now: int) -> list[RecentTurn]:
        """Remove and return the turns that have been quiet for long enough, the oldest first."""
        found: list[RecentTurn] = []
        while self._turns:
            key, oldest = next(iter(self._turns.items()))
            if now - oldest.last_stored < self._quiet:
                break
            del self._turns[key]
            found.append(oldest)
        return found

    def remove(self, turn: RecentTurn) -> None:
        """Forget one turn."""
        self._turns.pop((turn.conversation, turn.id), None)

    def clear(self) -> None:
        """Forget all turns."""
        self._turns.clear()
