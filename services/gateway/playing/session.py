"""One browser's live session: publishes its microphone, and plays the conversation's speech and face to it."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Literal

from aiortc import RTCSessionDescription

from bus import clock, subjects
from bus.cancellation import cancel_until_done, raise_if_cancelled
from bus.errors import BusError
from bus.events import (
    CharacterChosen,
    CommandRecognised,
    ConversationErasureRequested,
    Event,
    FramesFailed,
    InterruptionSource,
    LiveEvent,
    MessageReceived,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SessionClosed,
    SessionCloseReason,
    SessionOpened,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    TranscriptFinal,
    TranscriptPartial,
    TranscriptStable,
    UtteranceDiscarded,
    UtteranceStarted,
)
from bus.ids import derive_id, new_id, seed_of
from bus.log import streams
from bus.log.event_log import EventLog
from bus.stamping import new_event
from services.face_script import FaceScript
from services.gateway.feed import Feed
from services.gateway.ice.configuration import IceConfiguration
from services.gateway.listening.microphone import Microphone
from services.gateway.playing.barge_in import Verdict
from services.gateway.playing.delivery import Delivery
from services.gateway.playing.floor import Floor
from services.gateway.playing.idle_loops import IdleLoops, ShownIdleLoop
from services.gateway.playing.media_buffering import buffer_media
from services.gateway.playing.other_sessions import OtherSessions
from services.gateway.playing.outbox import Outbox
from services.gateway.playing.peer_connection import PeerConnection
from services.gateway.playing.playback_events import PlaybackEvents
from services.gateway.playing.playout import PlayoutEvent
from services.gateway.playing.recovery import SessionJournal
from services.gateway.playing.resume import ResumePoint, find_resume_point
from services.gateway.playing.ticks import every_tick
from services.gateway.playing.watching import keep_watching, publish_watching
from services.gateway.playing.word_order import WordOrder
from services.gateway.subscriptions import Subscription

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 20.0
"""Seconds from the answer until media must flow."""
_IDLE_LOOP_INTERVAL = 0.2
_RECORD_PATIENCE = 2.0
"""Seconds that NATS has to store how a session ended before the page is told."""


class Session:
    """A session from the browser's offer until it leaves. Owns the peer connection and all its tasks.

    Args:
        on_barge_in: interrupts the replies of the conversation, but for the one to this turn.
        on_overtaken: interrupts the reply to this turn, which begins although something else was said since.
        join: ends the conversation's earlier sessions whose browser is gone, waits until the log has how far they had
            come, and tells whether others play on.
        connect_timeout: seconds from the answer until media must flow.
    """

    def __init__(
        self,
        event_log: EventLog,
        feed: Feed,
        idle_loops: IdleLoops,
        *,
        conversation: str,
        character: str,
        microphone: Microphone,
        journal: SessionJournal,
        ice: IceConfiguration,
        on_barge_in: Callable[[str | None], Awaitable[None]],
        on_overtaken: Callable[[str, InterruptionSource], Awaitable[None]],
        join: Callable[[Session], Awaitable[bool]],
        connect_timeout: float = CONNECT_TIMEOUT,
    ) -> None:
        self.id = new_id("s")
        self.conversation = conversation
        self._event_log = event_log
        self._feed = feed
        self._idle_loop = ShownIdleLoop(idle_loops, character)
        self._microphone = microphone
        self._journal = journal
        self._on_barge_in = on_barge_in
        self._on_overtaken = on_overtaken
        self._join = join
        self._connect_timeout = connect_timeout
        self.floor = Floor(phase=clock.now() // 40_000, seed=seed_of(conversation))
        self._face = FaceScript()
        self._playback_events = PlaybackEvents(conversation, self.id)
        self._delivery = Delivery()
        self._words = WordOrder()
        self._peer = PeerConnection(
            ice,
            user=self.id,
            on_microphone_packet=microphone.push_packet,
            on_delivered=lambda tick: self._outbox.put(*self._delivery.confirm(tick)),
            on_disconnect=self._on_disconnect,
        )
        self._ended: asyncio.Future[SessionCloseReason] = asyncio.get_running_loop().create_future()
        self._outbox = Outbox(event_log, self.id)
        self._opened: Event | None = None
        self.opened_at = 0
        """Sequence of its `session.opened`; 0: it is not on the log yet."""
        self.recorded = asyncio.Event()
        """Set once the log has how the session ended."""
        self._others = OtherSessions(self.id, self.floor.voice_of)
        self._must_confirm = False
        """Whether it ends unless its browser confirms something: a newer session is there."""

    @property
    def is_connected(self) -> bool:
        return self._peer.connected.is_set()

    @property
    def is_between_sentences(self) -> bool:
        """Whether neither side is within a sentence."""
        return self.is_connected and not self.floor.is_speaking and not self._microphone.is_hearing

    def follows(self, reply: str) -> bool:
        """Whether the voice of a reply, if there will be any, is played here."""
        return self._words.expects_voice(reply, asyncio.get_running_loop().time())

    # opening and closing

    async def answer(self, offer: RTCSessionDescription) -> str:
        """Accept the offer; returns the SDP of the answer.

        Raises:
            InvalidInput: the offer cannot be answered.
            Exhausted: all ports for media are in use.
        """
        return await self._peer.answer(offer)

    async def add_candidates(self, lines: list[str]) -> None:
        """Try these addresses of the browser, too."""
        await self._peer.add_candidates(lines)

    def end(self, reason: SessionCloseReason) -> None:
        """Make `run` close the session; of several reasons the first counts."""
        if not self._ended.done():
            self._ended.set_result(reason)

    def end_if_silent(self) -> bool:
        """End because a newer session is there, unless the browser has confirmed something lately; returns whether it
        ends. One that has had no time to confirm anything is given that."""
        self._must_confirm = True
        if self._delivery.is_trusted:
            self.end("replaced")
        elif not self._delivery.is_recent:
            self.end("lost")
        return self._ended.done()

    def _on_disconnect(self, how: Literal["failed", "closed"]) -> None:
        self.end("failed" if not self.is_connected else "left" if how == "closed" else "lost")

    async def run(self) -> None:
        """Serve the session until it is ended, then close it."""
        reason: SessionCloseReason = "shutdown"
        connected = asyncio.create_task(self._peer.connected.wait())
        try:
            # A browser that connects may write at once, before this end knows that it is connected.
            await publish_watching(self._event_log, self.conversation, self.id)
            await asyncio.wait(
                (connected, self._ended), timeout=self._connect_timeout, return_when=asyncio.FIRST_COMPLETED
            )
            if self.is_connected and not self._ended.done():
                reason = await self._serve()
            else:
                reason = "failed"
                log.info("session never connected", extra={"session": self.id})
        finally:
            connected.cancel()
            await asyncio.shield(self._close(reason))

    async def _serve(self) -> SessionCloseReason:
        """Run the tasks of an open session until it is ended, or one of them fails."""
        self._opened = self._event(SessionOpened(session=self.id), "opened")
        self._journal.record(self._opened)
        tasks = asyncio.create_task(self._run_tasks())
        try:
            if self._ended in (await asyncio.wait((tasks, self._ended), return_when=asyncio.FIRST_COMPLETED))[0]:
                return self._ended.result()
            log.error("session broke", extra={"session": self.id}, exc_info=tasks.exception())
            return "failed"
        finally:
            await cancel_until_done(tasks)

    async def _run_tasks(self) -> None:
        try:
            await self._run_task_group()
        except BaseException as error:
            # The frame of Python 3.11's TaskGroup and the error that ends it refer to each other, and to this session.
            traceback.clear_frames(error.__traceback__)
            raise

    async def _run_task_group(self) -> None:
        assert self._opened is not None
        with self._feed.subscribe(self.conversation) as subscription:
            self.opened_at = await self._event_log.append(self._opened)
            begin = await self._resume_reply(others_play=await self._join(self))
            raise_if_cancelled()  # a request may have swallowed it, and the tasks below end only by it
            audio, frames = subjects.audio_out_of(self.conversation), subjects.frames_of(self.conversation)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._outbox.run())
                tasks.create_task(self._handle_news(subscription))
                tasks.create_task(buffer_media(self._event_log, self.floor, streams.AUDIO, audio, begin.audio_after))
                tasks.create_task(buffer_media(self._event_log, self.floor, streams.FRAMES, frames, begin.frames_after))
                tasks.create_task(keep_watching(self._event_log, self.conversation, self.id))
                tasks.create_task(self._keep_idle_loop())
                tasks.create_task(self._peer.keep_pinging())
                # No sentence begins that would not be ended.
                tasks.create_task(every_tick(self._send_tick, until=self._ended.done))
                tasks.create_task(self._microphone.run(self.id))

    async def _close(self, reason: SessionCloseReason) -> None:
        recording = asyncio.create_task(self._record_end(reason))
        if reason == "shutdown":
            # Before the page is told: the session that it opens next, with another gateway, goes on after this one.
            await asyncio.wait((recording,), timeout=_RECORD_PATIENCE)
            await self._peer.take_leave("moved")
        elif reason == "replaced":
            await self._peer.take_leave("replaced")
        await self._peer.close()
        await recording

    async def _record_end(self, reason: SessionCloseReason) -> None:
        try:
            if self._opened is not None:
                await self._publish_end(reason, self._opened)
        finally:
            self.recorded.set()

    async def _publish_end(self, reason: SessionCloseReason, opened: Event) -> None:
        if (finished := self.floor.stop()) is not None:
            self._outbox.put(*self._told(finished))
        self._outbox.put(*self._delivery.settle())
        try:
            await self._event_log.append(opened)  # nothing where it is there already
            await self._outbox.flush()
            await self._event_log.append(self._event(SessionClosed(session=self.id, reason=reason), "closed"))
        except BusError as error:  # it stays in the journal, from which it is closed later
            log.warning("session not closed yet", extra={"session": self.id, "why": error.detail})
            return
        self._journal.remove(self.id)
        log.info("session closed", extra={"session": self.id, "reason": reason})

    def _event(self, body: SessionOpened | SessionClosed, name: str) -> Event:
        cause = self._opened.id if self._opened else None
        return new_event(body, conversation=self.conversation, event_id=derive_id(self.id, name), cause=cause)

    # input: the conversation's events and media

    async def _resume_reply(self, *, others_play: bool) -> ResumePoint:
        """Queue the speeches that are still to be played; where others are within a sentence, it is waited for."""
        known = self._feed.model.conversation(self.conversation)
        resume = await find_resume_point(self._event_log, self.conversation, known, others_play=others_play)
        if self._others.join(resume, clock.now()):
            self.floor.hold(True)
        if resume.reply is not None:
            self._follow(resume.reply)
        for event in resume.speeches:
            self.floor.add_speech(self._playback_events.add_speech(event))
        if resume.speeches:
            log.info("resuming a reply", extra={"session": self.id, "sentences": len(resume.speeches)})
        return resume

    async def _handle_news(self, subscription: Subscription) -> None:
        async for news in subscription.news():
            if news is None:
                continue
            if isinstance(news, LiveEvent):
                await self._handle_live(news)
            else:
                await self._handle_event(news.event)
        self.end("failed")  # cut off for reading too slowly

    async def _handle_event(self, event: Event) -> None:
        if self._others.see(event.body):
            self.floor.hold(False)
        self._face.add(event)
        match event.body:
            case ReplyStarted(reply=reply):
                self._follow(reply)
                if event.turn is not None and (by := self._words.overtaken_by(event.turn)) is not None:
                    await self._on_overtaken(event.turn, by)
            case ReplySentence(reply=reply):
                self._follow(reply)
            case MessageReceived():
                self._words.add_words(event)
            case SpeechStarted(reply=reply):
                self._follow(reply)
                self.floor.add_speech(self._playback_events.add_speech(event))
            case SpeechFailed(speech=speech) | SpeechEnded(speech=speech, samples=0):
                self.floor.fail_audio(speech)
            case FramesFailed(speech=speech):
                self.floor.fail_frames(speech)
            case ReplyInterrupted(reply=reply):
                self._outbox.put(*self.interrupt(reply))
            case CommandRecognised(name="stop"):
                await self._on_barge_in(event.turn)
            case ConversationErasureRequested():
                self.end("left")
            case CharacterChosen(character=character):
                self._idle_loop.character = character
                self._show_idle_loop()
            case UtteranceStarted(utterance=utterance, session=str() as session):
                self.floor.start_utterance(utterance, event.turn, session)
            case TranscriptFinal(utterance=utterance, text=text):
                self._words.add_words(event)
                await self._apply(self.floor.judge_final(utterance, text), event.turn)
            case UtteranceDiscarded(utterance=utterance, reason="heard_twice"):
                await self._apply(self.floor.drop_utterance(utterance), event.turn)
            case UtteranceDiscarded(utterance=utterance):
                await self._apply(self.floor.judge_final(utterance, ""), event.turn)
            case _:
                pass

    async def _handle_live(self, live: LiveEvent) -> None:
        if isinstance(live.body, TranscriptStable):
            self._face.pause(live.body.utterance, live.at)
        elif isinstance(live.body, TranscriptPartial) and self._microphone.is_recording(live.body.utterance):
            utterance, text = live.body.utterance, live.body.text
            self._microphone.set_partial(text)
            await self._apply(self.floor.judge_partial(utterance, text), self.floor.turn(utterance))

    async def _apply(self, verdict: Verdict, turn: str | None) -> None:
        """Resume the paused voice, or interrupt all replies but the answer to this turn."""
        if verdict == "interrupt":
            await self._on_barge_in(turn)
        if verdict != "wait":
            self.floor.resume()

    def _follow(self, reply: str) -> None:
        self._words.follow(reply, asyncio.get_running_loop().time())

    def interrupt(self, reply: str) -> list[Event]:
        """Stop a reply now; returns events that report how much of it was played, for the log."""
        finished = self.floor.interrupt(reply)
        return [] if finished is None else [*self._told(finished), *self._delivery.settle()]

    def _told(self, playout_event: PlayoutEvent) -> list[Event]:
        """The facts that are told now, once this has happened."""
        return self._delivery.put(self._playback_events.event(playout_event, self.floor.take_trace()))

    # output: media to the browser, events to the log

    def _send_tick(self, number: int) -> None:
        now = clock.now()
        self.floor.show_state(self._face.state(now), nods=self._face.nods(now))
        tick = self.floor.tick()
        self._peer.send(tick.audio, tick.video, number)
        self._microphone.push_playback(tick.audio, tick.loudness)
        for session, packet, loudness in self._others.voices.tick():
            self._microphone.push_playback_of(session, packet, loudness)
        self._outbox.put(*self._delivery.tick(number, *self.floor.position))
        for playout_event in tick.events:
            self._outbox.put(*self._told(playout_event))
        if tick.events and self._delivery.is_waiting:
            self._peer.ping()  # what waits is told after one round trip
        if self._delivery.is_lost:
            self.end("lost")
        elif self._must_confirm and self._delivery.is_trusted:
            self.end("replaced")
        if self._others.tick():
            self.floor.hold(False)

    async def _keep_idle_loop(self) -> None:
        while True:
            self._show_idle_loop()
            await asyncio.sleep(_IDLE_LOOP_INTERVAL)

    def _show_idle_loop(self) -> None:
        """Show the newest idle loop of the character, unless it is shown already."""
        if (loop := self._idle_loop.next()) is not None:
            self.floor.set_idle_loop(loop)
