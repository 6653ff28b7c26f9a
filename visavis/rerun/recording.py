"""What was recorded of a conversation: what the person said, wrote and chose, and what came of it. Pure.

A re-run feeds the person's acts again, one turn after the other. Their ids stay, so the ids of what follows from them
are the same as in the recording, and so are the random seeds that engines get.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bus.events import (
    Body,
    CharacterChosen,
    CommandRecognised,
    CommandRefused,
    ConversationOpened,
    ConversationTitled,
    Event,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    ToolCalled,
    ToolReturned,
    TranscriptCorrected,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
    VoiceNoteReceived,
)

DialogueFact = (
    ReplyStarted | ReplySentence | ReplyEnded | ReplyFailed | ToolCalled | ToolReturned | CommandRecognised
    | CommandRefused | CharacterChosen | ConversationTitled
)  # fmt: skip
"""What the dialogue service publishes; a character chosen by hand has no cause."""


@dataclass
class RecordedTurn:
    """One turn of the recording."""

    id: str
    inputs: list[Event] = field(default_factory=list)
    """The person's acts, in order; before them what they chose by hand since the last turn."""
    transcript: Event | None = None
    """`transcript.final` or `utterance.discarded`."""
    dialogue: list[Event] = field(default_factory=list)
    """What the dialogue service made of the words."""
    interrupted: Event | None = None
    playback: list[Event] = field(default_factory=list)

    @property
    def utterance(self) -> UtteranceStarted | None:
        """What the person said; None where they wrote, or the recording could not be had."""
        return next((one.body for one in self.inputs if isinstance(one.body, UtteranceStarted)), None)

    def says(self, utterance: str) -> bool:
        """Whether it has this utterance."""
        return self.utterance is not None and self.utterance.utterance == utterance

    @property
    def has_words(self) -> bool:
        """Whether the turn has an utterance or a message, so that it can be fed again."""
        return any(isinstance(one.body, UtteranceStarted | MessageReceived) for one in self.inputs)


@dataclass
class Recording:
    """A whole conversation as it was recorded."""

    conversation: str
    opened: Event
    turns: list[RecordedTurn]
    facts: list[tuple[int, Event]]
    truth: dict[str, str]
    """What was really said, by utterance, as `visavis truth` gave it."""

    @property
    def person(self) -> str:
        body = self.opened.body
        return body.person if isinstance(body, ConversationOpened) else ""

    @property
    def characters(self) -> set[str]:
        """All characters that take part in it."""
        bodies = [event.body for _, event in self.facts]
        return {
            body.character
            for body in bodies
            if isinstance(body, ConversationOpened | CharacterChosen | ReplyStarted | ReplySentence)
        }


def read_recording(conversation: str, facts: Iterable[tuple[int, Event]]) -> Recording | None:
    """The recording of a conversation from its facts in order; None where it never began.

    A fact that is on the log twice counts once.
    """
    turns: dict[str, RecordedTurn] = {}
    opened: Event | None = None
    chosen: list[Event] = []
    listed, seen, truth = [], set[str](), dict[str, str]()
    for seq, event in facts:
        if event.id in seen:
            continue
        seen.add(event.id)
        listed.append((seq, event))
        body = event.body
        match body:
            case ConversationOpened():
                opened = opened or event
            case TranscriptCorrected():
                truth[body.utterance] = body.text
            case CharacterChosen() if event.cause is None:
                chosen.append(event)
            case _ if event.turn is not None:
                turn = turns.setdefault(event.turn, RecordedTurn(event.turn))
                if isinstance(body, UtteranceStarted | MessageReceived):
                    turn.inputs += chosen
                    chosen = []
                _add(turn, event, body)
    if opened is None:
        return None
    return Recording(conversation, opened, list(turns.values()), listed, truth)


def _add(turn: RecordedTurn, event: Event, body: Body) -> None:
    match body:
        case UtteranceStarted() | UtteranceEnded() | MessageReceived() | VoiceNoteReceived():
            turn.inputs.append(event)
        case TranscriptFinal() | UtteranceDiscarded():
            turn.transcript = turn.transcript or event
        case ReplyInterrupted():
            turn.interrupted = turn.interrupted or event
        case PlaybackStarted() | PlaybackProgress() | PlaybackFinished():
            turn.playback.append(event)
        case _ if isinstance(body, DialogueFact):
            turn.dialogue.append(event)


def sentences(events: Iterable[Event]) -> list[ReplySentence]:
    """The sentences among facts, by their index, each once; notices of failure are none."""
    found: dict[int, ReplySentence] = {}
    for event in events:
        if isinstance(event.body, ReplySentence) and not event.body.notice:
            found.setdefault(event.body.index, event.body)
    return [found[index] for index in sorted(found)]


def reply_text(events: Iterable[Event]) -> str:
    """The whole text of the reply among facts."""
    return "".join(f"{one.space_before}{one.text}" for one in sentences(events)).strip()


def transcript_text(event: Event | None) -> str | None:
    """The words of a transcript; empty where there were none, None where it is missing."""
    match event.body if event is not None else None:
        case TranscriptFinal(text=text):
            return text
        case UtteranceDiscarded():
            return ""
        case _:
            return None
