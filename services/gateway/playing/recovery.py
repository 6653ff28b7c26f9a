"""Closes the sessions and utterances that a killed gateway left open, and ends what it was playing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from bus import codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.dropped import drop
from bus.errors import ConfigurationError, UndecodableEvent, VisavisError
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

_BETWEEN_LOOKS = 10.0
"""Seconds until sessions that could not be closed are tried again."""


class SessionJournal:
    """The open sessions of this gateway on disk, one small file each, so that the next start can close orphans.

    Raises:
        ConfigurationError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unreadable: set[Path] = set()
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
        found = [event for file in self._folder.glob("*.json") if (event := self._read(file)) is not None]
        return sorted(found, key=lambda event: event.at)

    def _read(self, file: Path) -> Event | None:
        """The event in a file; None, without the file, where it has none: torn by the crash, it was not published."""
        try:
            event = codec.decode_event(file.read_bytes())
            if isinstance(event.body, SessionOpened):
                return event
            why = f"expected session.opened, got {type(event.body).__name__}"
        except UndecodableEvent as error:
            why = error.detail
        except OSError as error:
            if file not in self._unreadable:
                self._unreadable.add(file)
                log.warning("a session in the journal cannot be read", extra={"file": str(file), "why": error.strerror})
            return None
        drop("undecodable", file=str(file), why=why)
        file.unlink(missing_ok=True)
        return None

    def _file(self, session: str) -> Path:
        return self._folder / f"{session}.json"


async def keep_sessions_closed(event_log: EventLog, journal: SessionJournal, is_open: Callable[[str], bool]) -> None:
    """Close orphans until cancelled: those of an earlier process, and those that a full log kept from being closed.

    Args:
        is_open: whether a session is under way in this process.
    """
    while True:
        await close_orphaned_sessions(event_log, journal, is_open)
        raise_if_cancelled()
        await asyncio.sleep(_BETWEEN_LOOKS)


async def close_orphaned_sessions(
    event_log: EventLog, journal: SessionJournal, is_open: Callable[[str], bool] = lambda session: False
) -> None:
    """Close each orphan, after giving its utterances their final chunk so that they are transcribed.

    One that cannot be closed now, whatever the reason, stays in the journal, and stops neither the others nor the
    gateway.
    """
    for opened in journal.orphans():
        assert isinstance(opened.body, SessionOpened)
        session = opened.body.session
        if is_open(session):
            continue
        try:
            await _close(event_log, opened, session)
        except VisavisError as error:
            log.warning("session not closed yet", extra={"session": session, "why": error.detail})
        except Exception:
            log.exception("session not closed", extra={"session": session})
        else:
            journal.remove(session)
            log.info("closed an orphaned session", extra={"session": session})


async def _close(event_log: EventLog, opened: Event, session: str) -> None:
    facts = [event for _, event in await event_log.facts(opened.conversation)]
    if all(event.id != opened.id for event in facts):
        # It could not be stored then, a power cut took it, or it was erased.
        if all(getattr(event.body, "session", None) != session for event in facts):
            return
        await event_log.append(opened)
    await _end_utterances(event_log, facts, session)
    await _end_playback(event_log, facts, session)
    closed = SessionClosed(session=session, reason="lost")
    await event_log.append(_event(opened, closed, derive_id(session, "closed")))


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
            new_event(
                finished,
                conversation=event.conversation,
                event_id=event_id,
                turn=event.turn,
                cause=event.cause,
                after=event.at,
            )
        )


async def _finish_recording(event_log: EventLog, started: Event, utterance: str) -> int:
    """Publish the final chunk of a recording unless it has one; returns its samples at 16 kHz."""
    index = samples = 0
    conversation = started.conversation
    subject = subjects.audio_in(conversation, utterance)
    async for record in event_log.read(streams.AUDIO, subject):
        try:
            chunk = codec.decode_media(record.data)
        except UndecodableEvent as error:
            drop("undecodable", subject=subject, sequence=record.sequence, why=error.detail)
            continue
        if isinstance(chunk, AudioIn):
            index, samples = chunk.index + 1, chunk.sample + len(chunk.pcm) // 2
            if chunk.final:
                return samples
    last = AudioIn(conversation=conversation, utterance=utterance, index=index, sample=samples, pcm=b"", final=True)
    await event_log.publish_media(last, f"{utterance}-{index}", cause=started)
    return samples


def _event(cause: Event, body: SessionClosed | UtteranceEnded, event_id: str) -> Event:
    return new_event(
        body, conversation=cause.conversation, event_id=event_id, turn=cause.turn, cause=cause.id, after=cause.at
    )
