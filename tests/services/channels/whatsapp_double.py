"""A double of WhatsApp's Cloud API: a local server with Meta's shapes, errors, limits and webhooks, and with faults.

In a test: `async with GraphDouble().serve() as double:`. For other processes: `python -m
tests.services.channels.whatsapp_double --port 9700`, which prints the settings for Visavis, and is told what to do by
the routes below /control; see `whatsapp_control`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bus.process.http_server import bind, serve
from tests.services.channels import whatsapp_control as control
from tests.services.channels import whatsapp_shapes as shapes
from tests.services.channels.whatsapp_shapes import Json
from tests.services.channels.whatsapp_world import VERSION, VOICE_TYPE, Fault, File, Sent, World

WINDOW = 24 * 3600.0
"""Seconds after a person's message in which they may be written to."""
PAIR_SECONDS = 6.0
AUDIO_TYPES = frozenset({"audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg", "audio/opus", VOICE_TYPE})
LARGEST_BUBBLE = 512 * 1024
LARGEST_MEDIA = 16 << 20


class _Torn(Response):
    """An answer whose connection is torn."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # uvicorn closes the connection of an application that promises more than it sends.
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})


class GraphDouble(World):
    """The API over a `World`."""

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[GraphDouble]:
        """Serve on loopback while the context lasts."""
        listener = bind("127.0.0.1", port, "--port")
        self.port = listener.getsockname()[1]
        async with serve(Starlette(routes=[*control.routes(self), *self._routes()]), listener):
            try:
                yield self
            finally:
                await self.close()

    def _routes(self) -> list[Route]:
        return [
            Route("/whatsapp_business/attachments/", self._download),
            Route(f"/{VERSION}/{self.number_id}", self._phone),
            Route(f"/{VERSION}/{self.number_id}/media", self._upload, methods=["POST"]),
            Route(f"/{VERSION}/{self.number_id}/messages", self._messages, methods=["POST"]),
            Route(f"/{VERSION}/{{media}}", self._where),
            Route(f"/{VERSION}/{{media}}", self._delete, methods=["DELETE"]),
            Route("/{path:path}", self._nothing, methods=["GET", "POST", "DELETE"]),
        ]

    def _arrived(self, request: Request) -> Response | None:
        """Note a call; an answer, if the token is another."""
        self.calls.append((request.method, str(request.url), dict(request.headers)))
        if request.headers.get("authorization") == f"Bearer {self.token}":
            return None
        return _error(190)

    async def _fault(self, on: str) -> Fault:
        for fault in self.faults:
            if fault.on == on:
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault
        return Fault("none")

    async def _before(self, fault: Fault) -> Response | None:
        """The answer of a call that fails before it takes effect."""
        match fault.kind:
            case "drop_before":
                return _Torn()
            case "html":
                return HTMLResponse("<html><h1>502 Bad Gateway</h1></html>", 502)
            case "unknown_before":
                return _error(131000)
            case "code":
                return _error(fault.code)
        return None

    async def _after(self, fault: Fault, answer: Json) -> Response:
        """The answer of a call that took effect."""
        match fault.kind:
            case "drop_after":
                return _Torn()
            case "unknown_after":
                return _error(131000)
            case "slow":
                await asyncio.sleep(fault.seconds)
        return JSONResponse(answer)

    async def _phone(self, request: Request) -> Response:
        if refused := self._arrived(request) or await self._before(await self._fault("phone")):
            return refused
        phone = {
            "id": self.number_id, "display_phone_number": f"+1 {self.number[1:]}", "verified_name": "Luna",
            "quality_rating": "GREEN", "webhook_configuration": {"application": self.webhook} if self.webhook else {},
        }  # fmt: skip
        wanted = request.query_params.get("fields", "display_phone_number,verified_name,quality_rating").split(",")
        return JSONResponse({name: value for name, value in phone.items() if name in ("id", *wanted)})

    async def _where(self, request: Request) -> Response:
        fault = await self._fault("where")
        if refused := self._arrived(request) or await self._before(fault):
            return refused
        media = request.path_params["media"]
        if media not in self.files:
            return await self._nothing(request)
        file, address = self.files[media], self.address(media)
        if fault.kind == "foreign":
            address = address.replace("http://127.0.0.1", "https://media.example.net")
        return JSONResponse({
            "url": address,
            "mime_type": file.mime, "sha256": hashlib.sha256(file.data).hexdigest(), "file_size": len(file.data),
            "id": media, "messaging_product": "whatsapp",
        })  # fmt: skip

    async def _delete(self, request: Request) -> Response:
        if refused := self._arrived(request):
            return refused
        return JSONResponse({"success": self.files.pop(request.path_params["media"], None) is not None})

    async def _download(self, request: Request) -> Response:
        fault = await self._fault("download")
        if refused := self._arrived(request) or await self._before(fault):
            return refused
        media, until = request.query_params.get("mid", ""), request.query_params.get("ext", "0")
        if media not in self.files or int(until) < self.now or fault.kind == "expired":
            return Response(status_code=404)
        if fault.kind == "redirect":
            return RedirectResponse("https://media.example.net/stolen")
        data = self.files[media].data
        return Response(data[::-1] if fault.kind == "damaged" else data, media_type=self.files[media].mime)

    async def _upload(self, request: Request) -> Response:
        fault = await self._fault("media")
        if refused := self._arrived(request) or await self._before(fault):
            return refused
        async with request.form() as form:
            return await self._keep_upload(form, fault)

    async def _keep_upload(self, form: FormData, fault: Fault) -> Response:
        file, mime = form.get("file"), str(form.get("type", ""))
        if form.get("messaging_product") != "whatsapp" or not isinstance(file, UploadFile):
            return _error(100, "Param messaging_product and file are required")
        self.uploads.append((file.filename or "", file.content_type or ""))
        if mime not in AUDIO_TYPES | {"video/mp4", "image/jpeg", "image/png"}:
            return _error(100, f"Param file must be of a type that is supported. Received file of type '{mime}'.")
        data = await file.read()
        if len(data) > LARGEST_MEDIA:
            return _error(131053, "The file is too big.")
        ending = {"audio/ogg": ".ogg", "video/mp4": ".mp4"}.get(mime.split(";")[0])
        fits = ending is None or str(file.filename).endswith(ending)
        media = self.keep(File(data, mime if fits else "application/octet-stream", file.filename or ""))
        return await self._after(fault, {"id": media})

    async def _messages(self, request: Request) -> Response:
        body = await request.json()
        typing = body.get("status") == "read"
        fault = await self._fault("typing" if typing else "messages")
        if refused := self._arrived(request) or await self._before(fault):
            return refused
        if typing:
            if body.get("message_id") not in self.inbound:
                return _error(131009, "Message ID is invalid.")
            if "typing_indicator" in body:
                self.typing.append(body["message_id"])
            return await self._after(fault, {"success": True})
        if problem := self._problem(body):
            return _error(*problem)
        message = self._take(body, fault)
        to, recipient = body.get("to"), body.get("recipient")
        contact = {"input": to, "wa_id": str(to).lstrip("+")} if to else {"input": recipient, "user_id": recipient}
        answer = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": message.id}]}
        return await self._after(fault, answer)

    def _problem(self, body: Json) -> tuple[int, str] | None:
        """Why a message is refused at once."""
        kind = body.get("type", "text")
        if body.get("messaging_product") != "whatsapp" or not (body.get("to") or body.get("recipient")):
            return 100, "The parameter to or recipient is required."
        content = body.get(kind)
        if not isinstance(content, dict):
            return 131008, f"Parameter {kind} is missing."
        if kind == "text" and not 0 < len(content.get("body", "")) <= 4096:
            return 100, "Param text['body'] must be at most 4096 characters long."
        if kind in ("audio", "video") and content.get("id") not in self.files:
            return 100, f"Invalid parameter: {content.get('id')} is no media of this account."
        if len(body.get("biz_opaque_callback_data", "")) > 512:
            return 100, "Param biz_opaque_callback_data must be at most 512 characters long."
        to = str(body.get("to") or body.get("recipient"))
        recent = [at for at in self.pairs.get(to, []) if at > self.now - self.pair_burst * PAIR_SECONDS]
        if len(recent) >= self.pair_burst:
            return 131056, ""
        self.pairs[to] = [*recent, self.now]
        return None

    def _take(self, body: Json, fault: Fault) -> Sent:
        to, recipient = str(body.get("to", "")), body.get("recipient")
        found = [one for one in self.people if one.user_id == recipient or one.number == to.lstrip("+")]
        message = Sent(shapes.wamid(), found[0] if found else None, body)
        self.sent.append(message)
        if "." in to:  # a user id in the place of a number: taken, and dropped without a word (chatwoot#15150)
            message.status = "lost"
            return message
        message.code = fault.code if fault.kind == "fail" else self._failure(message)
        if message.code:
            message.status = "failed"
            self.tell(message, "failed")
            return message
        message.status = "delivered"
        audio = body.get("audio", {})
        message.bubble = bool(audio.get("voice")) and len(self.files[audio["id"]].data) <= LARGEST_BUBBLE
        if fault.kind != "no_status":
            self.tell(message, "sent")
            self.tell(message, "delivered")
        return message

    def _failure(self, message: Sent) -> int:
        """Why a message that was taken fails; 0: it does not."""
        if message.person is None:
            return 131026
        if message.person.wrote is None or self.now - message.person.wrote > WINDOW:
            return 131047
        kind = message.request.get("type")
        if kind in ("audio", "video"):
            content = message.request[kind]
            file = self.files[content["id"]]
            if kind == "audio" and (content.get("voice") or file.mime.startswith("audio/ogg")):
                return 0 if file.mime == VOICE_TYPE and _is_mono_opus(file.data) else 131053
            if file.mime not in (AUDIO_TYPES - {"audio/opus"} if kind == "audio" else {"video/mp4"}):
                return 131053
        return 0

    async def _nothing(self, request: Request) -> Response:
        if refused := self._arrived(request):
            return refused
        name = request.url.path.rsplit("/", 1)[-1]
        return _error(100, f"Unsupported request. Object with ID '{name}' does not exist.")


def _error(code: int, details: str = "") -> Response:
    return JSONResponse(shapes.error(code, details), shapes.HTTP_STATUS.get(code, 400))


def _is_mono_opus(data: bytes) -> bool:
    """Whether an Ogg file begins with the header of one channel of Opus (RFC 7845, section 5.1)."""
    head = data.find(b"OpusHead", 0, 128)
    return data.startswith(b"OggS") and head > 0 and data[head + 9] == 1


async def _main(port: int, webhook: str) -> None:
    async with GraphDouble(webhook=webhook).serve(port) as double:
        names = {f"VISAVIS_{name.upper()}": value for name, value in double.settings.items()}
        print(json.dumps(names), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--webhook", default="", help="where webhooks go")
    arguments = parser.parse_args()
    asyncio.run(_main(arguments.port, arguments.webhook))
