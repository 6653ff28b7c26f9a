"""Closes the sessions and utterances that a killed gateway left open, and ends what it was playing."""

from __future__ import annotations

import logging
from pathlib import Path

from bus import codec, subjects
from bus.errors import ConfigurationError, UndecodableEvent
from bus.events import (
    AudioIn,
    Event,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    SessionClosed,
    SessionOpened,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.ids import derive_id
from bus.log import streams
from bus.log.event_log import EventLog
from bus.stamping import new_event

log = logging.getLogger(__name__)


class SessionJournal:
    """The open sessions of this gateway on disk, one small file each, so that the next start can close orphans.

    Raises:
        ConfigurationError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"the folder {folder} cannot be written: {error.strerror}") from error

    def record(self, event: Event) -> None:
        """Record an open session, before its `session.opened` is published."""
        assert isinstance(event.body, SessionOpened)
        try:
            self._file(event.body.session).write_bytes(codec.encode(event))
        except OSError as error:  # a full disk: then the session stays open on the log after a crash
            log.warning("session not journalled", extra={"session": event.body.session, "why": error.strerror})

    def remove(self, session: str) -> None:
        """Remove a session whose `session.closed` is published."""
        self._file(session).unlink(missing_ok=True)

    def orphans(self) -> list[Event]:
        """The `session.opened` of the sessions that are recorded as open, oldest first."""
        found: list[Event] = []
        for file in self._folder.glob("*.json"):
            try:
                found.append(codec.decode_event(file.read_bytes()))
            except UndecodableEvent:
                file.unlink()  # torn by the crash: its event was not published either
        return sorted(found, key=lambda event: event.at)

    def _file(self, session: str) -> Path:
        return self._folder / f"{session}.json"


async def close_orphaned_sessions(event_log: EventLog, journal: SessionJournal) -> None:
    """Close each orphan, after giving its utterances their final chunk so that they are transcribed."""
    for opened in journal.orphans():
        body = opened.body
        if isinstance(body, SessionOpened):
            facts = [event for _, event in await event_log.facts(opened.conversation)]
            await _end_utterances(event_log, facts, body.session)
            await _end_playback(event_log, facts, body.session)
            closed = SessionClosed(session=body.session, reason="lost")
            await event_log.append(_event(opened, closed, derive_id(body.session, "closed")))
            journal.remove(body.session)
            log.info("closed an orphaned session", extra={"session": body.session})


async def _end_utterances(event_log: EventLog, facts: list[Event], session: str) -> None:
    unended: dict[str, Event] = {}
    for event in facts:
        match event.body:
            case UtteranceStarted() as started if started.session == session:
                unended[started.utterance] = event
            case UtteranceEnded() | UtteranceDiscarded() | TranscriptFinal() as ended:
                unended.pop(ended.utterance, None)
            case _:
                pass
    for utterance, started_event in unended.items():
        samples = await _finish_recording(event_log, started_event, utterance)
        body = UtteranceEnded(utterance=utterance, samples=samples, speech_ended=samples, reason="session_closed")
        await event_log.append(_event(started_event, body, derive_id(utterance, "ended")))


async def _end_playback(event_log: EventLog, facts: list[Event], session: str) -> None:
    """Say on the log that nothing more is played of what the session was playing."""
    playing: dict[str, tuple[Event, PlaybackFinished]] = {}
    for event in facts:
        body = event.body
        if not isinstance(body, PlaybackStarted | PlaybackProgress | PlaybackFinished) or body.session != session:
            continue
        if isinstance(body, PlaybackFinished):
            playing.pop(body.speech, None)
            continue
        samples = body.samples if isinstance(body, PlaybackProgress) else 0
        finished = PlaybackFinished(
            session=session, speech=body.speech, reply=body.reply, index=body.index, samples=samples, complete=False
        )
        playing[body.speech] = event, finished
    for event, finished in playing.values():
        event_id = derive_id(finished.speech, session, "lost")
        await event_log.append(
            new_event(finished, conversation=event.conversation, event_id=event_id, turn=event.turn, cause=event.cause)
        )


async def _finish_recording(event_log: EventLog, started: Event, utterance: str) -> int:
    """Publish the final chunk of a recording unless it has one; returns its samples at 16 kHz."""
    index = samples = 0
    conversation = started.conversation
    subject = subjects.audio_in(conversation, utterance)
    async for record in event_log.read(streams.AUDIO, subject):
        chunk = codec.decode_media(record.data)
        if isinstance(chunk, AudioIn):
            index, samples = chunk.index + 1, chunk.sample + len(chunk.pcm) // 2
            if chunk.final:
                return samples
    last = AudioIn(conversation=conversation, utterance=utterance, index=index, sample=samples, pcm=b"", final=True)
    await event_log.publish_media(last, f"{utterance}-{index}", cause=started)
    return samples


def _event(cause: Event, body: SessionClosed | UtteranceEnded, event_id: str) -> Event:
    return new_event(body, conversation=cause.conversation, event_id=event_id, turn=cause.turn, cause=cause.id)
