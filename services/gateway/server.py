"""Puts the gateway together: the log's feed, idle loops, sessions and the web server, in one process."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from aiortc import RTCIceServer
from starlette.applications import Starlette

from bus import codec, subjects
from bus.errors import ConfigurationError, UndecodableEvent
from bus.events import UNKNOWN_LANGUAGE, CharacterRemoved, IdleBatch
from bus.log import streams
from bus.log.event_log import EventLog
from bus.process.discovery import announce
from bus.process.http_server import serve
from bus.settings import DETECT_LANGUAGE, Settings
from projections.read_model import ReadModel
from services.gateway.feed import Feed
from services.gateway.listening.endpointing import Endpointer
from services.gateway.listening.microphone import Microphone
from services.gateway.listening.turn_end import TurnEndDetector
from services.gateway.listening.voice_activity import VoiceActivityDetector
from services.gateway.playing import aiortc_tuning
from services.gateway.playing.idle_loops import IdleLoops
from services.gateway.playing.recovery import SessionJournal, close_orphaned_sessions
from services.gateway.playing.session import Session
from services.gateway.web.api import make_app
from services.gateway.web.conversations import RETRY_FOR, Conversations
from services.gateway.web.face_requests import FaceRequests
from services.gateway.web.health import GatewayHealth
from services.gateway.web.parts import GatewayParts

log = logging.getLogger(__name__)

PAGE = Path(__file__).parents[2] / "ui" / "avatar-chat" / "dist"


def parse_ice_servers(setting: str) -> tuple[RTCIceServer, ...]:
    """The servers in VISAVIS_ICE_SERVERS.

    Raises:
        ConfigurationError: one is neither `stun:host:port` nor `turn:user:password@host:port`.
    """
    servers: list[RTCIceServer] = []
    for one in filter(None, (part.strip() for part in setting.split(","))):
        kind, _, rest = one.partition(":")
        if kind == "stun" and rest:
            servers.append(RTCIceServer(urls=one))
        elif kind in ("turn", "turns") and "@" in rest:
            who, _, where = rest.rpartition("@")
            user, _, password = who.partition(":")
            servers.append(RTCIceServer(urls=f"{kind}:{where}", username=user, credential=password))
        else:
            raise ConfigurationError(
                f"VISAVIS_ICE_SERVERS: expected stun:host:port or turn:user:password@host:port, got {one!r}"
            )
    return tuple(servers)


class GatewayServer:
    """One gateway. Many may run side by side, each with a read model of its own.

    Args:
        make_activity: a fresh voice activity detector, one for each microphone.
        turn_end: judges for all of them whether a person sounds done.
        retry_for: seconds for which a request is retried while NATS is away.
    """

    def __init__(
        self,
        event_log: EventLog,
        settings: Settings,
        model: ReadModel,
        make_detector: Callable[[], VoiceActivityDetector],
        turn_end: TurnEndDetector | None = None,
        *,
        retry_for: float = RETRY_FOR,
    ) -> None:
        self._event_log = event_log
        self._settings = settings
        self._make_detector = make_detector
        self._turn_end_detector = turn_end
        self._feed = Feed(event_log, model)
        self._journal = SessionJournal(settings.data_folder / "sessions")
        self._idle = IdleLoops()
        self._conversations = Conversations(
            event_log,
            self._feed,
            "" if settings.language == DETECT_LANGUAGE else settings.language,
            retry_for=retry_for,
        )
        self._faces = FaceRequests(
            event_log,
            self._feed,
            self._conversations,
            max_faces=settings.faces_per_person,
            language=settings.language if settings.language not in ("", DETECT_LANGUAGE) else "en",
        )
        self._ice = parse_ice_servers(settings.ice_servers)
        self._serving: set[asyncio.Task[None]] = set()

    def app(self) -> Starlette:
        return make_app(
            GatewayParts(
                event_log=self._event_log,
                feed=self._feed,
                idle=self._idle,
                conversations=self._conversations,
                faces=self._faces,
                open_session=self._open_session,
                serve_session=self._serve_session,
                ice_servers=self._ice,
                page=PAGE,
                health=GatewayHealth(self._event_log, self._feed, lambda: len(self._conversations.sessions)),
            )
        )

    async def run(self, listener: socket.socket) -> None:
        """Serve until cancelled; sessions are then closed and say so on the log."""
        aiortc_tuning.apply_patches(loopback=self._settings.host in ("127.0.0.1", "::1", "localhost"))
        async with announce(self._event_log, "gateway"), asyncio.TaskGroup() as tasks:
            tasks.create_task(close_orphaned_sessions(self._event_log, self._journal))
            tasks.create_task(self._feed.run())
            tasks.create_task(self._keep_characters())
            tasks.create_task(self._keep_idle_loops())
            async with serve(self.app(), listener) as serving:
                log.info("ready", extra={"at": f"http://{self._settings.host}:{self._settings.port}"})
                try:
                    await asyncio.shield(serving)
                finally:
                    await self._close_sessions()

    async def _keep_characters(self) -> None:
        async with aclosing(self._event_log.read(streams.CHARACTERS, subjects.ALL_CHARACTERS, follow=True)) as records:
            async for record in records:
                try:
                    event = codec.decode_character_event(record.data)
                except UndecodableEvent as error:
                    log.warning("undecodable character event", extra={"why": error.detail})
                    continue
                self._conversations.apply_character_event(event)
                if isinstance(event.body, CharacterRemoved):
                    self._idle.forget(event.character)

    async def _keep_idle_loops(self) -> None:
        async with aclosing(self._event_log.read(streams.FRAMES, subjects.ALL_IDLE_FRAMES, follow=True)) as records:
            async for record in records:
                try:
                    batch = codec.decode_media(record.data)
                except UndecodableEvent as error:
                    log.warning("undecodable idle loop", extra={"why": error.detail})
                    continue
                if isinstance(batch, IdleBatch) and self._idle.add(batch):
                    log.info("idle loop", extra={"character": batch.character, "version": batch.version})

    def _open_session(self, conversation: str, character: str) -> Session:
        state = self._feed.model.conversation(conversation)
        language = state.language if state else self._settings.language
        detector = self._make_detector()
        endpointer = Endpointer(self._settings.endpoint_ms, language=language, window=detector.window)
        spoken = UNKNOWN_LANGUAGE if self._settings.language == DETECT_LANGUAGE else language
        microphone = Microphone(self._event_log, conversation, spoken, detector, endpointer, self._turn_end_detector)
        return Session(
            self._event_log,
            self._feed,
            self._idle,
            conversation=conversation,
            character=character,
            microphone=microphone,
            journal=self._journal,
            ice_servers=list(self._ice),
            on_speech=lambda one, turn: self._conversations.interrupt(one, by="speech", before=turn),
            alone=lambda: self._conversations.connected(conversation) <= 1,
        )

    def _serve_session(self, session: Session) -> None:
        async def serve() -> None:
            self._conversations.sessions[session.id] = session
            try:
                await session.run()
            finally:
                del self._conversations.sessions[session.id]

        task = asyncio.create_task(serve())
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _close_sessions(self) -> None:
        for session in list(self._conversations.sessions.values()):
            session.end("shutdown")
        if self._serving:
            await asyncio.wait(self._serving, timeout=5)
