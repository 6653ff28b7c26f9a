"""Folds the facts of one turn into its rows. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from bus.events import (
    MICROPHONE_RATE,
    SPEECH_RATE,
    Event,
    FaceRefused,
    FramesEnded,
    FramesFailed,
    PlaybackFinished,
    PlaybackProgress,
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
    ToolCalled,
    TranscriptCorrected,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
    tag_of,
)
from projections.analytics.tables import (
    EngineRow,
    FailureRow,
    Row,
    SentenceRow,
    StepRow,
    TakeoverRow,
    TokenRow,
    TurnRow,
    UtteranceRow,
)
from projections.replay.measures import Measure, measures
from projections.replay.timeline import Step, TurnTimeline
from projections.replay.turn_steps import TurnSteps

_SERVICE_OF_STEP = {
    "transcript": "stt", "first_sentence": "dialogue", "writing": "dialogue", "first_audio": "tts", "synthesis": "tts",
    "first_frame": "render", "drawing": "render",
}  # fmt: skip
_FIRST_OUTPUT = ("transcript", "first_sentence", "first_audio", "first_frame")
_SERVICE_OF_FAILURE = {ReplyFailed: "dialogue", SpeechFailed: "tts", FramesFailed: "render", FaceRefused: "render"}
FRAMES_A_SECOND = 25


@dataclass
class _Utterance:
    began: int
    samples: int | None = None
    speech_ended: int | None = None
    ended_by: str | None = None
    transcript: TranscriptFinal | None = None
    discarded: str | None = None
    truth: str | None = None


@dataclass
class _Sentence:
    body: ReplySentence
    at: int
    voice: SpeechStarted | None = None
    samples: int | None = None
    pictures: int | None = None
    played: int | None = None
    complete: bool = False


@dataclass
class _Turn:
    """What the rows of a turn need beside its steps."""

    replies: dict[str, ReplyStarted] = field(default_factory=dict)
    ended: dict[str, tuple[ReplyEnded, int]] = field(default_factory=dict)
    utterances: dict[str, _Utterance] = field(default_factory=dict)
    sentences: dict[tuple[str, int], _Sentence] = field(default_factory=dict)
    speeches: dict[str, tuple[str, int]] = field(default_factory=dict)
    """The sentence of each speech."""
    troubles: dict[str, FailureRow | TakeoverRow] = field(default_factory=dict)
    tools: set[str] = field(default_factory=set)
    interrupted: str | None = None
    reply_failed: bool = False


class TurnFold:
    """The facts of one turn so far.

    Args:
        began: time of its first fact on the log, microseconds since 1970: it says on which day its rows are filed.
    """

    def __init__(self, conversation: str, turn: str, began: int, *, copied: bool) -> None:
        self.conversation = conversation
        self.turn = turn
        self.began = began
        self.copied = copied
        self.seq = 0
        self.facts = 0
        """How many there were: a measure of the memory that this takes."""
        self._steps = TurnSteps(turn, began)
        self._turn = _Turn()

    def add(self, seq: int, event: Event) -> None:
        """Take the next fact; one of a sequence that was added already changes nothing."""
        if seq <= self.seq:
            return
        self.seq = seq
        self.facts += 1
        self._steps.add(event)
        turn = self._turn
        match event.body:
            case UtteranceStarted() | UtteranceEnded() | UtteranceDiscarded() | TranscriptFinal():
                self._add_utterance(event, event.body)
            case TranscriptCorrected() as body:
                self._add_utterance(event, body)
            case ReplyStarted() as body:
                turn.replies.setdefault(body.reply, body)
            case ReplySentence() as body:
                turn.sentences.setdefault((body.reply, body.index), _Sentence(body, event.at))
            case ReplyEnded() as body:
                turn.ended.setdefault(body.reply, (body, event.at))
            case ReplyInterrupted() as body:
                turn.interrupted = turn.interrupted or body.by
            case ToolCalled() as body:
                turn.tools.add(f"{body.reply} {body.call}")
            case SpeechStarted() | SpeechEnded() | FramesEnded() | PlaybackProgress() | PlaybackFinished():
                self._add_media(event.body)
        trouble = trouble_row(seq, event, copied=self.copied)
        if trouble is not None:
            turn.troubles.setdefault(event.id, trouble)
            turn.reply_failed = turn.reply_failed or isinstance(event.body, ReplyFailed)

    def _add_utterance(
        self,
        event: Event,
        body: UtteranceStarted | UtteranceEnded | UtteranceDiscarded | TranscriptFinal | TranscriptCorrected,
    ) -> None:
        utterance = self._turn.utterances.setdefault(body.utterance, _Utterance(event.at))
        match body:
            case UtteranceEnded():
                utterance.samples, utterance.speech_ended = body.samples, body.speech_ended
                utterance.ended_by = body.reason
            case UtteranceDiscarded():
                utterance.discarded = body.reason
            case TranscriptFinal():
                utterance.transcript = utterance.transcript or body
            case TranscriptCorrected():
                utterance.truth = body.text

    def _add_media(self, body: SpeechStarted | SpeechEnded | FramesEnded | PlaybackProgress | PlaybackFinished) -> None:
        speeches = self._turn.speeches
        if isinstance(body, SpeechStarted | SpeechEnded):
            speeches[body.speech] = (body.reply, body.index)
        place = speeches.get(body.speech)
        sentence = None if place is None else self._turn.sentences.get(place)
        if sentence is None:
            return
        match body:
            case SpeechStarted():
                sentence.voice = body
            case SpeechEnded(samples=samples):
                sentence.samples = samples
            case FramesEnded(frames=frames):
                sentence.pictures = frames
            case PlaybackProgress() | PlaybackFinished():
                sentence.played = max(sentence.played or 0, body.samples)
                sentence.complete = sentence.complete or (isinstance(body, PlaybackFinished) and body.complete)

    # Rows

    def rows(self) -> Iterator[Row]:
        """All rows of the turn, as far as its facts are known."""
        timeline = self._steps.turn()
        yield self._turn_row(timeline)
        yield from map(self._step_row, timeline.steps)
        yield from self._utterance_rows()
        yield from self._sentence_rows()
        yield from self._engine_rows(timeline)
        yield from self._turn.troubles.values()
        yield from self._token_rows()

    def _turn_row(self, timeline: TurnTimeline) -> TurnRow:
        turn = self._turn
        started = next(iter(turn.replies.values()), None)
        ended = next((body for body, _ in turn.ended.values()), None)
        heard = [one.transcript.language for one in turn.utterances.values() if one.transcript is not None]
        found = measures(timeline)

        def ms(name: Measure) -> float | None:
            return found[name] / 1000 if name in found else None

        return TurnRow(
            conversation=self.conversation, turn=self.turn, began=timeline.start, ended=timeline.end,
            channel=timeline.channel, spoken=timeline.spoken,
            character=None if started is None else started.character,
            language=(started.language if started is not None else "") or (heard[-1] if heard else None),
            engine=(ended.engine if ended is not None else "") or (started.engine if started is not None else None),
            sentences=sum(not one.body.notice for one in turn.sentences.values()),
            answer_ms=ms("answer"), endpoint_ms=ms("endpoint"), transcript_ms=ms("transcript"),
            first_sentence_ms=ms("first_sentence"), first_audio_ms=ms("first_audio"),
            playback_wait_ms=ms("playback_wait"), first_frame_ms=ms("first_frame"),
            interrupted=turn.interrupted, failed=turn.reply_failed,
            discarded=any(one.discarded for one in turn.utterances.values()),
            failures=sum(isinstance(one, FailureRow) for one in turn.troubles.values()),
            takeovers=sum(isinstance(one, TakeoverRow) for one in turn.troubles.values()),
            tools=len(turn.tools), copied=self.copied, seq=self.seq,
        )  # fmt: skip

    def _step_row(self, step: Step) -> StepRow:
        return StepRow(
            conversation=self.conversation, turn=self.turn, step=step.name, sentence=step.index, session=step.session,
            began=step.start, ended=step.end, ms=None if step.end is None else (step.end - step.start) / 1000,
            state=step.state, engine=step.engine or None, event=step.event, copied=self.copied, seq=self.seq,
        )  # fmt: skip

    def _utterance_rows(self) -> Iterator[UtteranceRow]:
        for name, one in self._turn.utterances.items():
            heard = one.transcript
            truth_words, errors = (None, None) if one.truth is None else _compared(one.truth, heard)
            yield UtteranceRow(
                conversation=self.conversation, turn=self.turn, utterance=name, began=one.began,
                language=None if heard is None else heard.language,
                engine=None if heard is None else heard.engine or None,
                confidence=None if heard is None else heard.confidence,
                words=0 if heard is None else len(heard.text.split()),
                confidences=() if heard is None else tuple(word.confidence for word in heard.words),
                samples=one.samples,
                speech_ms=None if one.speech_ended is None else one.speech_ended * 1000 / MICROPHONE_RATE,
                ended_by=one.ended_by, discarded=one.discarded, truth_words=truth_words, word_errors=errors,
                copied=self.copied, seq=self.seq,
            )  # fmt: skip

    def _sentence_rows(self) -> Iterator[SentenceRow]:
        for (reply, index), one in self._turn.sentences.items():
            voice, body = one.voice, one.body
            yield SentenceRow(
                conversation=self.conversation, turn=self.turn, reply=reply, sentence=index, began=one.at,
                character=body.character, language=body.language, emotion=body.emotion, characters=len(body.text),
                spoken=body.spoken, notice=body.notice, speech=None if voice is None else voice.speech,
                voice=None if voice is None else voice.voice, engine=None if voice is None else voice.engine,
                samples=one.samples, pictures=one.pictures, played=one.played, complete=one.complete,
                copied=self.copied, seq=self.seq,
            )  # fmt: skip

    def _engine_rows(self, timeline: TurnTimeline) -> Iterator[EngineRow]:
        work: dict[tuple[str, str], list[Step]] = defaultdict(list)
        for step in timeline.steps:
            service = _SERVICE_OF_STEP.get(step.name)
            if service is not None and step.engine and step.end is not None:
                work[service, step.engine].append(step)
        for (service, engine), steps in work.items():
            firsts = [step for step in steps if step.name in _FIRST_OUTPUT]
            first = min(firsts, key=lambda step: step.start, default=None)
            yield EngineRow(
                conversation=self.conversation, turn=self.turn, service=service, engine=engine, began=steps[0].start,
                pieces=len(firsts) or 1, first_ms=None if first is None else _ms(first),
                work_ms=sum(map(_ms, steps)), media_ms=self._media_ms(service, engine),
                failures=sum(step.state == "failed" for step in steps), copied=self.copied, seq=self.seq,
            )  # fmt: skip

    def _media_ms(self, service: str, engine: str) -> float | None:
        """Length of what an engine heard, spoke or drew."""
        turn = self._turn
        match service:
            case "stt":
                heard = [one for one in turn.utterances.values() if one.transcript and one.transcript.engine == engine]
                return sum(one.samples or 0 for one in heard) * 1000 / MICROPHONE_RATE
            case "tts":
                said = [one for one in turn.sentences.values() if one.voice and one.voice.engine == engine]
                return sum(one.samples or 0 for one in said) * 1000 / SPEECH_RATE
            case "render":
                return sum(one.pictures or 0 for one in turn.sentences.values()) * 1000 / FRAMES_A_SECOND
        return None

    def _token_rows(self) -> Iterator[TokenRow]:
        for reply, (body, at) in self._turn.ended.items():
            if not body.prompt_tokens and not body.reply_tokens:
                continue
            started = self._turn.replies.get(reply)
            engine = body.engine or (started.engine if started is not None else "")
            yield TokenRow(
                conversation=self.conversation, turn=self.turn, reply=reply, began=at, engine=engine,
                model=model_of(engine), prompt_tokens=body.prompt_tokens, reply_tokens=body.reply_tokens,
                copied=self.copied, seq=self.seq,
            )  # fmt: skip


def model_of(engine: str) -> str:
    """The model in the name of an engine, such as `gpt-5-mini` in `openai:gpt-5-mini@api.openai.com`."""
    return engine.rsplit("@", 1)[0].split(":", 1)[-1]


def trouble_row(seq: int, event: Event, *, copied: bool) -> FailureRow | TakeoverRow | None:
    """The row of a failure or a take-over; None for other facts."""
    retryable: bool | None = None
    match event.body:
        case StepRepeated() as body:
            return TakeoverRow(
                conversation=event.conversation, event=event.id, turn=event.turn, began=event.at, service=body.service,
                work=body.event, copied=copied, seq=seq,
            )  # fmt: skip
        case StepFailed() as body:
            service, retryable = body.service, body.retryable
        case ReplyFailed() | SpeechFailed() | FramesFailed() | FaceRefused() as body:
            service = _SERVICE_OF_FAILURE[type(body)]
        case _:
            return None
    return FailureRow(
        conversation=event.conversation, event=event.id, kind=tag_of(event.body), turn=event.turn, began=event.at,
        service=service, code=body.code, retryable=retryable, copied=copied, seq=seq,
    )  # fmt: skip


def _ms(step: Step) -> float:
    return 0.0 if step.end is None else (step.end - step.start) / 1000


def _compared(truth: str, heard: TranscriptFinal | None) -> tuple[int, int]:
    """Words that were said, and how many of them were not understood."""
    from projections.replay.word_error_rate import normalised_words, word_errors  # rare, and large

    language = "" if heard is None else heard.language
    said = normalised_words(truth, language)
    understood = [] if heard is None else normalised_words(heard.text, language)
    return len(said), word_errors(said, understood)
