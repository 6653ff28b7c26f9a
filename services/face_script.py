"""Which state a face that does not speak is in, by the facts of its conversation. Pure.

It attends while the person speaks, thinks from then on until the voice answers, and nods where the person pauses. Every
change comes a little after its fact, as a person reacts: by then the fact is known to all who show the face, so that
all of them, and a replay, change at the same time.
"""

from __future__ import annotations

from collections import deque

from bus.events import (
    Event,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    ReplySentence,
    ReplyStarted,
    SessionClosed,
    SpeechStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
)
from services.backchannel import is_backchannel
from services.face_clips import FaceState

_SECOND = 1_000_000
_REACTION = _SECOND // 5
_PONDERS_AFTER = 45 * _SECOND // 100
"""After the end of an utterance: a prompt answer needs no thought."""
_RELAXES_AFTER = 8 * _SECOND // 10
"""After the start of a voice. By then its pictures are shown, which begin where the thinking face was."""
_UNDERSTANDS_WITHIN = 12 * _SECOND
"""After which nobody is thought to think about words that no reply has begun to."""
_THINKS_WITHIN = 60 * _SECOND
_NODS_AFTER = _SECOND // 2
"""After a pause, if the person has not ended by then."""
_NOD = 4 * _SECOND // 10
"""Long enough for one key frame."""
_BETWEEN_NODS = 2 * _SECOND


class FaceScript:
    """The state of the face of one conversation at a time, all times in microseconds since 1970 and ascending."""

    def __init__(self) -> None:
        self._state: FaceState = "idle"
        self._plan: deque[tuple[int, FaceState]] = deque()
        """What comes next, and when."""
        self._utterance = ""
        """That the person is speaking."""
        self._session: str | None = None
        """Which hears it."""
        self._turn: str | None = None
        """Which is thought about."""
        self._thinks_from = 0
        self._nod = -_BETWEEN_NODS

    def state(self, at: int) -> FaceState:
        """The state at a time."""
        while self._plan and self._plan[0][0] <= at:
            self._state = self._plan.popleft()[1]
        return self._state

    def nods(self, at: int) -> bool:
        """Whether the face nods, if it listens."""
        return self._nod <= at < self._nod + _NOD and self._utterance != ""

    def pause(self, utterance: str, at: int) -> None:
        """The person pauses where what they said may be complete: `transcript_stable`."""
        if utterance == self._utterance and at + _NODS_AFTER >= self._nod + _BETWEEN_NODS:
            self._nod = at + _NODS_AFTER

    def add(self, event: Event) -> None:
        """Take the next fact into account."""
        at, body = event.at, event.body
        match body:
            case UtteranceStarted(session=str() as session, utterance=utterance):
                self._utterance, self._session, self._turn = utterance, session, None
                self._go(at, (at + _REACTION, "listening"))
            case UtteranceEnded(utterance=self._utterance) if self._utterance:
                self._utterance = ""
                self._think(event, at + _PONDERS_AFTER, _UNDERSTANDS_WITHIN)
            case UtteranceDiscarded(utterance=utterance) if self._is_about(event, utterance):
                self._rest(at)
            case SessionClosed(session=session) if self._utterance and session == self._session:
                self._rest(at)
            case MessageReceived():
                self._think(event, at + _REACTION, _UNDERSTANDS_WITHIN)
            case _ if self._utterance or self._turn is None or event.turn != self._turn:
                pass  # the person speaks, or it is about something else
            case TranscriptFinal(text=text):
                if is_backchannel(text):
                    self._go(at, (at + _REACTION, "idle"))  # an answer may follow all the same
                else:
                    self._think(event, self._thinks_from, _UNDERSTANDS_WITHIN)
            case ReplyStarted():
                self._think(event, self._thinks_from, _THINKS_WITHIN)
            case SpeechStarted():
                self._rest(at, _RELAXES_AFTER)
            case ReplySentence(spoken=False) | ReplyEnded(sentences=0):
                self._rest(at)
            case ReplyFailed() | ReplyInterrupted() | ReplyMerged():
                self._rest(at)
            case _:
                pass

    def _is_about(self, event: Event, utterance: str) -> bool:
        return utterance == self._utterance or (not self._utterance and event.turn == self._turn)

    def _think(self, event: Event, since: int, most: int) -> None:
        self._turn, self._thinks_from = event.turn, since
        self._go(event.at, (max(since, event.at), "thinking"), (event.at + most, "idle"))

    def _rest(self, at: int, after: int = _REACTION) -> None:
        self._utterance, self._turn = "", None
        self._go(at, (at + after, "idle"))

    def _go(self, at: int, *plan: tuple[int, FaceState]) -> None:
        """Do this from now on, in place of what was to come."""
        self.state(at)
        self._plan = deque(plan)
