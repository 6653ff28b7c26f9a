"""The events and audio chunks of one utterance."""

from __future__ import annotations

from bus.events import (
    AudioIn,
    Body,
    EndpointingTrace,
    Event,
    LiveEvent,
    TranscriptStable,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.ids import derive_id, new_id
from bus.stamping import new_event, new_live_event
from services.gateway.listening.endpointing import EndOfSpeech


class Utterance:
    """An utterance under way: makes its messages, and counts what has been published of it.

    Args:
        start: position of its first sample in the microphone's stream.
    """

    def __init__(self, conversation: str, session: str, language: str, start: int) -> None:
        self.id = new_id("u")
        self.start = self.sent = start
        """Positions in the stream: of its first sample, and after the last published one."""
        self._conversation = conversation
        self._language = language
        self._turn = new_id("t")
        self._chunks = 0
        self._stable_text = ""
        self._generation = 0
        body = UtteranceStarted(utterance=self.id, session=session, language=language)
        self.started = self._event(body, "started", cause=None)

    def next_chunk(self, pcm: bytes, *, final: bool) -> AudioIn:
        """The samples after `sent`, for the log."""
        chunk = AudioIn(
            conversation=self._conversation,
            utterance=self.id,
            index=self._chunks,
            sample=self.sent - self.start,
            pcm=pcm,
            final=final,
        )
        self._chunks += 1
        self.sent += len(pcm) // 2
        return chunk

    def stable(self, text: str) -> LiveEvent | None:
        """The transcript as one that may be complete; None where there is none, or it was published already."""
        if text in ("", self._stable_text):
            return None
        self._stable_text = text
        self._generation += 1
        body = TranscriptStable(
            utterance=self.id, turn=self._turn, text=text, language=self._language, generation=self._generation
        )
        return new_live_event(body, conversation=self._conversation)

    def ended(self, boundary: EndOfSpeech, trace: EndpointingTrace) -> Event:
        """The end of the utterance, once its final chunk is made."""
        body = UtteranceEnded(
            utterance=self.id,
            samples=self.sent - self.start,
            speech_ended=max(0, boundary.speech_ended - self.start),
            reason=boundary.reason,
            trace=trace,
        )
        return self._event(body, "ended", cause=self.started.id)

    def _event(self, body: Body, name: str, *, cause: str | None) -> Event:
        event_id = derive_id(self.id, name)
        return new_event(body, conversation=self._conversation, event_id=event_id, turn=self._turn, cause=cause)
