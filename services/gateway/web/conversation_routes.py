"""The routes below /api/conversations, but for WebRTC, and the search in their history."""

from __future__ import annotations

import asyncio
import re

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bus.errors import InvalidInput, TooLarge
from bus.events import Id
from bus.log import streams
from projections.conversation import Conversation
from projections.view import view
from services.gateway.web.answers import NewId, RequestedCharacter, SentMessage
from services.gateway.web.context import GatewayContext
from services.gateway.web.event_stream import event_stream
from services.gateway.web.face_requests import read_face_form
from services.gateway.web.http_messages import json_answer, read_json
from services.gateway.web.identity import current_person
from services.gateway.web.limiting import client_of
from services.gateway.web.sign_in import signed_in

LONGEST_QUERY = 200
"""Characters that may be searched for."""
_SEQUENCE = re.compile(r"[0-9]{1,19}")


class NewConversation(Struct, forbid_unknown_fields=True):
    character: str | None = None
    request: Id | None = None


class NewMessage(Struct, forbid_unknown_fields=True):
    text: str
    message: Id | None = None


class CharacterChoice(Struct, forbid_unknown_fields=True):
    character: str


class ConversationRoutes:
    """One method for each route."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._conversations = context.conversations

    @property
    def routes(self) -> list[BaseRoute]:
        one = "/conversations/{conversation}"
        return [
            Route("/conversations", self.open_conversation, methods=["POST"]),
            Route("/conversations", self.list_conversations),
            Route("/search", self.search),
            Route(one, self.conversation),
            Route(f"{one}/events", self.events),
            Route(f"{one}/messages", self.send_message, methods=["POST"]),
            Route(f"{one}/character", self.choose_character, methods=["PUT"]),
            Route(f"{one}/characters", self.request_character, methods=["POST"]),
            Route(f"{one}/interrupt", self.interrupt, methods=["POST"]),
        ]

    async def open_conversation(self, request: Request) -> Response:
        wanted = await read_json(request, NewConversation)
        person = current_person(request)
        network = self._context.persons.network_of(client_of(request).address)
        conversation_id = await self._conversations.open(person, wanted.character, wanted.request, network=network)
        await self._context.links.follow(person, conversation_id)
        return json_answer(NewId(conversation_id), 201)

    async def list_conversations(self, request: Request) -> Response:
        return json_answer(self._context.feed.caught_up_model().conversations_of(current_person(request)))

    async def search(self, request: Request) -> Response:
        text = request.query_params.get("text", "")
        if len(text) > LONGEST_QUERY:
            raise TooLarge(f"a search may have {LONGEST_QUERY} characters, this one has {len(text)}")
        # In a thread: it reads the disk, and sound goes on meanwhile.
        search = self._context.feed.caught_up_model().search
        return json_answer(await asyncio.to_thread(search, current_person(request), text))

    async def conversation(self, request: Request) -> Response:
        return json_answer(view(await self._own(request)))

    async def events(self, request: Request) -> Response:
        conversation = (await self._own(request)).id
        after = _sequence_in(request)
        await self._check_position(conversation, after)
        who, keys = signed_in(request), self._context.keys
        stream = event_stream(
            self._context.event_log, self._context.feed, conversation, after,
            may_go_on=lambda: who is None or keys.still_holds(who),
        )  # fmt: skip
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def send_message(self, request: Request) -> Response:
        conversation = await self._conversations.with_available_character(await self._own(request))
        written = await read_json(request, NewMessage)
        with self._context.unanswered.sending(client_of(request), conversation.id):
            message, turn = await self._conversations.send_message(
                conversation, written.text, written.message, request.headers.get("traceparent", "")
            )
        return json_answer(SentMessage(message, turn), 202)

    async def choose_character(self, request: Request) -> Response:
        conversation = await self._own(request)
        choice = await read_json(request, CharacterChoice)
        await self._conversations.choose_character(conversation, choice.character)
        return Response(status_code=204)

    async def request_character(self, request: Request) -> Response:
        conversation = await self._own(request)
        traits, photo = await read_face_form(request)
        character = await self._context.faces.request(conversation, traits, photo)
        return json_answer(RequestedCharacter(character), 202)

    async def interrupt(self, request: Request) -> Response:
        await self._conversations.interrupt_when_current((await self._own(request)).id, by="button")
        return Response(status_code=204)

    async def _check_position(self, conversation: str, after: int) -> None:
        """A reader behind the end of the log would wait for ever: the log was put back from an older copy, say."""
        if after <= self._context.feed.state_of(conversation).seq:
            return
        # Another gateway may be a moment ahead of this one.
        newest = await self._context.event_log.last_sequence(streams.CONVERSATIONS)
        if after > newest:
            raise InvalidInput(
                f"after={after} is past the newest event, {newest}; load the conversation and follow it from its seq"
            )

    async def _own(self, request: Request) -> Conversation:
        return await self._conversations.conversation_of(current_person(request), request.path_params["conversation"])


def _sequence_in(request: Request) -> int:
    """The sequence after which events are asked for: of the header `Last-Event-ID`, else of the query.

    Raises:
        InvalidInput: it is no sequence number.
    """
    given = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    if not _SEQUENCE.fullmatch(given):
        raise InvalidInput(f"after must be a sequence number, digits 0 to 9 only, got {given[:40]!r}")
    return int(given)
