"""What was on record of a conversation's work when this worker began to listen: read once for all of it."""

from __future__ import annotations

from collections import OrderedDict

from bus.log.event_log import EventLog

_REMEMBERED = 256


class PriorWork:
    """Which work others have begun. A server that was killed may give work out as new that was under way, or even done,
    before; so a worker looks at what is older than itself or than its connection. Whatever is begun later is known from
    the number of times it was delivered."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._known: OrderedDict[str, tuple[int, set[str]]] = OrderedDict()
        """By conversation: from where on it was read, and the causes found there."""

    async def begun(self, conversation: str, event: str, sequence: int) -> bool:
        """Whether anything is on record that came of an event; `sequence` is the event's.

        Raises:
            BusError: NATS is away, or refuses.
        """
        known = self._known  # what was read before the connection went does not count after it
        since, causes = known.get(conversation, (sequence + 1, set[str]()))
        if sequence < since:
            facts = await self._event_log.facts(conversation, after=sequence)
            causes = {one.cause for _, one in facts if one.cause}
            known[conversation] = (sequence, causes)
            while len(known) > _REMEMBERED:
                known.popitem(last=False)
        return event in causes

    def forget(self) -> None:
        """The connection was away, so the server may have been, too."""
        self._known = OrderedDict()
