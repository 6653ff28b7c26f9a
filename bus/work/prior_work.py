"""Prior work: which events of a conversation already had output when this worker connected."""

from __future__ import annotations

from cachetools import FIFOCache

from bus.log.event_log import EventLog

_MAX_CONVERSATIONS = 256


class PriorWork:
    """Tells whether another worker has started on an event.

    A nats-server that was killed may deliver work as new that was under way, or even done, before. So a worker looks up
    events that are older than its own start or its newest reconnection. For events after that, the number of deliveries
    tells. A conversation is read once for all its events.
    """

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._causes = _new_cache()

    async def was_started(self, conversation: str, event: str, sequence: int) -> bool:
        """Whether the log has a fact that this event caused.

        Args:
            sequence: stream sequence of the event.
        Raises:
            BusError: NATS is away, or refuses.
        """
        cache = self._causes  # a read from before a reconnection must not land in the cache after it
        since, causes = cache.get(conversation, (sequence + 1, set[str]()))
        if sequence < since:
            facts = await self._event_log.facts(conversation, after=sequence)
            causes = {one.cause for _, one in facts if one.cause}
            cache[conversation] = (sequence, causes)
        return event in causes

    def clear(self) -> None:
        """Forget what was read: the connection was away, so the server may have been killed."""
        self._causes = _new_cache()


def _new_cache() -> FIFOCache[str, tuple[int, set[str]]]:
    """By conversation: the sequence that it was read from, and the causes of the facts after that."""
    return FIFOCache(_MAX_CONVERSATIONS)
