"""What matters in a fact, in a few words: the middle of a line of `visavis tail`."""

from __future__ import annotations

import msgspec

from bus.events import (
    MICROPHONE_RATE,
    SPEECH_RATE,
    Body,
    FramesFailed,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    StepFailed,
    StepRepeated,
    TranscriptFinal,
    UtteranceEnded,
)

_LONGEST = 160
_IDS = frozenset(("person", "session", "utterance", "message", "reply", "speech"))
"""Of no use to a reader: the lines around it say what belongs together."""


def content(body: Body) -> str:
    """The key content of a fact; of kinds without a form of their own, all short fields but ids."""
    match body:
        case MessageReceived():
            return f"{_quoted(body.text)} by {body.channel}"
        case TranscriptFinal():
            return f"{_quoted(body.text)} {body.language} {body.confidence:.2f} {body.engine}".rstrip()
        case UtteranceEnded():
            return f"{_seconds(body.samples, MICROPHONE_RATE)} {body.reason}"
        case ReplySentence():
            return f"{body.index} {_quoted(body.text)} {body.emotion}"
        case ReplyInterrupted():
            return f"by {body.by}, heard {_quoted(body.heard)}"
        case SpeechStarted():
            return f"{body.index} {body.voice} {body.engine}"
        case SpeechEnded():
            return f"{body.index} {_seconds(body.samples, SPEECH_RATE)} {len(body.visemes)} visemes"
        case PlaybackStarted():
            return f"{body.index} {'with' if body.video else 'without'} video"
        case PlaybackProgress():
            return f"{body.index} {_seconds(body.samples, SPEECH_RATE)}"
        case PlaybackFinished():
            end = "complete" if body.complete else "cut short"
            return f"{body.index} {_seconds(body.samples, SPEECH_RATE)} {body.frames} frames {end}"
        case ReplyFailed() | SpeechFailed() | FramesFailed():
            return f"{body.code}: {body.detail}"
        case StepRepeated():
            return f"{body.service} takes over"
        case StepFailed():
            return f"{body.service} {body.code}: {body.detail}"
        case _:
            fields = msgspec.structs.asdict(body).items()
            values = [value for name, value in fields if name not in _IDS and isinstance(value, str | int | float)]
            return " ".join(map(str, values))[:_LONGEST]


def _quoted(text: str) -> str:
    short = " ".join(text.split())
    return f'"{short if len(short) <= _LONGEST else short[: _LONGEST - 1] + "…"}"'


def _seconds(samples: int, rate: int) -> str:
    return f"{samples / rate:.2f} s"
