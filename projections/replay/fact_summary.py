"""Summaries of facts in a few words, for lines of the terminal and lists of the page. Pure."""

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
    ReplyEnded,
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
from projections.printable import printable

_LONGEST = 160
_IDS = frozenset(("person", "owner", "session", "utterance", "message", "reply", "speech"))
"""Fields left out: the neighbouring lines show which facts belong together."""


def fact_summary(body: Body) -> str:
    """The most important fields of a fact; of a kind without a case here, all short fields except ids."""
    return printable(" ".join(_summary(body).split()))


def _summary(body: Body) -> str:
    match body:
        case MessageReceived():
            return f"{_quoted(body.text)} by {body.channel}"
        case TranscriptFinal():
            return f"{_quoted(body.text)} {body.language} {body.confidence:.2f} {body.engine}".rstrip()
        case UtteranceEnded():
            return f"{_seconds(body.samples, MICROPHONE_RATE)} {body.reason}"
        case ReplySentence():
            return f"{body.index} {_quoted(body.text)} {body.emotion}"
        case ReplyEnded():
            tokens = f"{body.prompt_tokens} tokens read, {body.reply_tokens} written" if body.reply_tokens else ""
            return " ".join(filter(None, (str(body.sentences), body.engine, tokens)))
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
            values = [str(value) for name, value in fields if name not in _IDS and isinstance(value, str | int | float)]
            return " ".join(filter(None, values))[:_LONGEST]


def _quoted(text: str) -> str:
    short = " ".join(text.split())
    return f'"{short if len(short) <= _LONGEST else short[: _LONGEST - 1] + "…"}"'


def _seconds(samples: int, rate: int) -> str:
    return f"{samples / rate:.2f} s"
