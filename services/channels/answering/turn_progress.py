"""How far a turn that came in through a channel has got, folded from the facts after it. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bus.events import (
    CommandName,
    CommandRecognised,
    CommandRefused,
    Event,
    FramesEnded,
    FramesFailed,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    VoiceNoteReceived,
)
from bus.ids import reply_id
from services.command_phrases import UNANSWERED

Outcome: TypeAlias = Literal["discarded", "gave_way", "overtaken", "command", "ended", "failed", "interrupted"]
"""discarded: nothing was understood; gave_way: newer words were answered before these were known, and their answer is
not to wait; overtaken: newer words are answered in its place; command: one without a reply."""

_ReplyFact: TypeAlias = ReplyStarted | ReplySentence | ReplyEnded | ReplyFailed | ReplyInterrupted
_SpeechFact: TypeAlias = SpeechStarted | SpeechEnded | SpeechFailed


class TurnProgress:
    """Takes the facts after a message or a recording, one after the other.

    Attributes:
        words: id of the event with the person's words; "": they are not known yet.
        transcript: of a recording.
        ended_at: when the reply ended, microseconds since 1970; 0: it has not.
        resumed: whether it went on after it had given way, or had failed: its dead letter was requeued.
        sentences: of the reply, by index.
        speeches: ids of their speeches, by index.
        samples: lengths of the speeches that have ended, by index.
        unspoken: indices of the sentences that could not be spoken.
        frames: of each speech whose pictures have ended: their number, 0 where they failed.
    """

    def __init__(self, event: Event) -> None:
        body = event.body
        assert isinstance(body, MessageReceived | VoiceNoteReceived)
        self.words = event.id if isinstance(body, MessageReceived) else ""
        self._utterance = body.utterance if isinstance(body, VoiceNoteReceived) else ""
        self._later_words: set[str] = set()
        self.transcript: TranscriptFinal | None = None
        self.discarded: UtteranceDiscarded | None = None
        self.command: CommandName | None = None
        self.started: ReplyStarted | None = None
        self.outcome: Outcome | None = None
        self.ended_at = 0
        self.resumed = False
        self.sentences: dict[int, ReplySentence] = {}
        self.speeches: dict[int, str] = {}
        self.samples: dict[int, int] = {}
        self.unspoken: set[int] = set()
        self.frames: dict[str, int] = {}

    @property
    def reply(self) -> str:
        """Id of the reply, whether there is one yet or not; empty: the words are not known yet."""
        return reply_id(self.words) if self.words else ""

    @property
    def language(self) -> str:
        """BCP-47 tag of the person's words, as far as it is known; else empty."""
        if self.started is not None and self.started.language:
            return self.started.language
        return self.transcript.language if self.transcript is not None else ""

    def apply(self, event: Event) -> bool:
        """Take the next fact; returns whether the turn has got further by it."""
        body = event.body
        match body:
            case TranscriptFinal(utterance=utterance) if self._utterance and utterance == self._utterance:
                if self.transcript is not None:
                    return False
                self.transcript, self.words = body, event.id
                self._later_words.clear()
                self._resume()
                return True
            case UtteranceDiscarded(utterance=utterance) if utterance == self._utterance and self.transcript is None:
                self._resume()
                self.discarded, self.outcome = body, "discarded"
                return True
            case TranscriptFinal() | MessageReceived():
                self._later_words.add(event.id)
                return False
            case ReplyEnded() | ReplyFailed() if not self.words and event.cause in self._later_words:
                self.outcome = self.outcome or "gave_way"
                return True
            case ReplyStarted() | CommandRecognised() | CommandRefused() | ReplyFailed() if (
                self.words and event.cause in self._later_words
            ):
                # The dialogue takes the words of a conversation in their order.
                if self.outcome is not None or self.started is not None or self.command is not None:
                    return False
                self.outcome = "overtaken"
                return True
            case CommandRecognised(name=name) | CommandRefused(name=name) if event.cause == self.words:
                self.command = name
                if name in UNANSWERED and isinstance(body, CommandRecognised):
                    self.outcome = "command"
                return True
            case FramesEnded() | FramesFailed() if body.speech in self.speeches.values():
                self.frames[body.speech] = body.frames if isinstance(body, FramesEnded) else 0
                return True
            case ReplyStarted() | ReplySentence() | ReplyEnded() | ReplyFailed() | ReplyInterrupted():
                return body.reply == self.reply != "" and self._apply_reply(body, event.at)
            case SpeechStarted() | SpeechEnded() | SpeechFailed():
                return body.reply == self.reply != "" and self._apply_speech(body)
        return False

    def _resume(self) -> None:
        self.resumed = self.resumed or self.outcome is not None
        self.outcome = None

    def _apply_reply(self, body: _ReplyFact, at: int) -> bool:
        match body:
            case ReplyStarted():
                self.started = self.started or body
            case ReplySentence(index=index):
                self.sentences.setdefault(index, body)
            case ReplyEnded():
                if self.outcome == "interrupted":
                    return False
                self._resume()
                self.outcome, self.ended_at = "ended", at
            case ReplyFailed():
                if self.outcome in ("ended", "interrupted"):
                    return False
                self.outcome = "failed"
            case ReplyInterrupted():
                self.outcome = "interrupted"
        return True

    def _apply_speech(self, body: _SpeechFact) -> bool:
        self.speeches[body.index] = body.speech
        match body:
            case SpeechEnded(index=index, samples=samples, complete=complete):
                self.samples[index] = samples
                if complete:
                    self.unspoken.discard(index)
                else:
                    self.unspoken.add(index)  # what the voice leaves out is to be read
            case SpeechFailed(index=index):
                if index not in self.samples:
                    self.unspoken.add(index)
            case SpeechStarted():
                pass
        return True

    def told(self) -> list[ReplySentence]:
        """The sentences that the person is to get: of a reply that failed, the notice that says so."""
        failed = self.outcome == "failed"
        return [one for _, one in sorted(self.sentences.items()) if one.notice == failed]

    def awaited_speeches(self) -> list[int]:
        """Indices of the sentences to be spoken whose speech has neither ended nor failed."""
        return [
            one.index
            for one in self.told()
            if is_spoken(one) and one.index not in self.samples and one.index not in self.unspoken
        ]

    def awaited_frames(self) -> list[int]:
        """Indices of the spoken sentences whose pictures have neither ended nor failed."""
        return [
            one.index
            for one in self.told()
            if self.samples.get(one.index) and self.speeches[one.index] not in self.frames
        ]


def is_spoken(sentence: ReplySentence) -> bool:
    """Whether the voice is to say a sentence."""
    return sentence.spoken and sentence.spoken_text != ""
