"""Collects the facts of one turn and makes its steps, marks and sounds of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bus.events import (
    MICROPHONE_RATE,
    SPEECH_RATE,
    Event,
    FramesEnded,
    FramesFailed,
    FramesStarted,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    StepFailed,
    StepRepeated,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
    VoiceNoteReceived,
)
from projections.replay.timeline import Clip, Mark, Step, StepName, StepState, TurnTimeline

_SECOND = 1_000_000


@dataclass(slots=True)
class _Bar:
    """A step under way or ended."""

    name: StepName
    start: int
    event: str
    index: int | None = None
    session: str | None = None
    end: int | None = None
    state: StepState = "open"
    engine: str = ""

    def finish(self, event: Event, state: StepState = "done") -> None:
        if self.end is None:
            self.end, self.state, self.event = max(event.at, self.start), state, event.id


@dataclass(slots=True)
class _Played:
    """One sound of the character in one session."""

    session: str
    start: int
    samples: int = 0
    finished: bool = False
    complete: bool = False


@dataclass(slots=True)
class _Sentence:
    index: int
    at: int = 0
    text: str = ""
    character: str = ""
    speech: str = ""
    sound_at: int = 0
    samples: int | None = None
    played: list[_Played] = field(default_factory=list)


class TurnSteps:
    """The facts of one turn so far, in any order that the log may have them in."""

    def __init__(self, turn: str, at: int) -> None:
        self.id = turn
        self._start = self._end = at
        self._channel = "web"
        self._spoken = False
        self._seen: set[str] = set()
        self._bars: dict[tuple[StepName, int | None, str | None], _Bar] = {}
        self._marks: list[Mark] = []
        self._utterance: UtteranceStarted | None = None
        self._ended: tuple[UtteranceEnded, int] | None = None
        self._words_at: int | None = None
        self._words = ""
        self._engine = ""
        self._sentences: dict[int, _Sentence] = {}
        self._indices: dict[str, int] = {}
        """Index of the sentence by its speech: facts of pictures name only that."""
        self._interrupted: Event | None = None

    def add(self, event: Event) -> None:
        """Take a fact of this turn into account; one that is on the log twice counts once."""
        if event.id in self._seen:
            return
        self._seen.add(event.id)
        self._start, self._end = min(self._start, event.at), max(self._end, event.at)
        match event.body:
            case UtteranceStarted() | UtteranceEnded() | UtteranceDiscarded() | TranscriptFinal():
                self._add_utterance(event, event.body)
            case MessageReceived() | VoiceNoteReceived():
                self._add_message(event, event.body)
            case ReplyStarted() | ReplySentence() | ReplyEnded() | ReplyInterrupted() | ReplyFailed():
                self._add_reply(event, event.body)
            case SpeechStarted() | SpeechEnded() | SpeechFailed():
                self._add_speech(event, event.body)
            case FramesStarted() | FramesEnded() | FramesFailed():
                self._add_frames(event, event.body)
            case PlaybackStarted() | PlaybackProgress() | PlaybackFinished():
                self._add_playback(event, event.body)
            case StepRepeated(service=service):
                self._mark("taken_over", event, service)
            case StepFailed(service=service, detail=detail):
                self._mark("failed", event, service, detail)

    # Facts

    def _add_utterance(
        self, event: Event, body: UtteranceStarted | UtteranceEnded | UtteranceDiscarded | TranscriptFinal
    ) -> None:
        match body:
            case UtteranceStarted():
                self._utterance = body
                self._spoken = True
                if body.session is not None:
                    self._begin("speaking", event)
            case UtteranceEnded():
                self._ended = (body, event.at)
                self._end_speech(event, body)
            case UtteranceDiscarded():
                self._finish("speaking", event)
                self._finish("transcript", event, "failed" if body.reason == "unreadable" else "done")
                self._mark("discarded", event, "", body.detail or body.reason)
            case TranscriptFinal():
                self._words_at, self._words = event.at, body.text
                # The recogniser has the last sound before the end of the utterance is stored, and may be done earlier.
                transcript = self._begin("transcript", event)
                transcript.start = min(transcript.start, event.at)
                transcript.finish(event)
                transcript.engine = body.engine
                endpoint = self._bars.get(("endpoint", None, None))
                if endpoint is not None and endpoint.end is not None:
                    endpoint.end = max(endpoint.start, min(endpoint.end, event.at))

    def _end_speech(self, event: Event, body: UtteranceEnded) -> None:
        """The end of an utterance: of a live one the sound tells when the person fell silent."""
        transcript = self._begin("transcript", event)
        transcript.start = min(transcript.start, event.at)
        if self._utterance is None or self._utterance.session is None:
            return
        first = event.at - body.samples * _SECOND // MICROPHONE_RATE
        silent = event.at - (body.samples - body.speech_ended) * _SECOND // MICROPHONE_RATE
        speaking = self._begin("speaking", event)
        speaking.start, speaking.end, speaking.state, speaking.event = first, silent, "done", event.id
        endpoint = self._begin("endpoint", event, start=silent)
        endpoint.finish(event)
        endpoint.end = max(silent, transcript.start)
        self._start = min(self._start, first)

    def _add_message(self, event: Event, body: MessageReceived | VoiceNoteReceived) -> None:
        if isinstance(body, MessageReceived):
            self._channel = body.channel
            self._words_at, self._words = event.at, body.text
        else:
            self._channel, self._spoken = body.origin.channel, True

    def _add_reply(
        self, event: Event, body: ReplyStarted | ReplySentence | ReplyEnded | ReplyInterrupted | ReplyFailed
    ) -> None:
        match body:
            case ReplyStarted(engine=engine):
                self._engine = engine
                start = event.at if self._words_at is None else self._words_at
                self._begin("first_sentence", event, start=start, engine=engine)
            case ReplySentence():
                sentence = self._sentence(body.index)
                sentence.at, sentence.character = event.at, body.character
                sentence.text = body.text if body.spoken_text is None else body.spoken_text
                self._finish("first_sentence", event)
                self._begin("writing", event, engine=self._engine)
            case ReplyEnded(engine=engine):
                self._finish("writing", event, engine=engine)
            case ReplyInterrupted():
                self._interrupted = self._interrupted or event
                self._mark("interrupted", event, "", body.by)
            case ReplyFailed(detail=detail):
                self._finish("first_sentence", event, "failed")
                self._finish("writing", event, "failed")
                self._mark("failed", event, "dialogue", detail)

    def _add_speech(self, event: Event, body: SpeechStarted | SpeechEnded | SpeechFailed) -> None:
        index = body.index
        sentence = self._sentence(index)
        sentence.speech = body.speech
        self._indices[body.speech] = index
        match body:
            case SpeechStarted(engine=engine):
                sentence.sound_at, sentence.character = event.at, body.character
                self._begin("first_audio", event, index, start=sentence.at or event.at, engine=engine).finish(event)
                self._begin("synthesis", event, index, engine=engine)
            case SpeechEnded(samples=samples):
                sentence.samples = samples
                self._finish("synthesis", event, index=index)
            case SpeechFailed(detail=detail):
                if sentence.sound_at:
                    self._finish("synthesis", event, "failed", index=index)
                else:
                    self._begin("first_audio", event, index, start=sentence.at or event.at).finish(event, "failed")
                self._mark("failed", event, "tts", detail)

    def _add_frames(self, event: Event, body: FramesStarted | FramesEnded | FramesFailed) -> None:
        index = self._indices.get(body.speech)
        if index is None:
            return
        sentence = self._sentences[index]
        match body:
            case FramesStarted(engine=engine):
                self._begin("first_frame", event, index, start=sentence.sound_at, engine=engine).finish(event)
                self._begin("drawing", event, index, engine=engine)
            case FramesEnded():
                self._finish("drawing", event, index=index)
            case FramesFailed(detail=detail):
                if ("drawing", index, None) not in self._bars:
                    self._begin("first_frame", event, index, start=sentence.sound_at)
                    self._finish("first_frame", event, "failed", index=index)
                self._finish("drawing", event, "failed", index=index)
                self._mark("failed", event, "render", detail)

    def _add_playback(self, event: Event, body: PlaybackStarted | PlaybackProgress | PlaybackFinished) -> None:
        sentence = self._sentence(body.index)
        played = next((one for one in reversed(sentence.played) if one.session == body.session), None)
        if isinstance(body, PlaybackStarted):
            start = sentence.sound_at or event.at
            self._begin("playback_wait", event, body.index, body.session, start=start).finish(event)
            self._begin("playback", event, body.index, body.session)
            sentence.played.append(_Played(body.session, event.at))
        elif played is not None:
            played.samples = max(played.samples, body.samples)
            if isinstance(body, PlaybackFinished):
                played.finished, played.complete = True, body.complete
                state: StepState = "done" if body.complete else "interrupted"
                self._finish("playback", event, state, index=body.index, session=body.session)

    # Steps

    def _sentence(self, index: int) -> _Sentence:
        sentence = self._sentences.get(index)
        if sentence is None:
            sentence = self._sentences[index] = _Sentence(index)
        return sentence

    def _begin(
        self, name: StepName, event: Event, index: int | None = None, session: str | None = None, *,
        start: int | None = None, engine: str = "",
    ) -> _Bar:  # fmt: skip
        began = event.at if start is None else min(start, event.at)
        return self._bars.setdefault(
            (name, index, session), _Bar(name, began, event.id, index, session, engine=engine)
        )

    def _finish(
        self, name: StepName, event: Event, state: StepState = "done", *, index: int | None = None,
        session: str | None = None, engine: str = "",
    ) -> None:  # fmt: skip
        bar = self._bars.get((name, index, session))
        if bar is not None:
            bar.finish(event, state)
            bar.engine = engine or bar.engine

    def _mark(
        self, kind: Literal["interrupted", "taken_over", "failed", "discarded"], event: Event, service: str,
        detail: str = "",
    ) -> None:  # fmt: skip
        self._marks.append(Mark(kind=kind, at=event.at, event=event.id, service=service, detail=detail))

    # Results

    def turn(self) -> TurnTimeline:
        """The turn as far as its facts are known."""
        steps = sorted((self._step(bar) for bar in self._bars.values()), key=lambda step: (step.start, step.end or 0))
        ends = [step.end for step in steps if step.end is not None]
        return TurnTimeline(
            id=self.id,
            start=min([self._start, *(step.start for step in steps)]),
            end=max([self._end, *ends]),
            channel=self._channel,
            spoken=self._spoken,
            steps=tuple(steps),
            marks=tuple(sorted(self._marks, key=lambda mark: mark.at)),
        )

    def _step(self, bar: _Bar) -> Step:
        end, state = bar.end, bar.state
        if end is None and self._interrupted is not None and bar.start <= self._interrupted.at:
            end, state = self._interrupted.at, "interrupted"
        return Step(
            name=bar.name, start=bar.start, end=end, index=bar.index, session=bar.session, state=state,
            engine=bar.engine, event=bar.event,
        )  # fmt: skip

    def clips(self) -> list[Clip]:
        """The sounds of the turn, those that were not played after one another."""
        found: list[Clip] = []
        if self._ended is not None and self._utterance is not None and self._ended[0].samples:
            body, at = self._ended
            start = at - body.samples * _SECOND // MICROPHONE_RATE
            said = Clip(
                kind="person", id=body.utterance, turn=self.id, start=start, samples=body.samples, text=self._words
            )
            found.append(said)
        free_from = 0
        for sentence in sorted(self._sentences.values(), key=lambda one: one.index):
            if not sentence.speech or not sentence.sound_at:
                continue
            for clip in self._speech_clips(sentence, free_from):
                found.append(clip)
                free_from = max(free_from, clip.start + clip.samples * _SECOND // SPEECH_RATE)
        return found

    def _speech_clips(self, sentence: _Sentence, free_from: int) -> list[Clip]:
        def clip(start: int, samples: int, *, played: bool) -> Clip:
            return Clip(
                kind="character", id=sentence.speech, turn=self.id, start=start, samples=samples, text=sentence.text,
                character=sentence.character or None, index=sentence.index, played=played,
            )  # fmt: skip

        if not sentence.played:
            return [clip(max(sentence.sound_at, free_from), sentence.samples, played=False)] if sentence.samples else []
        found: list[Clip] = []
        end = 0
        for one in sorted(sentence.played, key=lambda one: one.start):
            samples = one.samples if one.finished else max(one.samples, self._expected(sentence, one))
            # Another tab plays the same sound at the same time; one that comes later takes up what was lost.
            if samples and one.start >= end:
                found.append(clip(one.start, samples, played=True))
                end = one.start + samples * _SECOND // SPEECH_RATE
        return found

    def _expected(self, sentence: _Sentence, played: _Played) -> int:
        """Samples that a playback without an end has come to, as far as can be told."""
        if self._interrupted is None or sentence.samples is None:
            return sentence.samples or 0
        until = max(0, self._interrupted.at - played.start) * SPEECH_RATE // _SECOND
        return min(sentence.samples, until)
