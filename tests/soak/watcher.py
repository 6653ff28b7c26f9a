"""People who call by WebRTC: they speak, watch the avatar, and measure whether sound and picture keep together."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress

from bench.peer import Peer
from bus.errors import BusError
from bus.events import Event, PlaybackFinished, ReplyEnded, ReplyFailed, ReplyInterrupted, UtteranceStarted
from bus.log.event_log import EventLog
from services.audio import resample
from tests import voices

_SPOKEN = ("hello_rms", "what_time_is_it_rms", "what_is_your_name_rms")
_PATIENCE = 120.0
_SILENCE = 20.0
"""Seconds without a packet after which a call is given up; the gateway sends fifty a second, also in silence."""
_WINDOW = 30.0
"""Seconds over which the earliest packet counts: the others waited for a processor or for the network."""


class CallBroken(Exception):
    """The connection of a call is gone."""


class MediaClock:
    """Compares the timestamps of one RTP stream with a clock.

    Args:
        rate: ticks of the timestamps a second.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._last: int | None = None
        self.latest = 0.0
        """When the newest packet arrived."""
        self._ticks = 0
        self._windows: dict[int, float] = {}

    def arrived(self, timestamp: int, at: float) -> None:
        """A packet with this timestamp, of 32 bits, arrived."""
        if self._last is not None:
            self._ticks += (timestamp - self._last + (1 << 31)) % (1 << 32) - (1 << 31)
        self._last, self.latest = timestamp, at
        window, offset = int(at / _WINDOW), at - self._ticks / self._rate
        self._windows[window] = min(offset, self._windows.get(window, offset))

    @property
    def offsets(self) -> list[float]:
        """Seconds by which the packets of each window came later than their timestamps say, of the earliest packet;
        the first and the last window are left out, because they are not whole."""
        return [offset for _, offset in sorted(self._windows.items())][1:-1]


def skews(sound: MediaClock, pictures: MediaClock) -> list[float]:
    """By how many seconds the pictures have fallen behind the sound since the beginning, window by window."""
    both = [behind - before for behind, before in zip(pictures.offsets, sound.offsets, strict=False)]
    return [one - both[0] for one in both]


class Watcher(Peer):
    """A call that speaks and watches.

    Args:
        seed: of the random choices.
    """

    def __init__(self, base: str, event_log: EventLog, seed: str) -> None:
        super().__init__(base)
        self._event_log = event_log
        self._random = random.Random(seed)
        self._read = 0
        self.seen: list[Event] = []
        """The conversation's facts since the newest question."""
        self.sound, self.pictures = MediaClock(48_000), MediaClock(90_000)
        self.asked = 0
        """Questions that were spoken."""
        self.stuck: list[str] = []
        """Questions to which no answer was heard in time."""

    async def ask(self) -> None:
        """Speak a question and listen to the answer.

        Raises:
            CallBroken: the connection is gone, as on a machine or network that is too busy; call again.
        """
        sound = resample(voices.samples(self._random.choice(_SPOKEN)), 16_000, 48_000)
        await self.listen()  # to what came before
        self.seen.clear()
        begun = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self.say(sound)
                while not is_heard(self.seen):
                    await asyncio.sleep(0.5)
                    await self.listen()
                    silence = time.monotonic() - max(begun, self.sound.latest, self.pictures.latest)
                    if not self.is_connected or silence > _SILENCE:
                        raise CallBroken(f"{self._pc.connectionState}, nothing came for {silence:.0f} s")
                self.asked += 1
                return
        self.asked += 1
        self.stuck.append(f"{self.conversation}: question {self.asked} of a call")

    @property
    def is_connected(self) -> bool:
        return self._pc.connectionState == "connected"

    def read_anew(self) -> None:
        """The log is another one: what is read next is all that it has of the conversation."""
        self._read = 0

    async def listen(self) -> None:
        """Read what has come onto the log."""
        with suppress(BusError, TimeoutError):
            async with asyncio.timeout(10):
                news = await self._event_log.facts(self.conversation, after=self._read)
            self._read = news[-1][0] if news else self._read
            self.seen += [event for _, event in news]

    def _on_audio(self, sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
        self.sound.arrived(timestamp, time.monotonic())
        super()._on_audio(sequence, timestamp, payload, ssrc)
        self.arrivals.audible.clear()

    def _on_video(self, sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
        self.pictures.arrived(timestamp, time.monotonic())


def is_heard(events: Sequence[Event]) -> bool:
    """Whether something was asked and its answer has been played, or is given up."""
    bodies = [event.body for event in events]
    if not any(isinstance(body, UtteranceStarted) for body in bodies):
        return False
    if any(isinstance(body, ReplyInterrupted | ReplyFailed) for body in bodies):
        return True
    sentences = [body.sentences for body in bodies if isinstance(body, ReplyEnded)]
    return bool(sentences) and sum(isinstance(body, PlaybackFinished) for body in bodies) >= sentences[0]
