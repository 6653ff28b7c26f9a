"""The gateway's server: the log's feed, idle loops, sessions and the web server, wired together in one process."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from starlette.applications import Starlette

from bus import codec, subjects
from bus.cancellation import cancel_until_done
from bus.dropped import drop
from bus.errors import UndecodableEvent
from bus.events import UNKNOWN_LANGUAGE, CharacterRemoved, IdleBatch
from bus.log import streams
from bus.log.event_log import EventLog, Record
from bus.process.discovery import announce, discover
from bus.process.drain import Drain
from bus.process.files import raise_file_limit
from bus.process.http_server import serve
from bus.process.operator_key import operator_key
from bus.process.signing_key import signing_key
from bus.settings import DETECT_LANGUAGE, Settings
from projections.access_reader import AccessReader
from projections.people_reader import PeopleReader
from projections.read_model import ReadModel
from services.face_clips import MAIN
from services.gateway.draining import let_go
from services.gateway.erasing import Eraser
from services.gateway.feed import Feed
from services.gateway.ice.configuration import ice_configuration
from services.gateway.listening.endpointing import Endpointer
from services.gateway.listening.microphone import Microphone
from services.gateway.listening.sentence_end import end_probability
from services.gateway.listening.turn_end import TurnEndDetector
from services.gateway.listening.voice_activity import VoiceActivityDetector
from services.gateway.playing import aiortc_tuning
from services.gateway.playing.idle_loops import IdleLoops
from services.gateway.playing.recovery import SessionJournal, keep_sessions_closed
from services.gateway.playing.session import CONNECT_TIMEOUT, Session
from services.gateway.playing.sessions import Sessions
from services.gateway.read_model_build import ReadModelBuild
from services.gateway.replaying.media_files import MediaFiles
from services.gateway.replaying.recordings import Recordings
from services.gateway.web.api import make_app
from services.gateway.web.asset_collector import AssetCollector
from services.gateway.web.configured_channels import ConfiguredChannels
from services.gateway.web.connections import Connections
from services.gateway.web.context import GatewayContext
from services.gateway.web.conversations import REQUEST_RETRY_FOR, Conversations
from services.gateway.web.face_requests import FaceRequests
from services.gateway.web.health import GatewayHealth
from services.gateway.web.identity import Persons
from services.gateway.web.keys import Keys
from services.gateway.web.limits import Limits, Room, trusted_proxies
from services.gateway.web.links import Links
from services.gateway.web.origins import Origins
from services.gateway.web.space import Space
from services.gateway.web.turn_latencies import TurnLatencies
from services.gateway.web.unanswered import UnansweredMessages
from services.h264_levels import IDLE_LOOP_BITRATE, required_level
from services.improvements import this_machine
from services.models.progress import DOWNLOADS

log = logging.getLogger(__name__)

PAGE = Path(__file__).parents[2] / "ui" / "avatar-chat" / "dist"


class GatewayServer:
    """One gateway. Several may run side by side, each with a read model of its own.

    Args:
        make_detector: makes the voice activity detector of a session.
        turn_end_detector: the detector that a new session uses; None if there is none.
        retry_for: seconds for which a request is retried while NATS is away.
        connect_timeout: seconds for which a session may take to connect.
        drain: when it begins, the sessions are let go one by one, and `run` returns.
        files: that this process may open; None: as many as the system allows.
    """

    def __init__(
        self,
        event_log: EventLog,
        settings: Settings,
        model: ReadModel,
        make_detector: Callable[[], VoiceActivityDetector],
        turn_end_detector: Callable[[], TurnEndDetector | None] = lambda: None,
        *,
        retry_for: float = REQUEST_RETRY_FOR,
        connect_timeout: float = CONNECT_TIMEOUT,
        drain: Drain | None = None,
        files: int | None = None,
    ) -> None:
        self._drain = drain or Drain()
        self._event_log = event_log
        self._settings = settings
        self._make_detector = make_detector
        self._turn_end_detector = turn_end_detector
        self._connect_timeout = connect_timeout
        self._latencies = TurnLatencies()
        self._room = Room.of(settings, files or raise_file_limit())
        self._limits = Limits(settings, sessions=self._room.sessions)
        self._unanswered = UnansweredMessages(self._limits.shares)
        self._feed = Feed(event_log, model, ReadModelBuild(settings, model.path), on_record=self._see)
        self._space = Space(event_log, settings)
        self._journal = SessionJournal(settings.data_folder / "sessions")
        self._idle_loops = IdleLoops()
        self._sessions = Sessions(event_log, self._feed)
        self._conversations = Conversations(
            event_log,
            self._feed,
            self._sessions,
            "" if settings.language == DETECT_LANGUAGE else settings.language,
            check_room=self._space.check_room,
            most=settings.conversations_per_person,
            retry_for=retry_for,
        )
        self._faces = FaceRequests(
            event_log,
            self._feed,
            self._conversations,
            max_faces=settings.faces_per_person,
            language=settings.language if settings.language not in ("", DETECT_LANGUAGE) else "en",
        )
        self._eraser = Eraser(event_log, self._feed, keep_days=settings.conversation_days)
        self._people = PeopleReader(event_log, timeout=retry_for)
        self._links = Links(event_log, self._people)
        self._access = AccessReader(event_log, timeout=retry_for)
        self._persons = Persons(event_log, self._access, signing_key(settings))
        self._keys = Keys(event_log, self._access, signing_key(settings), operator_key(settings))
        self._ice = ice_configuration(settings)
        self._connections = Connections(
            most=self._room.connections,
            per_address=settings.connections_per_address,
            header_seconds=settings.header_seconds,
            request_seconds=settings.request_seconds,
            proxies=self._limits.proxies,
        )

    def _see(self, record: Record) -> None:
        self._latencies.see(record)
        self._unanswered.see(record)

    def app(self) -> Starlette:
        return make_app(
            GatewayContext(
                event_log=self._event_log,
                settings=self._settings,
                feed=self._feed,
                idle=self._idle_loops,
                conversations=self._conversations,
                faces=self._faces,
                links=self._links,
                persons=self._persons,
                keys=self._keys,
                origins=Origins(self._settings),
                channels=ConfiguredChannels(self._event_log),
                open_session=self._open_session,
                sessions=self._sessions,
                limits=self._limits,
                unanswered=self._unanswered,
                ice=self._ice,
                video_level=required_level(
                    self._settings.video_size, bitrate=max(self._settings.video_bitrate, IDLE_LOOP_BITRATE)
                ),
                recordings=Recordings(self._event_log),
                media_files=MediaFiles(self._event_log),
                page=PAGE,
                space=self._space,
                health=GatewayHealth(
                    self._event_log,
                    self._feed,
                    self._latencies,
                    self._session_count,
                    self._drain,
                    self._space,
                    self._ice.ports,
                ),
                drain=self._drain,
                this_machine=lambda: this_machine(self._settings),
            )
        )

    async def run(self, listener: socket.socket) -> None:
        """Serve until cancelled or drained; then close the sessions, each with its `session.closed` on the log."""
        aiortc_tuning.apply_patches(loopback=self._settings.host in ("127.0.0.1", "::1", "localhost"))
        announced = announce(self._event_log, "gateway", note=self._note, metadata=self._metadata)
        async with announced, asyncio.TaskGroup() as tasks:
            lasting = [
                tasks.create_task(work)
                for work in (
                    keep_sessions_closed(self._event_log, self._journal, self._sessions.here.__contains__),
                    self._feed.run(),
                    self._space.run(),
                    self._people.run(),
                    AssetCollector(self._event_log).run(),
                    self._access.run(),
                    self._keys.end_sessions(),
                    self._eraser.run(),
                    self._follow_characters(),
                    self._follow_idle_loops(),
                    self._follow_face_clips(),
                    self._sessions.elsewhere.run(),
                )
            ]
            web = serve(
                self.app(),
                listener,
                protocol=self._connections.protocol(),
                trusted_proxies=trusted_proxies(self._settings),
            )
            draining = tasks.create_task(self._let_sessions_go())
            try:
                async with web as serving:
                    log.info("ready", extra={"at": f"http://{self._settings.host}:{self._settings.port}"})
                    try:
                        await asyncio.wait((serving, draining), return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        await self._sessions.close()
                        self._feed.cut_subscriptions()
            finally:
                # The group cancels each once, and one that has swallowed that would be waited for for ever.
                await asyncio.gather(*map(cancel_until_done, (*lasting, draining)))

    async def _let_sessions_go(self) -> None:
        await self._drain.wait()
        log.info("ending", extra={"sessions": self._session_count()})
        await let_go(
            self._sessions.here,
            self._feed.state_of,
            self._drain,
            is_alone=self._is_alone,
            watchers=lambda: self._feed.subscription_count,
        )

    async def _is_alone(self) -> bool:
        """Whether no other gateway is ready."""
        found = await discover(self._event_log) if self._event_log.connected else []
        return not any(one.name == "gateway" and one.metadata.get("ready") == "1" for one in found)

    def _session_count(self) -> int:
        return len(self._sessions.here)

    @property
    def connection_count(self) -> int:
        """The number of connections that are open."""
        return self._connections.count

    def _note(self) -> str:
        return "; ".join(filter(None, (DOWNLOADS.note(), self._space.note())))

    def _metadata(self) -> dict[str, str]:
        ready = self._feed.caught_up.is_set() and not self._drain.is_begun
        return {"sessions": str(self._session_count()), "ready": str(int(ready))}

    async def _follow_characters(self) -> None:
        reading = self._event_log.follow_anew(
            streams.CHARACTERS, subjects.ALL_CHARACTERS, on_replaced=self._conversations.forget_characters
        )
        async with aclosing(reading) as records:
            async for record in records:
                try:
                    event = codec.decode_character_event(record.data)
                except UndecodableEvent as error:
                    drop("undecodable", subject=record.subject, sequence=record.sequence, why=error.detail)
                    continue
                self._conversations.apply_character_event(event)
                if isinstance(event.body, CharacterRemoved):
                    self._idle_loops.remove(event.character)

    async def _follow_idle_loops(self) -> None:
        # Those of a render service of an earlier version, which may run beside this one: they are there for a day.
        async with aclosing(self._event_log.read(streams.FRAMES, subjects.EARLIER_IDLE_FRAMES)) as earlier:
            async for record in earlier:
                self._add_idle_loop(record)
        # Where the stream was replaced, the loops are shown on until render has published them again.
        async with aclosing(self._event_log.follow_anew(streams.IDLE, subjects.ALL_IDLE_FRAMES)) as records:
            async for record in records:
                self._add_idle_loop(record)

    async def _follow_face_clips(self) -> None:
        async with aclosing(self._event_log.follow_anew(streams.IDLE, subjects.ALL_FACE_CLIPS)) as records:
            async for record in records:
                self._add_idle_loop(record)

    def _add_idle_loop(self, record: Record) -> None:
        try:
            batch = codec.decode_media(record.data)
        except UndecodableEvent as error:
            drop("undecodable", subject=record.subject, sequence=record.sequence, why=error.detail)
            return
        if isinstance(batch, IdleBatch) and self._idle_loops.add(batch) and batch.clip == MAIN:
            log.info("idle loop", extra={"character": batch.character, "version": batch.version})

    def _open_session(self, conversation: str, character: str) -> Session:
        state = self._feed.model.conversation(conversation)
        language = state.language if state else self._settings.language
        detector = self._make_detector()
        endpointer = Endpointer(
            self._settings.endpoint_ms,
            language=language,
            window=detector.window,
            end_probability=end_probability(language),
            onset=detector.onset,
        )
        spoken_language = UNKNOWN_LANGUAGE if self._settings.language == DETECT_LANGUAGE else language
        microphone = Microphone(
            self._event_log, conversation, spoken_language, detector, endpointer, self._turn_end_detector()
        )
        return Session(
            self._event_log,
            self._feed,
            self._idle_loops,
            conversation=conversation,
            character=character,
            microphone=microphone,
            journal=self._journal,
            ice=self._ice,
            on_barge_in=lambda turn: self._conversations.interrupt(conversation, by="speech", spared=turn),
            on_overtaken=lambda turn, by: self._conversations.interrupt_overtaken(conversation, turn, by),
            join=self._sessions.join,
            connect_timeout=self._connect_timeout,
        )
