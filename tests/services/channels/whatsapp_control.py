"""Routes by which another process tells a double of WhatsApp's Cloud API what to do. All take and give JSON.

POST /control/webhook   {"url"}                      where webhooks go from here on
POST /control/people    {"number", "user_id", "name", "hidden"}, all optional; gives the person's index
POST /control/text      {"person": 0, "text"}        a person writes; gives {"id"}
POST /control/voice?person=0                         a person sends the body, an Ogg file, as a voice note
POST /control/message   {"person": 0, "content"}     any message, in the shape of Meta
POST /control/status    {"message": 0, "status"}     a person has read or played a message
POST /control/fault     {"kind", "on", "times", "code", "seconds"}
POST /control/advance   {"seconds"}                  the double's clock
GET  /control/sent                                   the messages that the API took, in order
GET  /control/files/{id}                             the bytes of a file
"""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.services.channels import whatsapp_shapes as shapes
from tests.services.channels.whatsapp_world import World


def routes(world: World) -> list[Route]:
    """The routes over one double."""

    async def webhook(request: Request) -> Response:
        world.webhook = (await request.json())["url"]
        return JSONResponse({"verified": await world.verify()})

    async def people(request: Request) -> Response:
        world.person(**await request.json())
        return JSONResponse({"person": len(world.people) - 1})

    async def text(request: Request) -> Response:
        asked = await request.json()
        person = world.people[asked["person"]]
        return JSONResponse({"id": world.says(person, shapes.text(asked["text"]))})

    async def voice(request: Request) -> Response:
        person = world.people[int(request.query_params["person"])]
        return JSONResponse({"id": world.records(person, await request.body())})

    async def message(request: Request) -> Response:
        asked = await request.json()
        return JSONResponse({"id": world.says(world.people[asked["person"]], asked["content"])})

    async def status(request: Request) -> Response:
        asked = await request.json()
        world.receipt(world.sent[asked["message"]], asked["status"])
        return JSONResponse({})

    async def fault(request: Request) -> Response:
        world.fault(**await request.json())
        return JSONResponse({})

    async def advance(request: Request) -> Response:
        world.advance((await request.json())["seconds"])
        return JSONResponse({})

    async def sent(request: Request) -> Response:
        return JSONResponse([asdict(one) for one in world.sent])

    async def file(request: Request) -> Response:
        found = world.files.get(request.path_params["id"])
        return Response(status_code=404) if found is None else Response(found.data, media_type=found.mime)

    posts = (webhook, people, text, voice, message, status, fault, advance)
    return [
        *(Route(f"/control/{one.__name__}", one, methods=["POST"]) for one in posts),
        Route("/control/sent", sent),
        Route("/control/files/{id}", file),
    ]
