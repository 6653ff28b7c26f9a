"""Reports the play-out of speeches as events of the conversation."""

from __future__ import annotations

from bus import clock
from bus.events import Body, Event, PlaybackFinished, PlaybackProgress, PlaybackStarted, SpeechStarted
from bus.ids import derive_id
from services.gateway.playing.playout import PlayoutEvent, PlayoutFinished, PlayoutProgress, PlayoutStarted


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

    def event(self, playout_event: PlayoutEvent) -> Event:
        """The event for the log."""
        speech = playout_event.speech
        common = {"session": self._session, "speech": speech.speech, "reply": speech.reply, "index": speech.index}
        body: Body
        match playout_event:
            case PlayoutStarted(video=video):
                body = PlaybackStarted(**common, video=video)  # type: ignore[arg-type]
            case PlayoutProgress(samples=samples):
                body = PlaybackProgress(**common, samples=samples)  # type: ignore[arg-type]
            case PlayoutFinished():
                body = PlaybackFinished(
                    **common,  # type: ignore[arg-type]
                    samples=playout_event.samples,
                    complete=playout_event.complete,
                    frames=playout_event.frames,
                )
        cause = self._causes.get(speech.speech)
        if isinstance(playout_event, PlayoutFinished):
            self._causes.pop(speech.speech, None)
        return Event(
            id=derive_id(speech.speech, self._session, type(body).__name__, getattr(body, "samples", 0)),
            at=clock.now(),
            conversation=self._conversation,
            turn=cause.turn if cause else None,
            cause=cause.id if cause else None,
            body=body,
        )
