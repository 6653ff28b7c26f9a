"""What of the voice has arrived at the browser, and the playback facts that wait for that. Pure; its clock is ticks.

A browser that changes its network, or whose lid is closed, takes no leave: what is sent to it goes nowhere. So the end
and the progress of a sentence are facts only once the browser has confirmed something that was sent later.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from cachetools import FIFOCache
from msgspec.structs import replace

from bus.events import Event, PlaybackFinished, PlaybackProgress, PlaybackStarted

RECENT = 100
"""Ticks (2 s) after a confirmation for which the browser is taken to receive what is sent. The page makes a new
connection after 3 s without a ping."""
LOST = 300
"""Ticks (6 s) without a confirmation after which the browser is gone."""
_UNCONFIRMED = 250
"""Ticks (5 s) after which a browser that has never confirmed anything is taken to receive everything."""
_REMEMBERED = 256

_PlaybackFact: TypeAlias = PlaybackStarted | PlaybackProgress | PlaybackFinished


class Delivery:
    """The playback facts of one session, in order."""

    def __init__(self) -> None:
        self._number = 0
        """The newest tick that was sent, as the connection counts them."""
        self._ticks = 0
        """Ticks that were sent; where this process was held up, none were."""
        self._confirmed_at: int | None = None
        """`_ticks` at the newest confirmation."""
        self._waiting: deque[tuple[int, Event]] = deque()
        self._positions: deque[tuple[int, str, int]] = deque()
        """Tick, speech, and samples of it that were sent by then; those that are not confirmed."""
        self._arrived: FIFOCache[str, int] = FIFOCache(_REMEMBERED)
        """Samples of each speech that have arrived."""
        self._begun: set[str] = set()
        """Speeches whose beginning has been told, and whose end has not."""

    @property
    def is_waiting(self) -> bool:
        """Whether facts wait for a confirmation."""
        return bool(self._waiting)

    @property
    def is_lost(self) -> bool:
        """Whether the browser has confirmed nothing for so long that it is gone."""
        return self._confirmed_at is not None and self._ticks - self._confirmed_at > LOST

    @property
    def is_recent(self) -> bool:
        """Whether the browser has confirmed something lately, or is not known to confirm anything."""
        return self._confirmed_at is None or self._ticks - self._confirmed_at <= RECENT

    @property
    def is_trusted(self) -> bool:
        """Whether the browser confirms nothing, and is taken to receive everything."""
        return self._confirmed_at is None and self._ticks > _UNCONFIRMED

    def tick(self, number: int, speech: str, samples: int) -> list[Event]:
        """A tick was sent; returns the facts that are told now.

        Args:
            speech: that is under way; empty: none.
            samples: of it that have been sent.
        """
        self._number = number
        self._ticks += 1
        if speech and not self.is_trusted:
            self._positions.append((number, speech, samples))
        return self._told(self._all_waiting()) if self.is_trusted and self._waiting else []

    def put(self, event: Event) -> list[Event]:
        """Take the fact of something that was sent with the newest tick; returns the facts that are told now."""
        body = _playback(event)
        if isinstance(body, PlaybackFinished):
            self._positions.append((self._number, body.speech, body.samples))
        if (isinstance(body, PlaybackStarted) and not self._waiting) or self.is_trusted:
            return self._told([event])
        self._waiting.append((self._number, event))
        return []

    def confirm(self, number: int) -> list[Event]:
        """The browser has received what was sent until this tick; returns the facts that are told now."""
        self._confirmed_at = self._ticks
        while self._positions and self._positions[0][0] <= number:
            _, speech, samples = self._positions.popleft()
            self._arrived[speech] = samples
        told: list[Event] = []
        while self._waiting and self._waiting[0][0] <= number:
            told.append(self._waiting.popleft()[1])
        return self._told(told)

    def settle(self) -> list[Event]:
        """Nothing more is waited for: returns all facts, each as far as it is true."""
        waiting = self._all_waiting()
        if self.is_recent:
            return self._told(waiting)
        told: list[Event] = []
        for event in waiting:
            told += self._told(self._as_far_as_arrived(event))
        return told

    def _as_far_as_arrived(self, event: Event) -> list[Event]:
        body = _playback(event)
        arrived = self._arrived.get(body.speech, 0)
        if isinstance(body, PlaybackStarted):
            return [event] if arrived else []
        if isinstance(body, PlaybackProgress):
            return [event] if body.samples <= arrived else []
        if body.speech not in self._begun:
            return []
        if arrived >= body.samples:
            return [event]
        # The play-out decided otherwise, so its notes belong to no fact that is told.
        return [replace(event, body=replace(body, samples=arrived, complete=False, trace=None))]

    def _all_waiting(self) -> list[Event]:
        events = [event for _, event in self._waiting]
        self._waiting.clear()
        return events

    def _told(self, events: list[Event]) -> list[Event]:
        for event in events:
            body = _playback(event)
            if isinstance(body, PlaybackStarted):
                self._begun.add(body.speech)
            elif isinstance(body, PlaybackFinished):
                self._begun.discard(body.speech)
        return events


def _playback(event: Event) -> _PlaybackFact:
    assert isinstance(event.body, _PlaybackFact)
    return event.body
