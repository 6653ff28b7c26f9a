"""What a session knows, from the log, of the other sessions of its conversation. Pure; its clock is ticks."""

from __future__ import annotations

from collections.abc import Callable

from bus.events import Body, PlaybackFinished, PlaybackProgress, PlaybackStarted, ReplyInterrupted
from services.gateway.playing.other_voices import OtherVoices
from services.gateway.playing.resume import ResumePoint
from services.gateway.playing.speech_queue import Voice
from services.gateway.playing.ticks import MICROSECONDS

_PATIENCE = 500
"""Ticks (10 s) without news of a sentence after which it is not waited for any more: its gateway is gone. A pause may
last 8 s."""

_LEFT = 75
"""Ticks (1.5 s) after one has left within which another one tells its progress, if it is within the sentence, too."""


class OtherSessions:
    """The sentence that other sessions are within, for a session that joins them: it goes on with the next one; and
    their voices.

    Args:
        session: the one that knows them.
        voice_of: see `OtherVoices`.
    """

    def __init__(self, session: str, voice_of: Callable[[str], Voice | None]) -> None:
        self.voices = OtherVoices(session, voice_of)
        self._awaited: tuple[str, int] | None = None
        """Reply and index of the sentence that is waited for."""
        self._ticks = 0
        """Since the newest news of it."""

    def join(self, resume: ResumePoint, now: int) -> bool:
        """Begin where they are; returns whether they are within a sentence, which is waited for.

        Args:
            now: microseconds since 1970.
        """
        for event in resume.played:
            self.voices.see(event.body, ago=max(0, now - event.at) // MICROSECONDS)
        if resume.reply is None or resume.under_way is None:
            return False
        self._awaited, self._ticks = (resume.reply, resume.under_way), 0
        return True

    def see(self, body: Body) -> bool:
        """Take a fact of the conversation; returns whether the sentence that was waited for is over."""
        self.voices.see(body)
        if self._awaited is None:
            return False
        reply, index = self._awaited
        match body:
            case PlaybackFinished(complete=False) if (body.reply, body.index) == self._awaited:
                self._ticks = _PATIENCE - _LEFT  # that one has left; another one may still be within it
            case PlaybackFinished(reply=of, index=at):
                return self._is_over(of != reply or at >= index)
            case PlaybackStarted(reply=of, index=at):
                return self._is_over(of != reply or at > index)
            case ReplyInterrupted(reply=of):
                return self._is_over(of == reply)
            case PlaybackProgress():
                self._ticks = 0
            case _:
                pass
        return False

    def tick(self) -> bool:
        """20 ms have passed; returns whether the sentence is given up."""
        if self._awaited is None:
            return False
        self._ticks += 1
        return self._is_over(self._ticks > _PATIENCE)

    def _is_over(self, over: bool) -> bool:
        if over:
            self._awaited = None
        return over
