"""From a browser's Opus packets to utterances on the log."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future

from bus import clock
from bus.errors import InvalidInput
from bus.events import (
    MICROPHONE_RATE,
    SPEECH_RATE,
    AudioIn,
    Body,
    Event,
    LiveEvent,
    TranscriptStable,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.ids import derive_id, new_id
from bus.log.event_log import EventLog
from services.audio import OpusDecoder, Resampler, rms, samples_from_pcm
from services.gateway.listening.completeness import Completeness
from services.gateway.listening.echo import EchoDetector
from services.gateway.listening.endpointing import Ended, Endpointer, Started
from services.gateway.listening.reorder_buffer import ReorderBuffer
from services.gateway.listening.turn_end import HEARD, TurnEndDetector
from services.gateway.listening.voice_activity import VoiceActivityDetector

log = logging.getLogger(__name__)

_CHUNK = 2 * MICROPHONE_RATE // 10
"""Bytes in a chunk on the log: 100 ms."""
_KEPT = 2 * MICROPHONE_RATE * 2
"""Bytes kept for the pre-roll: two seconds."""
_LONGEST_GAP = SPEECH_RATE
"""A longer hole in the time stamps than this (1 s) is a pause of the sender, not lost sound."""
_UNPUBLISHED = 400


class Microphone:
    """Listens to one session. `take_packet` is called for every packet; `run` publishes what comes of it.

    Args:
        turn_end: also judges whether a person is done, where it is there.
    """

    def __init__(
        self,
        event_log: EventLog,
        conversation: str,
        language: str,
        activity: VoiceActivityDetector,
        endpointer: Endpointer,
        turn_end: TurnEndDetector | None = None,
    ) -> None:
        self._event_log = event_log
        self._conversation = conversation
        self._language = language
        self._activity = activity
        self._window = 2 * activity.window
        """Bytes that voice activity looks at at once."""
        self._endpointer = endpointer
        self._turn_end = turn_end
        self._kept = _KEPT if turn_end is None else 2 * HEARD
        self._judged: int | None = None
        """The silence that was judged last."""
        self._session = ""
        self._echo = EchoDetector()
        self._played = OpusDecoder()
        self._reorder = ReorderBuffer()
        self._decoder = OpusDecoder()
        self._resampler = Resampler(SPEECH_RATE, MICROPHONE_RATE)
        self._expected: int | None = None
        self._heard = bytearray()
        self._first = 0
        """Byte position, from the start of the session, of the first byte in `_heard`."""
        self._looked_at = 0
        """Byte position up to which voice activity has looked."""
        self._utterance: Event | None = None
        self._begin = self._sent = 0
        self._index = 0
        self._partial = self._stable = ""
        """What is understood of the utterance so far, and what of it was said to be stable."""
        self._generation = 0
        self._outbox: asyncio.Queue[Event | AudioIn | LiveEvent] = asyncio.Queue(_UNPUBLISHED)

    # in

    def take_packet(self, sequence: int, timestamp: int, payload: bytes) -> None:
        """An RTP packet as it came from the network."""
        if not self._session:
            return
        for when, packet in self._reorder.push(sequence, timestamp, payload):
            self._fill_gap(when)
            try:
                samples = self._decoder.decode(packet)
            except InvalidInput as error:
                log.debug("undecodable packet", extra={"why": error.detail})
                continue
            self._expected = (when + len(samples)) & 0xFFFFFFFF
            self.take_pcm(self._resampler.push(samples).tobytes())

    def _fill_gap(self, timestamp: int) -> None:
        """Silence where packets were lost, so that later sound keeps its place."""
        if self._expected is None:
            return
        gap = (timestamp - self._expected) & 0xFFFFFFFF
        if 0 < gap <= _LONGEST_GAP:
            self.take_pcm(bytes(2 * (gap * MICROPHONE_RATE // SPEECH_RATE)))

    def take_pcm(self, pcm: bytes) -> None:
        """Sound as 16 kHz mono s16, in whatever pieces."""
        self._heard += pcm
        end = self._first + len(self._heard)
        while end - self._looked_at >= self._window:
            start = self._looked_at - self._first
            window = bytes(self._heard[start : start + self._window])
            self._looked_at += self._window
            probability = self._activity.probability(window)
            if self._echo.is_echo(rms(samples_from_pcm(window))):
                probability = 0.0
            for boundary in self._endpointer.push(probability):
                if isinstance(boundary, Started):
                    self._begin_utterance(2 * boundary.sample)
                else:
                    self._end_utterance(boundary)
            self._say_what_is_stable()
            self._judge_silence()
        if self._utterance is not None and self._looked_at - self._sent >= _CHUNK:
            self._send(self._looked_at, final=False)
        self._forget()

    def _forget(self) -> None:
        keep_from = min(self._looked_at - self._kept, self._sent if self._utterance else self._looked_at)
        if keep_from > self._first:
            del self._heard[: keep_from - self._first]
            self._first = keep_from

    def note_played(self, packet: bytes | None) -> None:
        """The Opus packet that leaves for the person in these 20 ms: it may be heard again."""
        try:
            self._echo.played(0.0 if packet is None else rms(self._played.decode(packet)))
        except InvalidInput:
            self._echo.played(0.0)

    def hears(self, utterance: str) -> bool:
        """Whether this utterance is being spoken into this microphone now."""
        body = self._utterance.body if self._utterance else None
        return isinstance(body, UtteranceStarted) and body.utterance == utterance

    def hint(self, partial: str) -> None:
        """What has been understood so far; helps to tell whether the phrase is over."""
        self._endpointer.hint(partial)
        self._partial = partial
        self._say_what_is_stable()

    def _say_what_is_stable(self) -> None:
        """An answer may be made ready while it is not sure yet that the person is done."""
        started = self._utterance
        if started is None or self._partial in ("", self._stable) or not self._endpointer.may_be_over:
            return
        assert isinstance(started.body, UtteranceStarted)
        assert started.turn is not None
        self._stable = self._partial
        self._generation += 1
        stable = TranscriptStable(
            utterance=started.body.utterance,
            turn=started.turn,
            text=self._partial,
            language=self._language,
            generation=self._generation,
        )
        self._put(LiveEvent(at=clock.now(), conversation=self._conversation, body=stable))

    def _judge_silence(self) -> None:
        """Have each silence in a phrase judged once: whether the person sounds as if they were done."""
        since = self._endpointer.silent_since
        if self._turn_end is None or since is None or since == self._judged:
            return
        self._judged = since
        loop = asyncio.get_running_loop()
        begin = max(self._begin, self._first) - self._first
        heard = self._turn_end.ask(bytes(self._heard[begin : self._looked_at - self._first]))

        def tell(judgement: Future[Completeness]) -> None:
            if not judgement.cancelled() and judgement.exception() is None:
                self._endpointer.sounds(judgement.result(), since)
            elif not judgement.cancelled():
                log.warning("the end of a turn was not judged", extra={"why": repr(judgement.exception())})

        heard.add_done_callback(lambda done: loop.call_soon_threadsafe(tell, done))

    # out

    def _begin_utterance(self, begin: int) -> None:
        utterance = new_id("u")
        self._begin = self._sent = max(begin, self._first)
        self._index = self._generation = 0
        self._partial = self._stable = ""
        body = UtteranceStarted(utterance=utterance, session=self._session, language=self._language)
        self._utterance = self._fact(body, derive_id(utterance, "started"), turn=new_id("t"), cause=None)
        self._put(self._utterance)
        self._send(self._looked_at, final=False)

    def _end_utterance(self, boundary: Ended) -> None:
        started = self._utterance
        if started is None or not isinstance(started.body, UtteranceStarted):
            return
        self._send(self._looked_at, final=True)
        body = UtteranceEnded(
            utterance=started.body.utterance,
            samples=(self._sent - self._begin) // 2,
            speech_ended=max(0, boundary.speech_ended - self._begin // 2),
            reason=boundary.reason,
        )
        self._put(self._fact(body, derive_id(body.utterance, "ended"), turn=started.turn, cause=started.id))
        self._utterance = None

    def _send(self, end: int, *, final: bool) -> None:
        assert self._utterance is not None
        assert isinstance(self._utterance.body, UtteranceStarted)
        chunk = AudioIn(
            conversation=self._conversation,
            utterance=self._utterance.body.utterance,
            index=self._index,
            sample=(self._sent - self._begin) // 2,
            pcm=bytes(self._heard[self._sent - self._first : end - self._first]),
            final=final,
        )
        self._index += 1
        self._sent = end
        self._put(chunk)

    def _fact(self, body: Body, identity: str, *, turn: str | None, cause: str | None) -> Event:
        return Event(
            id=identity, at=clock.now(), conversation=self._conversation, turn=turn, cause=cause, body=body  # type: ignore[arg-type]
        )

    def _put(self, item: Event | AudioIn | LiveEvent) -> None:
        if self._outbox.full():
            # NATS has been away for half a minute: this phrase is lost, and its reader will say so.
            self._outbox.get_nowait()
            log.warning("microphone outruns the log", extra={"conversation": self._conversation})
        self._outbox.put_nowait(item)

    async def run(self, session: str) -> None:
        """Listen for a session and publish until cancelled; an open utterance is then ended."""
        self._session = session
        try:
            while True:
                await self._publish(await self._outbox.get())
        finally:
            self._session = ""
            if (ended := self._endpointer.stop("session_closed")) is not None:
                self._end_utterance(ended)
            rest = [self._outbox.get_nowait() for _ in range(self._outbox.qsize())]
            await asyncio.shield(self._publish_all(rest))

    async def _publish_all(self, rest: list[Event | AudioIn | LiveEvent]) -> None:
        for item in rest:
            await self._publish(item)

    async def _publish(self, item: Event | AudioIn | LiveEvent) -> None:
        if isinstance(item, Event):
            await self._event_log.append(item)
        elif isinstance(item, LiveEvent):
            await self._event_log.publish_live(item)
        else:
            await self._event_log.publish_media(item, f"{item.utterance}-{item.index}")
