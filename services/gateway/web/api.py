"""The HTTP API; docs/api.md is its contract."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiortc import RTCIceServer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from bus.errors import BusError, InvalidInput, NotFound, TooLarge, VisavisError
from bus.events import Id
from bus.log.event_log import EventLog
from bus.process import health
from bus.process.discovery import discover
from projections.view import view
from services.gateway.feed import Feed
from services.gateway.playing.idle_loops import IdleLoops
from services.gateway.playing.session import Session
from services.gateway.web.conversations import Conversations
from services.gateway.web.event_stream import event_stream
from services.gateway.web.face_requests import FaceRequests, read_face_form
from services.gateway.web.identity import PersonCookieMiddleware, SameOriginMiddleware, current_person
from services.gateway.web.offer import parse_offer
from services.gateway.web.static import StaticPage

log = logging.getLogger(__name__)

EXPECTED_SERVICES = ("stt", "dialogue", "tts", "render")
_LONGEST_JSON = 64 << 10
_LONGEST_OFFER = 256 << 10
_SEQUENCE_DIGITS = 19
_STATUS = {
    "not_found": 404, "too_large": 413, "unsupported_media_type": 415, "invalid_input": 400, "switched_off": 403,
    "too_many": 409, "taken": 409,
}


class NewConversation(msgspec.Struct, forbid_unknown_fields=True):
    character: str | None = None


class NewMessage(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    message: Id | None = None


class Choice(msgspec.Struct, forbid_unknown_fields=True):
    character: str


@dataclass(frozen=True)
class Gateway:
    """What the routes work with."""

    event_log: EventLog
    feed: Feed
    idle: IdleLoops
    conversations: Conversations
    faces: FaceRequests
    open_session: Callable[[str, str], Session]
    """Makes a session for a conversation and a character; not yet connected."""
    serve_session: Callable[[Session], None]
    ice_servers: tuple[RTCIceServer, ...]
    page: Path
    health: health.Monitored


def make_app(gateway: Gateway) -> Starlette:
    """The whole web side: API and page."""
    api = Api(gateway)
    one = "/conversations/{conversation}"
    routes = [
        Route("/characters", api.characters),
        Route("/characters/{character}/portrait", api.portrait),
        Route("/characters/{character}", api.remove_character, methods=["DELETE"]),
        Route("/conversations", api.open_conversation, methods=["POST"]),
        Route("/conversations", api.list_conversations),
        Route(one, api.conversation),
        Route(f"{one}/events", api.events),
        Route(f"{one}/messages", api.say, methods=["POST"]),
        Route(f"{one}/character", api.choose, methods=["PUT"]),
        Route(f"{one}/characters", api.make_character, methods=["POST"]),
        Route(f"{one}/interrupt", api.interrupt, methods=["POST"]),
        Route(f"{one}/rtc", api.connect, methods=["POST"]),
        Route("/rtc/ice", api.ice),
        Route("/rtc/{session}", api.leave, methods=["DELETE"]),
        Route("/rtc/{session}/leave", api.leave, methods=["POST"]),
        Route("/status", api.status),
        Route("/{rest:path}", api.nowhere, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    return Starlette(
        routes=[
            *health.routes(gateway.health),
            Mount("/api", routes=routes),
            Mount("/", app=StaticPage(gateway.page)),
        ],
        middleware=[Middleware(SameOriginMiddleware), Middleware(PersonCookieMiddleware)],
        exception_handlers={VisavisError: _tell, ClientDisconnect: _gone},
    )


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


async def _tell(request: Request, error: Exception) -> Response:
    assert isinstance(error, VisavisError)
    if isinstance(error, BusError):
        level = logging.DEBUG if error.code == "unavailable" else logging.WARNING
        log.log(level, "request failed", extra={"path": request.url.path, "why": error.detail})
        return problem(503, error.code, error.detail, {"Retry-After": "2"})
    return problem(_STATUS.get(error.code, 400), error.code, error.detail)


def problem(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def encoded(value: Any) -> Response:
    """An answer of structs as JSON."""
    return Response(msgspec.json.encode(value), media_type="application/json")


async def body_of(request: Request, limit: int) -> bytes:
    """The request's body.

    Raises:
        TooLarge: over `limit` bytes; the rest is not read.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise TooLarge(f"the body may have {limit} bytes")
    return bytes(body)


async def read_json(request: Request, kind: type[Any]) -> Any:
    """The body as a struct of this kind; an empty one counts as {}."""
    try:
        return msgspec.json.decode(await body_of(request, _LONGEST_JSON) or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the body is not what is expected here: {error}") from error


class Api:
    """One method a route."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._conversations = gateway.conversations

    # characters

    async def characters(self, request: Request) -> Response:
        person = current_person(request)
        return JSONResponse(
            [
                {
                    "id": identity,
                    "name": one.name,
                    "tagline": one.tagline,
                    "greeting": one.greeting,
                    "accent": one.accent,
                    "language": one.language,
                    "portrait": f"api/characters/{identity}/portrait",
                    "own": one.owner == person,
                }
                for identity, one in self._conversations.seen_by(person).items()
            ]
        )

    async def portrait(self, request: Request) -> Response:
        character = request.path_params["character"]
        self._conversations.character(current_person(request), character)
        loop = self._gateway.idle.get(character)
        if loop is None:
            raise BusError(f"{character} has not been drawn yet", code="unavailable")
        return Response(
            await asyncio.to_thread(loop.portrait),
            media_type="image/jpeg",
            headers={"Cache-Control": "no-cache", "ETag": f'"{loop.version}"'},
        )

    async def remove_character(self, request: Request) -> Response:
        await self._gateway.faces.remove(current_person(request), request.path_params["character"])
        return Response(status_code=204)

    async def make_character(self, request: Request) -> Response:
        conversation = self._own(request)
        traits, photo = await read_face_form(request)
        character = await self._gateway.faces.request(conversation, traits, photo)
        return JSONResponse({"character": character}, 202)

    # conversations

    async def open_conversation(self, request: Request) -> Response:
        wanted: NewConversation = await read_json(request, NewConversation)
        identity = await self._conversations.open(current_person(request), wanted.character)
        return JSONResponse({"id": identity}, 201)

    async def list_conversations(self, request: Request) -> Response:
        return encoded(self._gateway.feed.model.conversations_of(current_person(request)))

    async def conversation(self, request: Request) -> Response:
        return encoded(view(self._own(request)))

    async def say(self, request: Request) -> Response:
        conversation = await self._conversations.with_somebody(self._own(request))
        written: NewMessage = await read_json(request, NewMessage)
        message, turn = await self._conversations.say(conversation, written.text, written.message)
        return JSONResponse({"message": message, "turn": turn}, 202)

    async def choose(self, request: Request) -> Response:
        conversation = self._own(request)
        choice: Choice = await read_json(request, Choice)
        await self._conversations.choose(conversation, choice.character)
        return Response(status_code=204)

    async def interrupt(self, request: Request) -> Response:
        await self._conversations.cut_short(self._own(request).id, by="button")
        return Response(status_code=204)

    async def events(self, request: Request) -> Response:
        conversation = self._own(request).id
        last = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
        if not last.isdecimal() or len(last) > _SEQUENCE_DIGITS:
            raise InvalidInput(f"after must be a sequence number, got {last[:40]!r}")
        stream = event_stream(self._gateway.event_log, self._gateway.feed, conversation, int(last))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    def _own(self, request: Request) -> Any:
        return self._conversations.own(current_person(request), request.path_params["conversation"])

    # WebRTC

    async def connect(self, request: Request) -> Response:
        conversation = self._own(request)
        kind = request.headers.get("content-type", "").split(";")[0].strip()
        if kind != "application/sdp":
            raise InvalidInput(f"expected application/sdp, got {kind or 'no type'}", code="unsupported_media_type")
        try:
            sdp = (await body_of(request, _LONGEST_OFFER)).decode()
        except UnicodeDecodeError as error:
            raise InvalidInput("the offer is not text") from error
        offer = parse_offer(sdp)
        conversation = await self._conversations.with_somebody(conversation)
        session = self._gateway.open_session(conversation.id, conversation.character)
        answer = await session.answer(offer)
        self._gateway.serve_session(session)
        headers = {"Location": f"/api/rtc/{session.id}"}
        return Response(answer, 201, headers, media_type="application/sdp")

    async def leave(self, request: Request) -> Response:
        session = self._conversations.sessions.get(request.path_params["session"])
        if session is None:
            raise NotFound("no such session")
        self._conversations.own(current_person(request), session.conversation)
        session.end("left")
        return Response(status_code=204)

    async def ice(self, request: Request) -> Response:
        servers = [
            {"urls": one.urls, **({"username": one.username, "credential": one.credential} if one.username else {})}
            for one in self._gateway.ice_servers
        ]
        return JSONResponse({"iceServers": servers})

    # how it stands

    async def status(self, request: Request) -> Response:
        connected = self._gateway.event_log.connected
        up = {one.name: one.engine for one in await discover(self._gateway.event_log)} if connected else {}
        rows = [
            {"name": name, "engine": up.get(name, ""), "up": name in up, "note": "" if name in up else "not running"}
            for name in EXPECTED_SERVICES
        ]
        faces = self._gateway.faces.max_faces
        return JSONResponse({"bus": "up" if connected else "down", "services": rows, "faces_per_person": faces})

    async def nowhere(self, request: Request) -> Response:
        raise NotFound(f"no {request.method} {request.url.path} here; see docs/api.md")
