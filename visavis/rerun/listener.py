"""A listener in the browser's place: says when each sentence of a re-run would be heard, and where it is cut. Pure.

Nobody listens to a re-run, but the next words of the person follow what they heard before, and the latency of an answer
ends with its first sound. Sentences are heard one after the other, each from its first sound on. Where the recorded
reply was interrupted, the new one is cut after as many words as the person had heard of the recorded one: not after the
same time, because voices differ in pace and the language model is told the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from msgspec import structs

from bus import clock
from bus.events import (
    SPEECH_RATE,
    Body,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    ReplyInterrupted,
    ReplySentence,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
)
from bus.ids import derive_id
from bus.stamping import new_event

SESSION = "rerun"
"""Of the playback facts."""
_SECOND = 1_000_000


@dataclass
class _Sentence:
    body: ReplySentence
    event: Event
    started: Event | None = None
    samples: int | None = None
    ended_at: int = 0
    silent: bool = False
    """It is only shown, or could not be spoken."""
    heard: bool = False


@dataclass
class Listener:
    """Listens to the reply of one turn.

    Args:
        words: after which the person interrupts; None: they do not.
        by: how they interrupted the recorded reply.
    """

    conversation: str
    turn: str
    words: int | None
    by: str = "speech"
    sounds: Mapping[str, int] | None = None
    """When the first sound of each speech was stored, filled from outside; None: there is no voice, and sentences are
    read as they come."""
    free_from: int = 0
    """When the sentence before has been heard to its end, microseconds since 1970; ahead of the clock where the re-run
    is faster than speech."""
    interrupted: bool = False
    heard_words: int = 0
    _sentences: dict[int, _Sentence] = field(default_factory=dict)
    _heard: list[str] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """Take a fact of the reply into account."""
        match event.body:
            case ReplySentence() as body:
                silent = self.sounds is None or body.spoken_text == ""
                self._sentences.setdefault(body.index, _Sentence(body, event, silent=silent))
            case SpeechStarted(index=index) if index in self._sentences:
                self._sentences[index].started = event
            case SpeechEnded(index=index, samples=samples) if index in self._sentences:
                one = self._sentences[index]
                one.samples, one.ended_at = samples, event.at
            case SpeechFailed(index=index) if index in self._sentences:
                self._sentences[index].silent = True

    @property
    def waiting(self) -> bool:
        """Whether a sentence is on its way that has not been spoken to its end."""
        return not self.interrupted and any(not one.heard for one in self._sentences.values())

    @property
    def reply(self) -> str:
        return next((one.body.reply for one in self._sentences.values()), "")

    def hear(self) -> Iterator[Event]:
        """The facts of what has been heard since the last call: playback, and the interruption where it is reached."""
        if self.words == 0 and self._sentences and not self.interrupted:
            yield from self._interrupt(clock.now())
        for index in sorted(self._sentences):
            one = self._sentences[index]
            if one.heard:
                continue
            if self.interrupted or not (one.silent or one.samples is not None):
                return
            one.heard = True
            count = len(one.body.text.split())
            cut = self.words is not None and self.words < self.heard_words + count
            said = one.body.text.split()[: self.words - self.heard_words] if cut and self.words is not None else None
            share = 1.0 if said is None else len(said) / max(1, count)
            until = clock.now() if one.silent else 0
            if not one.silent:
                events, until = self._played(one, share)
                yield from events
            self.heard_words += count if said is None else len(said)
            self._heard.append(f"{one.body.space_before}{one.body.text if said is None else ' '.join(said)}")
            if cut:
                yield from self._interrupt(until)

    def _played(self, one: _Sentence, share: float) -> tuple[list[Event], int]:
        assert one.started is not None
        assert one.samples is not None
        if not one.samples:
            return [], self.free_from  # nothing of it is said aloud
        samples = one.samples if share == 1 else int(one.samples * share)
        sound_at = (self.sounds or {}).get(_speech(one.started), one.started.at)
        start = max(sound_at, self.free_from)
        # A voice slower than speech holds up its own sentence.
        end = max(start + samples * _SECOND // SPEECH_RATE, one.ended_at if share == 1 else 0)
        self.free_from = end
        names = {
            "session": SESSION, "speech": _speech(one.started), "reply": one.body.reply, "index": one.body.index,
        }  # fmt: skip
        began = PlaybackStarted(**names, video=False)  # type: ignore[arg-type]
        finished = PlaybackFinished(**names, samples=samples, complete=share == 1)  # type: ignore[arg-type]
        return [self._event(began, one.started, start), self._event(finished, one.started, end)], end

    def _event(self, body: Body, cause: Event, at: int) -> Event:
        id_ = derive_id(_speech(cause), SESSION, type(body).__name__)
        event = new_event(body, conversation=self.conversation, event_id=id_, turn=self.turn, cause=cause.id)
        return _at(event, at)

    def _interrupt(self, at: int) -> Iterator[Event]:
        self.interrupted = True
        body = ReplyInterrupted(reply=self.reply, heard="".join(self._heard).strip(), by=self.by)  # type: ignore[arg-type]
        id_ = derive_id(self.reply, "interrupted")
        event = new_event(body, conversation=self.conversation, event_id=id_, turn=self.turn)
        yield _at(event, max(at, event.at))


def _at(event: Event, at: int) -> Event:
    return structs.replace(event, at=at)


def _speech(started: Event) -> str:
    body = started.body
    assert isinstance(body, SpeechStarted)
    return body.speech
