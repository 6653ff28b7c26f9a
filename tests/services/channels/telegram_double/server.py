"""The HTTP side: arguments in all their forms, answers, faults, downloads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bus.process.http_server import bind, serve
from tests.services.channels.telegram_double.control import control_routes
from tests.services.channels.telegram_double.double import TOKEN, TelegramDouble
from tests.services.channels.telegram_double.methods import MAX_UPLOAD, METHODS, Refusal
from tests.services.channels.telegram_double.people import Call, Fault


@contextlib.asynccontextmanager
async def serving(
    token: str = TOKEN, *, port: int = 0, host: str = "127.0.0.1", **options: Any
) -> AsyncIterator[TelegramDouble]:
    """Serve a double while the context lasts; port 0: a free one."""
    double = TelegramDouble(token, **options)
    async with running(double, port=port, host=host):
        yield double


@contextlib.asynccontextmanager
async def running(double: TelegramDouble, *, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[None]:
    """Serve a double that exists: so that it can go away, and come back with what it knows."""
    listener = bind(host, port, "--port")
    double.url = f"http://{host}:{listener.getsockname()[1]}"
    app = Starlette(
        routes=[
            *control_routes(double),
            Route("/file/bot{token}/{path:path}", partial(_download, double), methods=["GET"]),
            Route("/bot{token}/{method}", partial(_handle, double), methods=["GET", "POST"]),
        ]
    )
    double.closing = False
    try:
        async with serve(app, listener):
            try:
                yield
            finally:
                double.closing = True
                double.notify()
    finally:
        await double.webhook.close()


async def _handle(double: TelegramDouble, request: Request) -> Response:
    method = next((name for name in METHODS if name.lower() == request.path_params["method"].lower()), "")
    arguments = await _arguments(request)
    double.calls.append(Call(method or request.path_params["method"], arguments))
    double.notify()
    try:
        if request.path_params["token"] != double.token:
            raise Refusal(401, "Unauthorized: invalid token specified")
        if not method:
            raise Refusal(404, "Not Found: method not found")
        faults = double.faults[method.lower()]
        return await _answer(double, method, arguments, faults.popleft() if faults else None)
    except Refusal as refusal:
        return _refused(refusal)


async def _answer(double: TelegramDouble, method: str, arguments: Mapping[str, Any], fault: Fault | None) -> Response:
    run = METHODS[method]
    if fault is None:
        return _ok(await run(double, arguments))
    if fault.kind in ("cut_after", "slow") or fault.taken:
        result = await run(double, arguments)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return _ok(result)
    if fault.kind in ("cut_before", "cut_after"):
        return _Cut()
    if fault.kind == "redirect":
        return RedirectResponse(fault.location, 302)
    if fault.kind == "502":
        return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, media_type="text/html")
    raise _refusal_of(fault)


async def _download(double: TelegramDouble, request: Request) -> Response:
    faults = double.faults["file"]
    fault = faults.popleft() if faults else None
    double.calls.append(Call("file", {"path": request.path_params["path"]}))
    file_id = double.paths.get(request.path_params["path"], "")
    if request.path_params["token"] != double.token:
        return _refused(Refusal(401, "Unauthorized"))
    if fault is not None and fault.kind.startswith("cut"):
        return _Cut(double.files[file_id][:1000])
    if fault is not None and fault.kind == "redirect":
        return RedirectResponse(fault.location, 302)
    if fault is not None:
        return Response("<html>Bad Gateway</html>", 502, media_type="text/html")
    if not file_id or file_id in double.expired:
        return _refused(Refusal(404, "Not Found"))
    return Response(double.files[file_id], media_type="application/octet-stream")


class _Cut(Response):
    """An answer whose connection is cut before it is whole: nothing of the Bot API can be read."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(content)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = [(b"content-length", b"1000000")]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        # uvicorn closes the connection of an answer that is not complete.


def _ok(result: Any) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _refused(refusal: Refusal) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": refusal.status, "description": refusal.description}
    headers = {}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
        headers["Retry-After"] = str(refusal.parameters.get("retry_after", ""))
    return JSONResponse(body, refusal.status, headers=headers)


def _refusal_of(fault: Fault) -> Refusal:
    if fault.kind == "429":
        return Refusal(429, f"Too Many Requests: retry after {fault.retry_after}", retry_after=fault.retry_after)
    return {
        "500": Refusal(500, "Internal Server Error: restart"),
        "401": Refusal(401, "Unauthorized"),
        "403": Refusal(403, "Forbidden: bot was blocked by the user"),
        "deactivated": Refusal(403, "Forbidden: user is deactivated"),
        "voice_forbidden": Refusal(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN"),
        "entities": Refusal(400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0'),
    }[fault.kind]


async def _arguments(request: Request) -> dict[str, Any]:
    """The arguments of a call, however they are sent; files as pairs of name and bytes."""
    arguments: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        return arguments | dict(await request.json())
    if kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        async with request.form(max_part_size=MAX_UPLOAD) as form:
            for name, value in form.items():
                is_file = isinstance(value, UploadFile)
                arguments[name] = (value.filename, await value.read()) if is_file else value  # type: ignore[union-attr]
    return arguments
