"""The routes of channels and of a person's links with them."""

from __future__ import annotations

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bus import clock
from bus.channel_events import LinkPreferencesChosen, ReplyForm
from bus.errors import InvalidInput
from bus.events import ConversationId
from projections.link_view import ChannelsView, ChannelView, LinkOffer, LinkView, link_view
from projections.people import Link
from services.gateway.web.context import GatewayContext
from services.gateway.web.http_messages import json_answer, read_json
from services.gateway.web.identity import current_person


class NewLink(Struct, forbid_unknown_fields=True):
    channel: str
    conversation: ConversationId | None = None


class LinkChange(Struct, forbid_unknown_fields=True):
    conversation: ConversationId | None = None
    form: ReplyForm | None = None
    echo: bool | None = None
    mirror: bool | None = None


class Pairing(Struct, forbid_unknown_fields=True):
    code: str
    conversation: ConversationId | None = None


class LinkRoutes:
    """One method for each route."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._links = context.links

    @property
    def routes(self) -> list[BaseRoute]:
        one = "/links/{link}"
        return [
            Route("/channels", self.channels),
            Route("/links", self.offer, methods=["POST"]),
            Route(f"{one}/confirm", self.confirm, methods=["POST"]),
            Route(f"{one}/refuse", self.refuse, methods=["POST"]),
            Route(one, self.change, methods=["PATCH"]),
            Route(one, self.end, methods=["DELETE"]),
            Route("/pairings", self.pair, methods=["POST"]),
        ]

    async def channels(self, request: Request) -> Response:
        channels = tuple(
            ChannelView(name=one.name, account=one.account, label=one.label, has_address=bool(one.link))
            for one in await self._context.channels.all()
        )
        now = clock.now()
        shown = (link_view(link, now) for link in await self._links.of(current_person(request)))
        return json_answer(ChannelsView(channels=channels, links=tuple(filter(None, shown))))

    async def offer(self, request: Request) -> Response:
        wanted = await read_json(request, NewLink)
        channel = await self._context.channels.named(wanted.channel)
        conversation = await self._own_conversation(request, wanted.conversation)
        link, token = await self._links.offer(current_person(request), channel.name, conversation)
        offer = LinkOffer(
            id=link.id,
            token=token,
            address=channel.address(token),
            text=f"link {token}",
            expires_at=link.expires_at,
        )
        return json_answer(offer, 201)

    async def confirm(self, request: Request) -> Response:
        return json_answer(_shown(await self._links.confirm(current_person(request), request.path_params["link"])))

    async def refuse(self, request: Request) -> Response:
        await self._links.refuse(current_person(request), request.path_params["link"])
        return Response(status_code=204)

    async def change(self, request: Request) -> Response:
        change = await read_json(request, LinkChange)
        conversation = await self._own_conversation(request, change.conversation)
        preferences = LinkPreferencesChosen(form=change.form, echo=change.echo, mirror=change.mirror)
        person, link = current_person(request), request.path_params["link"]
        return json_answer(_shown(await self._links.change(person, link, preferences, conversation)))

    async def end(self, request: Request) -> Response:
        await self._links.end(current_person(request), request.path_params["link"])
        return Response(status_code=204)

    async def pair(self, request: Request) -> Response:
        typed = await read_json(request, Pairing)
        conversation = await self._own_conversation(request, typed.conversation)
        return json_answer(_shown(await self._links.pair(current_person(request), typed.code, conversation)), 201)

    async def _own_conversation(self, request: Request, conversation: str | None) -> str | None:
        """The conversation, once it is certain that it is the person's own."""
        if conversation is None:
            return None
        return (await self._context.conversations.conversation_of(current_person(request), conversation)).id


def _shown(link: Link) -> LinkView:
    shown = link_view(link, clock.now())
    if shown is None:
        raise InvalidInput("this link was ended at the same moment", code="conflict")
    return shown
