"""The order of a person's words and of the replies to them, by which a session knows an overtaken reply. Pure."""

from __future__ import annotations

from collections import deque

from cachetools import FIFOCache

from bus.events import Event, InterruptionSource, MessageReceived, TranscriptFinal
from services.backchannel import is_backchannel

VOICE_PATIENCE = 60.0
"""Seconds after its newest fact for which the voice of a reply is expected."""
_MAX_REMEMBERED = 64


class WordOrder:
    """The newest turns of a conversation with words, and the replies whose voice is expected."""

    def __init__(self) -> None:
        self._followed: FIFOCache[str, float] = FIFOCache(_MAX_REMEMBERED)
        """Replies by id, with the time of their newest fact."""
        self._spoken_to: deque[tuple[str, InterruptionSource]] = deque(maxlen=_MAX_REMEMBERED)
        """Turns whose words call for an answer, in the order of the words."""

    def follow(self, reply: str, now: float) -> None:
        """Take a fact of a reply, at this time in seconds."""
        self._followed[reply] = now

    def expects_voice(self, reply: str, now: float) -> bool:
        """Whether the voice of a reply may still come."""
        newest = self._followed.get(reply)
        return newest is not None and now - newest < VOICE_PATIENCE

    def add_words(self, event: Event) -> None:
        """Take a message or a final transcript; one that only murmurs assent calls for no answer."""
        if event.turn is None:
            return
        if isinstance(event.body, MessageReceived):
            self._spoken_to.append((event.turn, "message"))
        elif isinstance(event.body, TranscriptFinal) and not is_backchannel(event.body.text):
            self._spoken_to.append((event.turn, "speech"))

    def overtaken_by(self, turn: str | None) -> InterruptionSource | None:
        """How the person said something else since the words of this turn; None where they did not."""
        if turn is None or turn not in (one for one, _ in self._spoken_to) or self._spoken_to[-1][0] == turn:
            return None
        return self._spoken_to[-1][1]
