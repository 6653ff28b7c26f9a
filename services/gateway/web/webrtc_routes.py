"""The routes by which a browser makes and ends a WebRTC connection."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bus.errors import BusError, InvalidInput
from bus.ids import new_id
from services.gateway.web.answers import IceServer, IceServers
from services.gateway.web.context import GatewayContext
from services.gateway.web.http_messages import json_answer, read_body
from services.gateway.web.identity import current_person
from services.gateway.web.limiting import client_of
from services.gateway.web.offer import parse_offer
from services.gateway.web.sdp_sections import usable_candidates
from services.gateway.web.sign_in import signed_in

_LONGEST_OFFER = 256 << 10
_LONGEST_FRAGMENT = 64 << 10


class WebRTCRoutes:
    """One method for each route."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._conversations = context.conversations

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/conversations/{conversation}/rtc", self.connect, methods=["POST"]),
            Route("/rtc/ice", self.ice),
            Route("/rtc/{session}", self.add_candidates, methods=["PATCH"]),
            Route("/rtc/{session}", self.leave, methods=["DELETE"]),
            Route("/rtc/{session}/leave", self.leave, methods=["POST"]),
        ]

    async def connect(self, request: Request) -> Response:
        if self._context.drain.is_begun:
            raise BusError("this gateway is ending; ask again, and another one answers", code="unavailable")
        person = current_person(request)
        conversation = await self._conversations.conversation_of(person, request.path_params["conversation"])
        self._conversations.check_room()
        if self._context.ice.ports is not None:
            self._context.ice.ports.check_room()  # before any work: who waits for a place asks again and again
        sdp = await _read_text(request, "application/sdp", _LONGEST_OFFER)
        offer = parse_offer(sdp, level=self._context.video_level)
        conversation = await self._conversations.with_available_character(conversation)
        give_back = self._context.limits.shares.take("sessions", client_of(request))
        try:
            session = self._context.open_session(conversation.id, conversation.character)
            answer = offer.complete(await session.answer(offer.description))
        except BaseException:
            give_back()
            raise
        if (who := signed_in(request)) is not None:
            self._context.keys.sessions[session] = who
        self._context.sessions.serve(session, give_back)
        headers = {"Location": f"/api/rtc/{session.id}"}
        return Response(answer, 201, headers, media_type="application/sdp")

    async def add_candidates(self, request: Request) -> Response:
        session, conversation = await self._own_session(request)
        fragment = await _read_text(request, "application/trickle-ice-sdpfrag", _LONGEST_FRAGMENT)
        lines = [line.removeprefix("a=") for line in usable_candidates(fragment.splitlines())]
        await self._context.sessions.add_candidates(conversation, session, lines)
        return Response(status_code=204)

    async def leave(self, request: Request) -> Response:
        session, conversation = await self._own_session(request)
        await self._context.sessions.leave(conversation, session)
        return Response(status_code=204)

    async def _own_session(self, request: Request) -> tuple[str, str]:
        """A session of the person, which any gateway may have, and its conversation."""
        session = request.path_params["session"]
        conversation = await self._context.sessions.conversation_of(session)
        await self._conversations.conversation_of(current_person(request), conversation)
        return session, conversation

    async def ice(self, request: Request) -> Response:
        # A relay costs whoever runs it: only those who can call are given a key to it, and one that soon expires.
        has_conversation = bool(self._context.feed.model.conversations_of(current_person(request)))
        # Not the person's id: who runs the TURN server sees this one.
        servers = tuple(
            IceServer(str(one.urls), one.username or "", one.credential or "")
            for one in self._context.ice.servers.of(new_id("b"))
            if has_conversation or not one.username
        )
        return json_answer(IceServers(servers), headers={"Cache-Control": "no-store"})


async def _read_text(request: Request, expected: str, limit: int) -> str:
    kind = request.headers.get("content-type", "").split(";")[0].strip()
    if kind != expected:
        raise InvalidInput(f"expected {expected}, got {kind or 'no type'}", code="unsupported_media_type")
    try:
        return (await read_body(request, limit)).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput("the body is not text") from error
