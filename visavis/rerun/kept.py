"""Publishes recorded results in place of a service that is kept: transcripts, and the sentences of replies. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import structs

from bus import clock
from bus.events import Event
from bus.ids import derive_id, reply_id
from visavis.rerun.recording import RecordedTurn


def kept_transcript(turn: RecordedTurn) -> Event | None:
    """The recorded transcript of a turn, as of now."""
    if turn.transcript is None:
        return None
    return structs.replace(turn.transcript, at=clock.now())


def kept_reply(turn: RecordedTurn, words: Event) -> Iterator[Event]:
    """The recorded reply, commands included, as what follows from the words that were understood now.

    Args:
        words: `transcript.final` or `message.received` of the re-run.
    """
    reply = reply_id(words.id)
    for place, event in enumerate(turn.dialogue):
        body: Any = event.body
        if hasattr(body, "reply"):
            body = structs.replace(body, reply=reply)
        # As the dialogue service would name it (`bus.work`): the same again where the words are the same event.
        id_ = derive_id(words.id, "dialogue", place)
        yield structs.replace(event, id=id_, at=clock.now(), cause=words.id, body=body)

