"""Serves the built page."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from services.gateway.web.http_messages import error_answer

_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=()",
}


class StaticPage:
    """An ASGI app for the bundle: files with a hash in their name are cached for ever, index.html is revalidated."""

    def __init__(self, folder: Path) -> None:
        self._files = StaticFiles(directory=folder, html=True) if folder.is_dir() else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._response(scope)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        immutable = scope["path"].startswith("/assets/") and response.status_code == 200
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
        await response(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        if self._files is None:
            return PlainTextResponse("The page is not built: run `make ui`, then reload.\n", 503)
        try:
            return await self._files.get_response(self._files.get_path(scope), scope)
        except HTTPException as error:
            code = "not_found" if error.status_code == 404 else "not_allowed"
            return error_answer(error.status_code, code, error.detail)
