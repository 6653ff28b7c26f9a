"""The person's part of a turn: what was said or written, through whichever channel. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bus.events import (
    MessageReceived,
    Origin,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
    VoiceNoteReceived,
)

PersonFact: TypeAlias = (
    UtteranceStarted | UtteranceEnded | UtteranceDiscarded | TranscriptFinal | MessageReceived | VoiceNoteReceived
)
PersonPartKind: TypeAlias = Literal["speech", "text"]
PersonPartState: TypeAlias = Literal["listening", "transcribing", "final", "discarded", "heard_twice"]


class PersonPart(Struct, frozen=True, kw_only=True, gc=False):
    """The person's part of a turn."""

    kind: PersonPartKind
    text: str = ""
    state: PersonPartState = "listening"
    input_id: str = ""
    """Id of the newest utterance or message in it."""
    channel: str = "web"  # where it was said or written
    error: str | None = None
    """Why an utterance was discarded, in words for the person; None: they are not told more than that."""


def input_id(body: PersonFact) -> str:
    """The id of the utterance or message that a fact is about."""
    return body.message if isinstance(body, MessageReceived) else body.utterance


def fold_person_part(part: PersonPart | None, body: PersonFact) -> PersonPart:
    """The person's part after a fact of it; None: this is the first one."""
    name = input_id(body)
    if part is None:
        kind: PersonPartKind = "text" if isinstance(body, MessageReceived) else "speech"
        part = PersonPart(kind=kind, input_id=name, channel=_channel(body))
    # The person may go on speaking in the same turn: the text of a second utterance is appended.
    repeated = part.input_id == name and part.state in ("final", "discarded", "heard_twice")
    if repeated and part.state != "final" and isinstance(body, TranscriptFinal):
        repeated = False  # its dead letter was requeued, and it was transcribed after all
    match body:
        case UtteranceStarted() | VoiceNoteReceived() if not repeated:
            return replace(part, input_id=name, state="listening")
        case UtteranceEnded() if not repeated:
            return replace(part, input_id=name, state="transcribing")
        case UtteranceDiscarded(reason=reason, detail=detail) if not repeated:
            state: PersonPartState = "heard_twice" if reason == "heard_twice" else "discarded"
            return replace(part, input_id=name, state="final" if part.text else state, error=detail or None)
        case TranscriptFinal(text=text) | MessageReceived(text=text) if not repeated:
            words = text.strip()
            text = f"{part.text} {words}" if part.text else words
            return replace(part, input_id=name, state="final", text=text, error=None)
    return part


def _channel(body: PersonFact) -> str:
    match body:
        case MessageReceived(channel=channel) | VoiceNoteReceived(origin=Origin(channel=channel)):
            return channel
    return "web"
