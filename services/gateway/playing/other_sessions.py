"""What a session knows, from the log, of the other sessions of its conversation. Pure; its clock is ticks."""

from __future__ import annotations

from bus.events import Body, PlaybackFinished, PlaybackProgress, PlaybackStarted, ReplyInterrupted

_PATIENCE = 500
"""Ticks (10 s) without news of a sentence after which it is not waited for any more: its gateway is gone. A pause may
last 8 s."""

_LEFT = 75
"""Ticks (1.5 s) after one has left within which another one tells its progress, if it is within the sentence, too."""


class OtherSessions:
    """The sentence that other sessions are within, for a session that joins them: it goes on with the next one."""

    def __init__(self) -> None:
        self._awaited: tuple[str, int] | None = None
        """Reply and index of the sentence that is waited for."""
        self._ticks = 0
        """Since the newest news of it."""

    def wait_for(self, reply: str, index: int) -> None:
        """Others are within this sentence."""
        self._awaited, self._ticks = (reply, index), 0

    def see(self, body: Body) -> bool:
        """Take a fact of the conversation; returns whether the sentence that was waited for is over."""
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
