"""A person of a load test: a WebRTC call in which they say their lines, one after the other, and what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2
import msgspec
import numpy as np
import numpy.typing as npt

from bench.barge_in import all_played
from bench.loading.lines import Line
from bench.peer import Peer, now
from bus.errors import InvalidInput
from bus.events import (
    Event,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    SpeechFailed,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceStarted,
)
from services.audio import SILENCE, rms

PATIENCE = 30.0
"""Seconds from the end of a line until its answer must have been played."""
FRAME = 0.04
"""Seconds from one picture to the next, as they should come."""
_AUDIBLE = 0.01
"""Root mean square from which a packet counts as audible, as for `bench.peer`."""
_QUIET = 3.0
"""Seconds without news after which no second answer is waited for where the first was interrupted."""
_LOST = 3.0
"""Seconds without a picture after which a call counts as lost: the page connects anew then."""


class IdlePictures:
    """The packets of idle loops, by which those of a talking face are told from them. One for all calls."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self.since_new = 0
        """Packets in a row that were known already."""
        self.learning = True

    def moves(self, payload: bytes) -> bool:
        """Whether a packet belongs to no idle loop. While learning, every packet is one of an idle loop."""
        if hash(payload) in self._known:
            self.since_new += 1
            return False
        if self.learning:
            self._known.add(hash(payload))
            self.since_new = 0
        return not self.learning


@dataclass
class Pictures:
    """The pictures of an answer, from the first one that moves on."""

    arrivals: list[float] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)
    """RTP, 90 kHz."""
    moved: int = 0
    """How many there are up to the last one that moved; idle ones follow."""

    def add(self, at: float, timestamp: int, *, moves: bool) -> None:
        """A packet of a picture has arrived."""
        if self.timestamps[-1:] != [timestamp] and (moves or self.moved):
            self.arrivals.append(at)
            self.timestamps.append(timestamp)
        if moves:
            self.moved = len(self.arrivals)

    @property
    def first(self) -> float | None:
        """When the first one arrived."""
        return self.arrivals[0] if self.moved else None

    @property
    def _gaps(self) -> npt.NDArray[np.float64]:
        return np.diff(np.array(self.arrivals[: self.moved], np.float64))

    @property
    def expected(self) -> int:
        """How many there should have been from the first to the last."""
        return 1 + round(float(self._gaps.sum()) / FRAME) if self.moved else 0

    @property
    def late(self) -> int:
        """How many had not come when the next one was due."""
        return int(np.maximum(0, np.floor(self._gaps / FRAME + 1e-3) - 1).sum())

    @property
    def unsent(self) -> int:
        """How many are missing in the sequence: the gateway had none to send."""
        steps = np.diff(np.array(self.timestamps[: self.moved], np.float64)) / (90_000 * FRAME)
        return int(np.maximum(0, np.round(steps) - 1).sum())

    @property
    def longest_gap(self) -> float:
        """Seconds."""
        return float(self._gaps.max()) if self.moved > 1 else 0.0


@dataclass
class Turn:
    """What came of one line. Times are in seconds after the end of the speech."""

    person: int
    at: float
    """When the line ended, seconds since 1970."""
    people: int
    """Calls that were open then."""
    said: str
    said_seconds: float
    heard: str = ""
    phrases: int = 1
    """For how many the line was taken."""
    reply: str = ""
    audible: float | None = None
    moving: float | None = None
    spoken_seconds: float = 0.0
    """Of audible sound in the answer, about: 20 ms for each audible packet."""
    expected_pictures: int = 0
    late_pictures: int = 0
    unsent_pictures: int = 0
    longest_gap: float = 0.0
    failure: str = ""
    """Empty: none."""


class _Told(msgspec.Struct):
    """A message of the conversation's events, as the page gets it."""

    event: Event


class LoadPeer(Peer):
    """A call that keeps of its media what the load test judges."""

    def __init__(self, base: str, idle: IdlePictures) -> None:
        super().__init__(base)
        self._idle_pictures = idle
        self.bytes_received = 0
        self.sounds: set[bytes] = set()
        """Audible packets of the answers that are over."""
        self._newest_sounds: set[bytes] = set()
        self.audible_at: list[float] = []
        self.pictures = Pictures()
        self.newest_picture = 0.0

    def listen_anew(self) -> None:
        """Forget what belongs to an earlier answer."""
        self.audible_at, self.pictures = [], Pictures()

    def keep_sounds(self) -> None:
        """An answer is over: from now on the log has all of its sound as heard."""
        self.sounds |= self._newest_sounds
        self._newest_sounds = set()

    def _on_audio(self, sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
        self.bytes_received += len(payload)
        if payload == SILENCE:
            return  # not decoded: most of a call is silence
        with suppress(InvalidInput):
            if rms(np.asarray(self._decoder.decode(payload))) > _AUDIBLE:
                self.audible_at.append(now())
                self._newest_sounds.add(payload)

    def _on_video(self, sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
        self.bytes_received += len(payload)
        self.newest_picture = now()
        self.pictures.add(self.newest_picture, timestamp, moves=self._idle_pictures.moves(payload))


class Person:
    """Someone who calls and talks.

    Args:
        base: URL of the gateway.
        lines: what they say, in turn; none: they only listen.
        pause: seconds between an answer and the next line.
        open_calls: of all persons now, a list that they keep together.
    """

    def __init__(
        self, number: int, base: str, lines: Sequence[Line], idle: IdlePictures, *, pause: float, open_calls: list[int]
    ) -> None:
        self.number = number
        self.lines = lines
        self.peer = LoadPeer(base, idle)
        self.turns: list[Turn] = []
        self.broken = ""
        """Why the call ended by itself."""
        self.ending = False
        """Set: nothing more is said."""
        self.ended = asyncio.Event()
        """Set once nothing more is said, and nothing is being answered."""
        self._pause = pause
        self._open_calls = open_calls
        self._events: list[Event] = []
        self._news = asyncio.Event()

    async def call(self) -> None:
        """Call, and stay until cancelled or the call breaks."""
        try:
            await self.peer.connect()
        except (httpx2.HTTPError, KeyError, ValueError, OSError) as error:
            self.broken = f"not connected: {type(error).__name__}"
            self.ended.set()
            return
        self._open_calls.append(self.number)
        following = asyncio.create_task(self._follow())
        try:
            await asyncio.sleep(1.0 + self._pause * (self.number % 7) / 7)  # nobody begins in step with another
            place = self.number
            while not self.broken:
                if self.ending:
                    self.ended.set()
                elif self.lines:
                    self.turns.append(await self._take_turn(self.lines[place % len(self.lines)]))
                    place += 1
                await asyncio.sleep(self._pause)
                self._check(following)
        finally:
            self.ended.set()
            self._open_calls.remove(self.number)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    def _check(self, following: asyncio.Task[None]) -> None:
        if self.peer.newest_picture and now() - self.peer.newest_picture > _LOST:
            self.broken = "no picture for 3 s"
        if following.done():
            self.broken = f"events lost: {type(following.exception()).__name__}"

    async def _follow(self) -> None:
        """Follow the conversation's events as the page does."""
        path = f"/api/conversations/{self.peer.conversation}/events"
        async with self.peer.client.stream("GET", path, timeout=60) as answer:
            answer.raise_for_status()
            live = False
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and not live:
                    with suppress(msgspec.ValidationError):  # whose a conversation is, pages are not told
                        self._events.append(msgspec.json.decode(line.removeprefix("data: ").encode(), type=_Told).event)
                        self._news.set()
                live = line == "event: live"

    async def _take_turn(self, line: Line) -> Turn:
        self._events.clear()
        self.peer.listen_anew()
        ended = await self.peer.say(line.samples)
        turn = Turn(self.number, ended, len(self._open_calls), line.text, line.seconds)
        try:
            async with asyncio.timeout(PATIENCE):
                while not is_over(self._events):
                    self._news.clear()
                    quiet = await _quiet(self._news)
                    if quiet and _was_cut(self._events):
                        break
        except TimeoutError:
            turn.failure = f"not over within {PATIENCE:.0f} s: {_last_step(self._events)}"
        if not turn.failure:
            self.peer.keep_sounds()
        self._judge(turn)
        return turn

    def _judge(self, turn: Turn) -> None:
        bodies = [event.body for event in self._events]
        turn.phrases = sum(isinstance(body, UtteranceStarted) for body in bodies)
        turn.heard = " ".join(body.text for body in bodies if isinstance(body, TranscriptFinal))
        turn.reply = " ".join(body.text for body in bodies if isinstance(body, ReplySentence))
        peer = self.peer
        after = [at for at in peer.audible_at if at > turn.at]
        turn.audible = after[0] - turn.at if after else None
        pictures = peer.pictures
        turn.moving = pictures.first - turn.at if pictures.first and pictures.first > turn.at else None
        turn.spoken_seconds = 0.02 * len(peer.audible_at)
        turn.expected_pictures, turn.late_pictures = pictures.expected, pictures.late
        turn.unsent_pictures, turn.longest_gap = pictures.unsent, pictures.longest_gap
        turn.failure = turn.failure or _failure(bodies) or ("" if after else "answered without a sound")


def is_over(events: Sequence[Event]) -> bool:
    """Whether all that was said has been heard, and the answer has been played to its end, or failed."""
    bodies = [event.body for event in events]
    if any(isinstance(body, ReplyFailed) for body in bodies):
        return True
    begun = {body.utterance for body in bodies if isinstance(body, UtteranceStarted)}
    discarded = {body.utterance for body in bodies if isinstance(body, UtteranceDiscarded)}
    heard = {body.utterance for body in bodies if isinstance(body, TranscriptFinal)}
    if not begun or begun - heard - discarded:
        return False
    cut = {event.turn for event in events if isinstance(event.body, ReplyInterrupted)}
    ended = {event.turn for event in events if isinstance(event.body, ReplyEnded)}
    # A phrase that was taken for two has two answers, of which the person's own words interrupt the first.
    return not heard or (bool(ended - cut) and all_played(list(events)))


def _was_cut(events: Sequence[Event]) -> bool:
    return any(isinstance(event.body, ReplyInterrupted) for event in events) and all_played(list(events))


async def _quiet(news: asyncio.Event) -> bool:
    """Wait for news; whether there were none for a while."""
    try:
        async with asyncio.timeout(_QUIET):
            await news.wait()
    except TimeoutError:
        return True
    return False


def _failure(bodies: Sequence[object]) -> str:
    for body in bodies:
        match body:
            case ReplyFailed(code=code):
                return f"reply failed: {code}"
            case SpeechFailed(code=code):
                return f"speech failed: {code}"
            case UtteranceDiscarded(reason=reason):
                return f"not heard: {reason}"
    return ""


def _last_step(events: Sequence[Event]) -> str:
    return f"stopped after {type(events[-1].body).__name__}" if events else "nothing was heard"


