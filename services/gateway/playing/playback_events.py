"""Reports the play-out of speeches as events of the conversation."""

from __future__ import annotations

from typing import TypedDict

from bus.events import Body, Event, PlaybackFinished, PlaybackProgress, PlaybackStarted, PlayoutTrace, SpeechStarted
from bus.ids import derive_id
from bus.stamping import new_event
from services.gateway.playing.playout import PlayoutEvent, PlayoutFinished, PlayoutProgress, PlayoutStarted


class _SpeechFields(TypedDict):
    session: str
    speech: str
    reply: str
    index: int
    trace: PlayoutTrace | None


class PlaybackEvents:
    """Makes the `playback.*` events of one session; each names the `speech.started` as its cause."""

    def __init__(self, conversation: str, session: str) -> None:
        self._conversation = conversation
        self._session = session
        self._causes: dict[str, Event] = {}

    def add_speech(self, event: Event) -> SpeechStarted:
        """Remember the `speech.started` of a speech that will be played; returns its body."""
        assert isinstance(event.body, SpeechStarted)
        self._causes[event.body.speech] = event
        return event.body

    def event(self, playout_event: PlayoutEvent, trace: PlayoutTrace | None = None) -> Event:
        """The event for the log.

        Args:
            trace: what the play-out was told since the event before.
        """
        speech = playout_event.speech
        common = _SpeechFields(
            session=self._session, speech=speech.speech, reply=speech.reply, index=speech.index, trace=trace
        )
        body: Body
        match playout_event:
            case PlayoutStarted(video=video):
                body = PlaybackStarted(**common, video=video)
            case PlayoutProgress(samples=samples):
                body = PlaybackProgress(**common, samples=samples)
            case PlayoutFinished():
                body = PlaybackFinished(
                    **common,
                    samples=playout_event.samples,
                    complete=playout_event.complete,
                    frames=playout_event.frames,
                )
        cause = self._causes.get(speech.speech)
        if isinstance(playout_event, PlayoutFinished):
            self._causes.pop(speech.speech, None)
        return new_event(
            body,
            conversation=self._conversation,
            event_id=derive_id(speech.speech, self._session, type(body).__name__, getattr(body, "samples", 0)),
            turn=cause.turn if cause else None,
            cause=cause.id if cause else None,
            after=cause.at if cause else 0,
        )
