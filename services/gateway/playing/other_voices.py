"""What the other sessions of a conversation play, as far as a session knows: their loudspeakers may stand beside its
microphone. Pure; its clock is ticks.

The log tells when another session begins a sentence, before its sound can come back through the air and a network. The
sound itself is in this session's own play-out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cachetools import FIFOCache

from bus.events import (
    OPUS_FRAME,
    Body,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyInterrupted,
    SessionClosed,
)
from services.gateway.playing.speech_queue import Voice

_MAX_OTHERS = 16
"""Sessions that are followed."""
_DRIFT = 25
"""Packets (0.5 s) by which what is told may differ from what is known: it is told after a round trip."""


@dataclass
class _Line:
    """What one session plays."""

    reply: str
    speech: str
    """Empty: nothing."""
    place: int
    """Packets that have been played."""
    voice: Voice | None = None
    """None: it has not arrived here yet."""

    def next(self) -> tuple[bytes | None, float | None]:
        packets, loudness = self.voice or ((), ())
        self.place += bool(self.speech)
        return (packets[self.place - 1], loudness[self.place - 1]) if 0 < self.place <= len(packets) else (None, None)

    def stop(self) -> None:
        self.speech, self.place, self.voice = "", 0, None


class OtherVoices:
    """The voices out of the loudspeakers of other sessions.

    Args:
        session: the one that knows them.
        voice_of: the sound of a speech; None: it has not arrived here yet, or is long over.
    """

    def __init__(self, session: str, voice_of: Callable[[str], Voice | None]) -> None:
        self._session = session
        self._voice_of = voice_of
        self._lines: FIFOCache[str, _Line] = FIFOCache(_MAX_OTHERS)

    def see(self, body: Body, ago: int = 0) -> None:
        """Take a fact of the conversation.

        Args:
            ago: packets that have been played since, where it is an older one.
        """
        match body:
            case PlaybackStarted(session=session) if session != self._session:
                self._begin(body, ago)
            case PlaybackProgress(session=session, samples=samples) if session != self._session:
                place, line = samples // OPUS_FRAME + ago, self._lines.get(session)
                if line is None or line.speech != body.speech or abs(line.place - place) > _DRIFT:
                    self._begin(body, place)
            case PlaybackFinished(session=session, complete=False) if session in self._lines:
                self._lines[session].stop()
            case ReplyInterrupted(reply=reply):
                for line in self._lines.values():
                    if line.reply == reply:
                        line.stop()
            case SessionClosed(session=session):
                self._lines.pop(session, None)
            case _:
                pass

    def tick(self) -> Iterator[tuple[str, bytes | None, float | None]]:
        """20 ms have passed; each session with the packet that it plays now, None: silence, and its loudness."""
        for session, line in self._lines.items():
            if line.voice is None and line.speech:
                line.voice = self._voice_of(line.speech)
            yield session, *line.next()

    def _begin(self, body: PlaybackStarted | PlaybackProgress, place: int) -> None:
        self._lines[body.session] = _Line(body.reply, body.speech, place)
