"""One live connection of a browser: its microphone to the log, the conversation's speech and face to it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, Literal

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

from bus import clock, subjects
from bus.codec import decode_media
from bus.errors import InvalidInput, UndecodableEvent
from bus.events import (
    AudioOut,
    Body,
    CharacterChosen,
    CommandRecognised,
    Event,
    FrameBatch,
    FramesFailed,
    LiveEvent,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyInterrupted,
    SessionClosed,
    SessionOpened,
    SpeechFailed,
    SpeechStarted,
    TranscriptFinal,
    TranscriptPartial,
    UtteranceDiscarded,
    UtteranceStarted,
    Watching,
)
from bus.ids import derive_id, new_id
from bus.log import streams
from bus.log.event_log import EventLog
from services.audio import SILENCE
from services.gateway.feed import Feed, Watcher
from services.gateway.listening.microphone import Microphone
from services.gateway.playing import aiortc_tuning
from services.gateway.playing.barge_in import BargeInDetector, Verdict
from services.gateway.playing.idle_loops import IdleLoops
from services.gateway.playing.playout import Finished, Playout, Progress, Started, Tick
from services.gateway.playing.recovery import SessionJournal
from services.gateway.playing.resume import ResumePoint, find_resume_point
from services.gateway.playing.tracks import EncodedTrack

log = logging.getLogger(__name__)

CloseReason = Literal["left", "lost", "shutdown", "failed"]

_TICK = 0.02
_FALLEN_BEHIND = 0.2
_CONNECT_PATIENCE = 20.0
_WATCH_EVERY = 2.0
_PING_EVERY = 1.0
_AUDIO_CLOCK = 960
_VIDEO_CLOCK = 1800


class Session:
    """From an offer until the browser leaves. Owns the peer connection, its tracks and all its tasks."""

    def __init__(
        self,
        event_log: EventLog,
        feed: Feed,
        idle: IdleLoops,
        *,
        conversation: str,
        character: str,
        microphone: Microphone,
        journal: SessionJournal,
        ice_servers: list[RTCIceServer],
        on_speech: Callable[[str, str | None], Awaitable[None]],
        alone: Callable[[], bool],
    ) -> None:
        self.id = new_id("s")
        self.conversation = conversation
        self._event_log = event_log
        self._feed = feed
        self._idle = idle
        self._character = character
        self._idle_shown: tuple[str, str] | None = None
        self._microphone = microphone
        self._journal = journal
        self._on_speech = on_speech
        self._alone = alone
        self.playout = Playout(phase=clock.now() // 40_000)
        self._barge_in = BargeInDetector()
        self._causes: dict[str, Event] = {}
        self._audio, self._video = EncodedTrack("audio"), EncodedTrack("video")
        self._pc = RTCPeerConnection(
            RTCConfiguration(iceServers=ice_servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._control: RTCDataChannel | None = None
        self._connected = asyncio.Event()
        self._over: asyncio.Future[CloseReason] = asyncio.get_running_loop().create_future()
        self._facts: asyncio.Queue[Event] = asyncio.Queue(1000)
        self._opened: Event | None = None

    @property
    def is_connected(self) -> bool:
        return self._connected.is_set()

    # connecting

    async def answer(self, offer: RTCSessionDescription) -> str:
        """Take the offer; returns the answer's SDP with all our candidates.

        Raises:
            InvalidInput: the offer cannot be answered.
        """
        self._pc.addTrack(self._audio)
        video = self._pc.addTrack(self._video)
        # Before the remote description: afterwards preferences are ignored without a word.
        for transceiver in self._pc.getTransceivers():
            if transceiver.sender is video:
                codecs = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([c for c in codecs if c.mimeType in ("video/H264", "video/rtx")])
        self._pc.on("connectionstatechange", self._on_connection_state)
        self._pc.on("datachannel", self._on_data_channel)
        try:
            await self._pc.setRemoteDescription(offer)
            for transceiver in self._pc.getTransceivers():
                if transceiver.kind == "audio":
                    aiortc_tuning.intercept_packets(transceiver.receiver, self._microphone.push_packet)
            await self._pc.setLocalDescription(await self._pc.createAnswer())
        except Exception as error:  # a parser fed by strangers: it raises whatever it likes
            await self._pc.close()
            raise InvalidInput(f"the offer cannot be answered: {type(error).__name__}: {error}") from error
        return self._pc.localDescription.sdp

    def _on_connection_state(self) -> None:
        state = self._pc.connectionState
        if state == "connected":
            self._connected.set()
        elif state in ("failed", "closed"):
            self.end("lost" if self._connected.is_set() else "failed")

    def _on_data_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == "control":
            self._control = channel

    def end(self, reason: CloseReason) -> None:
        """Close soon; the first reason given stands."""
        if not self._over.done():
            self._over.set_result(reason)

    async def run(self) -> None:
        """Serve the session until it is over."""
        reason: CloseReason = "shutdown"
        connected = asyncio.create_task(self._connected.wait())
        try:
            # A browser that connects may write at once, before this end knows that it is connected.
            await self._say_watching()
            await _first(connected, self._over, timeout=_CONNECT_PATIENCE)
            if self._connected.is_set() and not self._over.done():
                reason = await self._serve()
            else:
                reason = "failed"
                log.info("session never connected", extra={"session": self.id})
        finally:
            connected.cancel()
            await asyncio.shield(self._close(reason))

    async def _serve(self) -> CloseReason:
        """Do all the work of an open session until it is told to end, or the work breaks."""
        self._opened = self._fact(SessionOpened(session=self.id), cause=None, identity=derive_id(self.id, "opened"))
        self._journal.opened(self._opened)
        self._facts.put_nowait(self._opened)
        work = asyncio.create_task(self._work())
        try:
            await _first(work, self._over)
            if self._over.done():
                return self._over.result()
            log.error("session broke", extra={"session": self.id}, exc_info=work.exception())
            return "failed"
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _work(self) -> None:
        with self._feed.watch(self.conversation) as watcher:
            begin = await self._take_up()
            sound, pictures = subjects.audio_out_of(self.conversation), subjects.frames_of(self.conversation)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._publish_facts())
                tasks.create_task(self._note(watcher))
                tasks.create_task(self._take_media(streams.AUDIO, sound, begin.sound))
                tasks.create_task(self._take_media(streams.FRAMES, pictures, begin.pictures))
                tasks.create_task(self._say_that_we_watch())
                tasks.create_task(self._ping())
                tasks.create_task(self._pace())
                tasks.create_task(self._microphone.run(self.id))

    async def _close(self, reason: CloseReason) -> None:
        self._audio.stop()
        self._video.stop()
        await self._pc.close()
        opened = self._opened
        if opened is None:
            return
        closed = SessionClosed(session=self.id, reason=reason)
        while not self._facts.empty():
            await self._event_log.append(self._facts.get_nowait())
        await self._event_log.append(self._fact(closed, cause=opened, identity=derive_id(self.id, "closed")))
        self._journal.closed(self.id)
        log.info("session closed", extra={"session": self.id, "reason": reason})

    # what happens in the conversation

    async def _note(self, watcher: Watcher) -> None:
        async for one in watcher.news():
            if one is None:
                continue
            if isinstance(one, LiveEvent):
                await self._note_partial(one)
                continue
            match one.event.body:
                case SpeechStarted() as speech:
                    self._causes[speech.speech] = one.event
                    self.playout.started(speech)
                    if self._barge_in.under_way:
                        self.playout.hold()  # nobody is spoken over
                case SpeechFailed(speech=speech_id):
                    self.playout.skip(speech_id)
                case FramesFailed(speech=speech_id):
                    self.playout.no_frames(speech_id)
                case ReplyInterrupted(reply=reply):
                    self.interrupt(reply)
                case CommandRecognised(name="stop"):
                    await self._on_speech(self.conversation, one.event.turn)
                case CharacterChosen(character=character):
                    self._character = character
                    self._show_idle()
                case UtteranceStarted(utterance=utterance, session=self.id):
                    self._barge_in.began(utterance, one.event.turn)
                    if not self.playout.is_idle:
                        self.playout.hold()
                case TranscriptFinal(utterance=utterance, text=text):
                    await self._decide(self._barge_in.over(utterance, text), one.event.turn)
                case UtteranceDiscarded(utterance=utterance):
                    await self._decide(self._barge_in.over(utterance, ""), one.event.turn)
                case _:
                    pass
        self.end("failed")  # cut off for reading too slowly

    async def _note_partial(self, live: LiveEvent) -> None:
        if not isinstance(live.body, TranscriptPartial) or not self._microphone.is_recording(live.body.utterance):
            return
        self._microphone.set_partial(live.body.text)
        turn = self._barge_in.turn(live.body.utterance)
        await self._decide(self._barge_in.heard(live.body.utterance, live.body.text), turn)

    async def _decide(self, verdict: Verdict, turn: str | None) -> None:
        """The voice that fell silent goes on, or the answers to what was said before this turn are cut short."""
        if verdict == "stop" and not self.playout.is_idle:
            await self._on_speech(self.conversation, turn)
        if verdict != "wait":
            self.playout.release()

    def interrupt(self, reply: str) -> list[Event]:
        """Stop a reply now; returns the facts of what had been played, for the log."""
        return [event for moment in self.playout.interrupt(reply) if (event := self._moment(moment)) is not None]

    async def _take_up(self) -> ResumePoint:
        """Go on with a reply that was told while no session was there to play it, or that a lost one broke off."""
        known = self._feed.model.conversation(self.conversation)
        unheard = await find_resume_point(self._event_log, self.conversation, known, alone=self._alone)
        for event in unheard.speeches:
            assert isinstance(event.body, SpeechStarted)
            self._causes[event.body.speech] = event
            self.playout.started(event.body)
        if unheard.speeches:
            log.info("taking up a reply", extra={"session": self.id, "sentences": len(unheard.speeches)})
        return unheard

    async def _take_media(self, stream: str, subject: str, after: int) -> None:
        async with aclosing(self._event_log.read(stream, subject, after=after, follow=True)) as records:
            async for record in records:
                try:
                    message = decode_media(record.data)
                except UndecodableEvent as error:
                    log.warning("undecodable media", extra={"sequence": record.sequence, "why": error.detail})
                    continue
                if isinstance(message, AudioOut):
                    self.playout.audio(message)
                elif isinstance(message, FrameBatch):
                    self.playout.frames(message)

    # what leaves

    async def _pace(self) -> None:
        """One tick every 20 ms. After a stall the time stamps jump, so that nothing is sent in a burst."""
        loop = asyncio.get_running_loop()
        origin, number = loop.time(), 0
        while True:
            self._send(self.playout.tick(), number)
            number += 1
            late = loop.time() - origin - number * _TICK
            if late > _FALLEN_BEHIND:
                number += int(late / _TICK)
            await asyncio.sleep(max(0.0, -late))

    def _send(self, tick: Tick, number: int) -> None:
        self._audio.push(tick.audio or SILENCE, number * _AUDIO_CLOCK)
        self._microphone.push_playback(tick.audio)
        if tick.video is not None:
            self._video.push(tick.video, number * _VIDEO_CLOCK)
        for moment in tick.moments:
            event = self._moment(moment)
            if event is not None and not self._facts.full():
                self._facts.put_nowait(event)

    def _moment(self, moment: Started | Progress | Finished) -> Event | None:
        about = moment.speech
        common = {"session": self.id, "speech": about.speech, "reply": about.reply, "index": about.index}
        body: Body
        match moment:
            case Started(video=video):
                body = PlaybackStarted(**common, video=video)  # type: ignore[arg-type]
            case Progress(samples=samples):
                body = PlaybackProgress(**common, samples=samples)  # type: ignore[arg-type]
            case Finished():
                body = PlaybackFinished(
                    **common,  # type: ignore[arg-type]
                    samples=moment.samples,
                    complete=moment.complete,
                    frames=moment.frames,
                )
        cause = self._causes.get(about.speech)
        if isinstance(moment, Finished):
            self._causes.pop(about.speech, None)
        position = getattr(body, "samples", 0)
        return self._fact(body, cause=cause, identity=derive_id(about.speech, self.id, type(body).__name__, position))

    def _fact(self, body: Body, *, cause: Event | None, identity: str) -> Event:
        return Event(
            id=identity,
            at=clock.now(),
            conversation=self.conversation,
            turn=cause.turn if cause else None,
            cause=cause.id if cause else None,
            body=body,  # type: ignore[arg-type]
        )

    async def _publish_facts(self) -> None:
        while True:
            await self._event_log.append(await self._facts.get())

    # keeping alive

    def _show_idle(self) -> None:
        loop = self._idle.get(self._character)
        if loop is not None and self._idle_shown != (loop.character, loop.version):
            self._idle_shown = (loop.character, loop.version)
            self.playout.set_idle(loop)

    async def _say_that_we_watch(self) -> None:
        while True:
            await self._say_watching()
            for _ in range(10):
                self._show_idle()
                await asyncio.sleep(_WATCH_EVERY / 10)

    async def _say_watching(self) -> None:
        watching = LiveEvent(at=clock.now(), conversation=self.conversation, body=Watching(session=self.id))
        await self._event_log.publish_live(watching)

    async def _ping(self) -> None:
        while True:
            if self._control is not None and self._control.readyState == "open":
                self._control.send(json.dumps({"type": "ping", "at": clock.now() // 1000}))
            await asyncio.sleep(_PING_EVERY)


async def _first(*ends: asyncio.Future[Any], timeout: float | None = None) -> None:
    """Wait until one of them is done."""
    await asyncio.wait(ends, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
