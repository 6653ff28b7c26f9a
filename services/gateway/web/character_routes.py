"""The routes below /api/characters."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bus.errors import BusError
from bus.events import CharacterCreated
from services.gateway.web.answers import CharacterAnswer
from services.gateway.web.context import GatewayContext
from services.gateway.web.http_messages import is_cached, json_answer
from services.gateway.web.identity import current_person


class CharacterRoutes:
    """One method for each route."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/characters", self.characters),
            Route("/characters/{character}/portrait", self.portrait),
            Route("/characters/{character}", self.remove, methods=["DELETE"]),
        ]

    async def characters(self, request: Request) -> Response:
        person = current_person(request)
        visible = self._context.conversations.visible_characters(person)
        return json_answer([_answer(id_, one, own=one.owner == person) for id_, one in visible.items()])

    async def portrait(self, request: Request) -> Response:
        character = request.path_params["character"]
        self._context.conversations.character(current_person(request), character)
        loop = self._context.idle.get(character)
        if loop is None:
            raise BusError(f"{character} has not been drawn yet", code="unavailable")
        tag = f'"{loop.version}"'
        headers = {"Cache-Control": "no-cache", "ETag": tag}
        if is_cached(request, tag):
            return Response(status_code=304, headers=headers)
        return Response(await asyncio.to_thread(loop.portrait), media_type="image/jpeg", headers=headers)

    async def remove(self, request: Request) -> Response:
        await self._context.faces.remove(current_person(request), request.path_params["character"])
        return Response(status_code=204)


def _answer(character: str, created: CharacterCreated, *, own: bool) -> CharacterAnswer:
    return CharacterAnswer(
        id=character,
        name=created.name,
        tagline=created.tagline,
        greeting=created.greeting,
        accent=created.accent,
        language=created.language,
        portrait=f"api/characters/{character}/portrait",
        own=own,
    )
