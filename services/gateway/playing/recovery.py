"""What a gateway that was killed left open: its sessions, and what somebody was saying."""

from __future__ import annotations

import logging
from pathlib import Path

from bus import clock, codec, subjects
from bus.errors import ConfigurationError, UndecodableEvent
from bus.events import (
    AudioIn,
    Event,
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

log = logging.getLogger(__name__)


class SessionJournal:
    """The sessions that are open here, one small file each, so that the next start knows of them.

    Raises:
        ConfigurationError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"the folder {folder} cannot be written: {error.strerror}") from error

    def opened(self, event: Event) -> None:
        """A session opens; noted before the log is told."""
        assert isinstance(event.body, SessionOpened)
        try:
            self._file(event.body.session).write_bytes(codec.encode(event))
        except OSError as error:  # a full disk: then nobody will close it after a crash
            log.warning("session not noted", extra={"session": event.body.session, "why": error.strerror})

    def closed(self, session: str) -> None:
        """A session is over, and the log knows."""
        self._file(session).unlink(missing_ok=True)

    def left(self) -> list[Event]:
        """Sessions that nobody closed, by when they were opened."""
        found: list[Event] = []
        for file in self._folder.glob("*.json"):
            try:
                found.append(codec.decode_event(file.read_bytes()))
            except UndecodableEvent:
                file.unlink()  # the crash came while it was written: the log was not told of it either
        return sorted(found, key=lambda event: event.at)

    def _file(self, session: str) -> Path:
        return self._folder / f"{session}.json"


async def close_orphaned_sessions(event_log: EventLog, journal: SessionJournal) -> None:
    """End what was begun: utterances get their last chunk, so that what was said is understood; sessions are closed."""
    for opened in journal.left():
        body = opened.body
        if isinstance(body, SessionOpened):
            await _end_utterances(event_log, opened.conversation, body.session)
            closed = SessionClosed(session=body.session, reason="lost")
            await event_log.append(_event(opened, closed, derive_id(body.session, "closed")))
            journal.closed(body.session)
            log.info("closed a lost session", extra={"session": body.session})


async def _end_utterances(event_log: EventLog, conversation: str, session: str) -> None:
    open_ones: dict[str, Event] = {}
    for _, event in await event_log.facts(conversation):
        match event.body:
            case UtteranceStarted() as begun if begun.session == session:
                open_ones[begun.utterance] = event
            case UtteranceEnded() | UtteranceDiscarded() | TranscriptFinal() as over:
                open_ones.pop(over.utterance, None)
            case _:
                pass
    for utterance, started in open_ones.items():
        samples = await _finish_sound(event_log, conversation, utterance)
        ended = UtteranceEnded(
            utterance=utterance, samples=samples, speech_ended=samples, reason="session_closed"
        )
        await event_log.append(_event(started, ended, derive_id(utterance, "ended")))


async def _finish_sound(event_log: EventLog, conversation: str, utterance: str) -> int:
    """See to it that the recording has a final chunk; returns its samples at 16 kHz."""
    index = samples = 0
    subject = subjects.audio_in(conversation, utterance)
    async for record in event_log.read(streams.AUDIO, subject):
        chunk = codec.decode_media(record.data)
        if isinstance(chunk, AudioIn):
            index, samples = chunk.index + 1, chunk.sample + len(chunk.pcm) // 2
            if chunk.final:
                return samples
    last = AudioIn(
        conversation=conversation, utterance=utterance, index=index, sample=samples, pcm=b"", final=True
    )
    await event_log.publish_media(last, f"{utterance}-{index}")
    return samples


def _event(cause: Event, body: SessionClosed | UtteranceEnded, identity: str) -> Event:
    return Event(
        id=identity, at=clock.now(), conversation=cause.conversation, turn=cause.turn, cause=cause.id, body=body
    )
