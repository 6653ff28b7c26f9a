"""Publishes what a browser's microphone picks up as utterances on the event log."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future
from functools import cache

from cachetools import FIFOCache

from bus.cancellation import raise_if_cancelled
from bus.dropped import drop
from bus.events import MICROPHONE_RATE, AudioIn, Event, LiveEvent, UtteranceStarted
from bus.log.event_log import EventLog
from services.audio import rms, samples_from_pcm
from services.gateway.listening.echo import band_powers
from services.gateway.listening.endpointing import PRE_ROLL, EndOfSpeech, Endpointer, StartOfSpeech
from services.gateway.listening.opus_receiver import OpusReceiver
from services.gateway.listening.pcm_buffer import PcmBuffer
from services.gateway.listening.played_voice import PlayedVoice
from services.gateway.listening.recorded_endpointer import RecordedEndpointer
from services.gateway.listening.turn_end import MAX_SAMPLES, TurnEndDetector
from services.gateway.listening.utterance import Utterance
from services.gateway.listening.voice_activity import VoiceActivityDetector

log = logging.getLogger(__name__)

_CHUNK = MICROPHONE_RATE // 10
"""Samples in a chunk on the log: 100 ms."""
_PROMPT_SILENCE = MICROPHONE_RATE // 20, MICROPHONE_RATE * 2 // 5
"""Samples of silence, 50 to 400 ms, in which every window is sent at once: the recogniser decodes what was said there,
and the words decide whether the utterance is over."""
_KEPT = 2 * MICROPHONE_RATE
"""Samples kept for the pre-roll: two seconds."""
_MAX_UNPUBLISHED = 400
_MAX_OTHERS = 16
"""Other sessions whose voices are kept apart."""
MUTED_AFTER = 1.0
"""Seconds without a packet after which the microphone counts as muted. A browser sends silence, too, but an operating
system's mute, a phone call or another headset stop the packets; without silence (DTX) one still comes every 0.4 s."""

_MUTED_LOOKS = 10
"""Looks at the number of packets within that time."""


class Microphone:
    """The microphone of one session. `push_packet` takes each RTP packet; `run` publishes the utterances.

    Args:
        language: of the utterances, BCP-47.
        turn_end_detector: judges by the sound whether an utterance is complete; without one only its text counts.
        muted_after: seconds without a packet that end an utterance.
    """

    def __init__(
        self,
        event_log: EventLog,
        conversation: str,
        language: str,
        detector: VoiceActivityDetector,
        endpointer: Endpointer,
        turn_end_detector: TurnEndDetector | None = None,
        *,
        muted_after: float = MUTED_AFTER,
    ) -> None:
        self._event_log = event_log
        self._conversation = conversation
        self._language = language
        self._detector = detector
        self._endpointer = endpointer
        self._recorded = RecordedEndpointer(endpointer)
        self._turn_end_detector = turn_end_detector
        self._muted_after = muted_after
        self._packets = 0
        """Packets taken so far."""
        self._session = ""
        """The session that is served; empty while the microphone is off."""
        self._receiver = OpusReceiver()
        self._played = PlayedVoice()
        self._played_elsewhere: FIFOCache[str, PlayedVoice] = FIFOCache(_MAX_OTHERS)
        """What other sessions play; their loudspeakers may stand beside this microphone."""
        self._buffer = PcmBuffer()
        self._kept = _KEPT if turn_end_detector is None else MAX_SAMPLES
        self._analysed = 0
        """Position in the stream up to which voice activity has been detected."""
        self._utterance: Utterance | None = None
        self._partial = ""
        """The newest partial transcript of the utterance."""
        self._judged_silence: int | None = None
        """The silence that was given to the turn end detector last."""
        self._outbox: asyncio.Queue[Event | AudioIn | LiveEvent] = asyncio.Queue(_MAX_UNPUBLISHED)
        self._started: Event | None = None
        """The start of the utterance that was published last."""

    # input

    def push_packet(self, sequence: int, timestamp: int, payload: bytes, ssrc: int = 0) -> None:
        """Take an RTP packet as it came from the network; ignored while the microphone is off."""
        if self._session:
            self._packets += 1
            self.push_pcm(self._receiver.push(sequence, timestamp, payload, ssrc))

    def push_pcm(self, pcm: bytes) -> None:
        """Take 16 kHz mono s16, of any length."""
        self._buffer.append(pcm)
        while self._buffer.end - self._analysed >= self._detector.window:
            self._analyse_window()
            if self._utterance is not None and self._chunk_is_due(self._utterance):
                self._put_chunk(self._utterance, final=False)
        unsent = self._utterance.sent if self._utterance is not None else self._analysed
        self._buffer.discard_before(min(self._analysed - self._kept, unsent))

    def push_playback(self, packet: bytes | None, loudness: float | None = None) -> None:
        """Take the Opus packet that leaves for the browser in these 20 ms, for echo detection; None: silence.

        Args:
            loudness: of the packet, as its voice has recorded it; None: it is decoded for that.
        """
        self._played.push(packet, loudness)

    def push_playback_of(self, session: str, packet: bytes | None, loudness: float | None = None) -> None:
        """Take the Opus packet that leaves for the browser of another session; see `push_playback`."""
        if session not in self._played_elsewhere:
            self._played_elsewhere[session] = PlayedVoice()
        self._played_elsewhere[session].push(packet, loudness)

    def set_partial(self, text: str) -> None:
        """Take the newest partial transcript of the utterance, by which endpointing judges whether it is complete."""
        self._recorded.set_partial(text)
        self._partial = text
        self._put_stable()

    def is_recording(self, utterance: str) -> bool:
        """Whether this utterance is under way here."""
        return self._utterance is not None and self._utterance.id == utterance

    @property
    def is_hearing(self) -> bool:
        """Whether an utterance is under way, or is still to be published."""
        return self._utterance is not None or not self._outbox.empty()

    # detection

    def _chunk_is_due(self, utterance: Utterance) -> bool:
        shortest, longest = _PROMPT_SILENCE
        prompt = shortest <= self._endpointer.silence <= longest
        return self._analysed - utterance.sent >= (self._detector.window if prompt else _CHUNK)

    def _analyse_window(self) -> None:
        start, self._analysed = self._analysed, self._analysed + self._detector.window
        window = self._buffer.pcm(start, self._analysed)
        probability = self._detector.probability(window)
        samples = samples_from_pcm(window)
        loudness = rms(samples)
        bands = cache(lambda: band_powers(samples, MICROPHONE_RATE))
        voices = (self._played, *self._played_elsewhere.values())
        heard = [voice.is_heard(loudness, bands) for voice in voices]  # each has to know every window
        echo = any(heard)
        match self._recorded.push(probability, loudness, echo=echo):
            case StartOfSpeech(sample):
                self._start_utterance(sample)
            case EndOfSpeech() as boundary:
                self._end_utterance(boundary)
        self._put_stable()
        self._judge_silence()

    def _judge_silence(self) -> None:
        """Give the utterance to the turn end detector, once for each silence in it."""
        since = self._endpointer.silent_since
        if self._turn_end_detector is None or self._utterance is None or since is None or since == self._judged_silence:
            return
        self._judged_silence = since
        question = self._recorded.ask_turn_end()
        loop = asyncio.get_running_loop()
        start = max(self._utterance.start, self._buffer.start)
        judging = self._turn_end_detector.judge(self._buffer.pcm(start, self._analysed))

        def take(judgement: Future[float]) -> None:
            if not judgement.cancelled() and judgement.exception() is None:
                self._recorded.set_turn_end(question, judgement.result(), since)
            elif not judgement.cancelled():
                log.warning("the end of a turn was not judged", extra={"why": repr(judgement.exception())})

        judging.add_done_callback(lambda done: loop.call_soon_threadsafe(take, done))

    # output

    def _start_utterance(self, sample: int) -> None:
        start = max(sample, self._buffer.start)
        self._utterance = Utterance(self._conversation, self._session, self._language, start)
        self._partial = ""
        self._put(self._utterance.started)
        self._put_chunk(self._utterance, final=False)

    def _end_utterance(self, boundary: EndOfSpeech) -> None:
        if self._utterance is not None:
            self._put_chunk(self._utterance, final=True)
            self._put(self._utterance.ended(boundary, self._recorded.take_trace()))
            self._utterance = None

    def _put_stable(self) -> None:
        """Publish the transcript as stable where the utterance may have ended, so that a reply can be prepared."""
        if self._utterance is not None and self._endpointer.may_have_ended:
            stable = self._utterance.stable(self._partial)
            if stable is not None:
                self._recorded.note_stable()
                self._put(stable)

    def _put_chunk(self, utterance: Utterance, *, final: bool) -> None:
        self._put(utterance.next_chunk(self._buffer.pcm(utterance.sent, self._analysed), final=final))

    def _put(self, message: Event | AudioIn | LiveEvent) -> None:
        if self._outbox.full():
            # NATS has been away for half a minute: this utterance is lost, and its reader reports that.
            self._outbox.get_nowait()
            drop("microphone", conversation=self._conversation)
        self._outbox.put_nowait(message)

    async def run(self, session: str) -> None:
        """Switch the microphone on for a session and publish until cancelled; then end an open utterance."""
        self._session = session
        watch = asyncio.create_task(self._watch_packets())
        unpublished: list[Event | AudioIn | LiveEvent] = []
        try:
            while True:
                unpublished = [await self._outbox.get()]
                await self._publish_all(unpublished)
                unpublished = []
                raise_if_cancelled()  # publishing may have swallowed it, and no sound may ever come to end this
        finally:
            watch.cancel()
            self._session = ""
            if (boundary := self._recorded.stop("session_closed")) is not None:
                self._end_utterance(boundary)
            # What failed comes again, and first: no utterance is on the log without its start.
            rest = [*unpublished, *(self._outbox.get_nowait() for _ in range(self._outbox.qsize()))]
            await asyncio.shield(self._publish_all(rest))

    async def _watch_packets(self) -> None:
        """End the utterance in which the packets cease, and keep what is said later apart from it."""
        packets, looks = self._packets, 0
        while True:
            await asyncio.sleep(self._muted_after / _MUTED_LOOKS)
            # Looks are counted, and not time: where this process was held up, the packets wait to be taken.
            looks = looks + 1 if self._packets == packets else 0
            packets = self._packets
            if looks == _MUTED_LOOKS:
                self._end_stream()

    def _end_stream(self) -> None:
        """The packets have ceased: end the utterance; the first packet that comes back begins a new stream."""
        if (boundary := self._recorded.stop("muted")) is not None:
            self._end_utterance(boundary)
        self._receiver.restart()
        # The pre-roll of the next utterance is silence, and not the end of this one.
        self.push_pcm(bytes(2 * (PRE_ROLL + 2 * self._detector.window)))

    async def _publish_all(self, messages: list[Event | AudioIn | LiveEvent]) -> None:
        for message in messages:
            await self._publish(message)

    async def _publish(self, message: Event | AudioIn | LiveEvent) -> None:
        if isinstance(message, Event):
            await self._event_log.append(message)
            if isinstance(message.body, UtteranceStarted):
                self._started = message
        elif isinstance(message, LiveEvent):
            await self._event_log.publish_live(message)
        else:
            await self._event_log.publish_media(
                message, f"{message.utterance}-{message.index}", cause=self._started
            )
