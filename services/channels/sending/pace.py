"""When the next message may be sent: the limits of a channel on messages per second and per chat. Pure."""

from __future__ import annotations

from cachetools import LRUCache

_CHATS = 10_000


class Pace:
    """The pace of one account. Times are seconds of any clock that never goes back.

    Args:
        per_second: messages in all.
        between: seconds between two messages to the same chat.
    """

    def __init__(self, *, per_second: float, between: float) -> None:
        self._gap = 1 / per_second
        self._between = between
        self._next = 0.0
        """When the account may send again."""
        self._next_of_chat: LRUCache[str, float] = LRUCache(_CHATS)

    def wait_for_chat(self, chat: str, now: float) -> float:
        """Seconds until a message may be sent to a chat."""
        return max(self._next_of_chat.get(chat, 0.0) - now, 0.0)

    def wait_for_account(self, now: float) -> float:
        """Seconds for which the channel has asked to be left alone, or less than the gap between two messages."""
        return max(self._next - now, 0.0)

    def reserve(self, chat: str, now: float) -> float:
        """Take the next place among the messages of the account; returns the seconds until then."""
        at = max(self._next, now)
        self._next = at + self._gap
        self._next_of_chat[chat] = at + self._between
        return at - now

    def pause(self, seconds: float, now: float) -> None:
        """Send nothing for some seconds."""
        self._next = max(self._next, now + seconds)
