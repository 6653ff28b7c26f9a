"""Steers a double from another process, over HTTP. People are named by their ids; by default it is Ann.

    POST /control/text?person=777000111   {"text": "hello"}           a person writes; further fields join it
    POST /control/voice?seconds=2         the bytes of an Ogg file    a person sends a voice note
    POST /control/video_note, /control/audio                          the same
    POST /control/update?kind=message     any content                 any update
    POST /control/block?blocked=1                                     a person blocks the bot, or lets it write again
    POST /control/person  {"id": 5, "first_name": "Cid"}              a person more
    POST /control/fault   {"method": "sendVoice", "kind": "429", "times": 1, "retry_after": 7}
    GET  /control/sent?after=0            what reached people, without media
    GET  /control/media/0                 the media of the first of it
    GET  /control/state                   updates that wait, actions, commands, the webhook, calls by method

What a person does is answered by {"update_id": 1001}.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.services.channels.telegram_double.double import TelegramDouble
from tests.services.channels.telegram_double.people import Person


def control_routes(double: TelegramDouble) -> list[Route]:
    def person(request: Request) -> Person:
        return double.persons[int(request.query_params.get("person", double.ann.id))]

    async def text(request: Request) -> Response:
        fields = await request.json()
        return JSONResponse({"update_id": double.text(fields.pop("text"), person(request), **fields)})

    def recording(send: Callable[..., int]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            seconds = {"seconds": int(request.query_params["seconds"])} if "seconds" in request.query_params else {}
            return JSONResponse({"update_id": send(await request.body(), person(request), **seconds)})

        return endpoint

    async def update(request: Request) -> Response:
        return JSONResponse({"update_id": double.update(request.query_params["kind"], await request.json())})

    async def block(request: Request) -> Response:
        blocked = request.query_params.get("blocked", "1") == "1"
        return JSONResponse({"update_id": double.block(person(request), blocked=blocked)})

    async def add_person(request: Request) -> Response:
        added = Person(**await request.json())
        double.persons[added.id] = added
        return JSONResponse({"id": added.id})

    async def fault(request: Request) -> Response:
        fields = await request.json()
        double.fault(fields.pop("method"), fields.pop("kind"), **fields)
        return JSONResponse({})

    async def sent(request: Request) -> Response:
        after = int(request.query_params.get("after", 0))
        return JSONResponse(
            [
                dataclasses.asdict(dataclasses.replace(one, media=b"")) | {"media": len(one.media)}
                for one in double.sent[after:]
            ]
        )

    async def media(request: Request) -> Response:
        return Response(double.sent[request.path_params["number"]].media, media_type="application/octet-stream")

    async def state(request: Request) -> Response:
        return JSONResponse(
            {
                "waiting": len(double.updates), "actions": double.actions, "commands": double.commands,
                "webhook": double.webhook.url, "attempts": double.webhook.attempts,
                "calls": Counter(call.method for call in double.calls),
            }
        )  # fmt: skip

    posts = {
        "text": text, "voice": recording(double.voice), "video_note": recording(double.video_note),
        "audio": recording(lambda data, who, **_: double.audio(data, who)), "update": update, "block": block,
        "person": add_person, "fault": fault,
    }  # fmt: skip
    return [
        *(Route(f"/control/{name}", endpoint, methods=["POST"]) for name, endpoint in posts.items()),
        Route("/control/sent", sent),
        Route("/control/media/{number:int}", media),
        Route("/control/state", state),
    ]
