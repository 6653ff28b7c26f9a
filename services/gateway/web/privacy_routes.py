"""The routes by which a person sees and erases what is known of them."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from bus.errors import BusError, NotFound
from bus.events import ConversationErased, ConversationErasureRequested
from services.gateway.web.answers import Erasure, PersonErased, Receipt
from services.gateway.web.context import GatewayContext
from services.gateway.web.http_messages import json_answer
from services.gateway.web.identity import current_person, forget_person
from services.privacy.erasing import receipts, request_erasure, total
from services.privacy.export import export_person
from services.privacy.person import erase_traces


class PrivacyRoutes:
    """One method for each route."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._conversations = context.conversations
        self._exporting = asyncio.Semaphore(2)

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/conversations/{conversation}", self.erase_conversation, methods=["DELETE"]),
            Route("/erasures/{conversation}", self.receipt),
            Route("/person/export", self.export),
            Route("/person", self.erase_person, methods=["DELETE"]),
        ]

    async def erase_conversation(self, request: Request) -> Response:
        conversation = request.path_params["conversation"]
        found = await self._conversations.conversation_of(current_person(request), conversation)
        await self._erase(found.id)
        return json_answer(Receipt(f"api/erasures/{found.id}"), 202)

    async def receipt(self, request: Request) -> Response:
        conversation = request.path_params["conversation"]
        event_log = self._context.event_log
        requested = await event_log.last_fact(conversation, ConversationErasureRequested)
        if requested is None:
            raise NotFound("no such erasure")
        found = await receipts(event_log, conversation)
        newest = await event_log.last_fact(conversation, ConversationErased)
        is_done = newest is not None and any(one.complete for one in found)
        erased_at = newest.at if newest is not None and is_done else None
        return json_answer(Erasure(requested.at, erased_at, total(found) if is_done else None))

    async def erase_person(self, request: Request) -> Response:
        person = current_person(request)
        conversations = self._context.feed.caught_up_model().ids_of(person)
        for conversation in conversations:
            await self._erase(conversation)
        removed = await erase_traces(self._context.event_log, person)
        answer = json_answer(PersonErased(tuple(f"api/erasures/{one}" for one in conversations), removed), 202)
        forget_person(answer)
        return answer

    async def export(self, request: Request) -> Response:
        person = current_person(request)
        conversations = self._context.feed.caught_up_model().ids_of(person)
        if self._exporting.locked():
            raise BusError("others are being given their files; try again in a moment", code="unavailable")
        async with self._exporting:
            with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as file:
                target = Path(file.name)
            try:
                await export_person(self._context.event_log, person, conversations, target)
            except BaseException:
                _remove(target)
                raise
        return FileResponse(
            target,
            media_type="application/zip",
            filename="visavis-my-data.zip",
            headers={"Cache-Control": "no-store"},
            background=BackgroundTask(_remove, target),
        )

    async def _erase(self, conversation: str) -> None:
        """Stop what is being said, end the calls, and ask for the erasure; from then on it is not found."""
        await self._conversations.interrupt_when_current(conversation, by="button")
        sequence = await request_erasure(
            self._context.event_log, conversation, "person", retry_for=self._conversations.retry_for
        )
        await self._context.feed.wait_until_applied(sequence)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
