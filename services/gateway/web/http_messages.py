"""Reads bodies and conditions of requests, and makes answers: JSON of structs, and errors."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bus.errors import InvalidInput, TooLarge

_LONGEST_JSON = 64 << 10

_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # both halves of a character
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|\\."
)

StructT = TypeVar("StructT", bound=msgspec.Struct)


async def read_body(request: Request, limit: int) -> bytes:
    """The request's body.

    Raises:
        TooLarge: over `limit` bytes; the rest is not read.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise TooLarge(f"the body may have {limit} bytes")
    return bytes(body)


async def read_json(request: Request, kind: type[StructT]) -> StructT:
    """The body as a struct of this kind; an empty body counts as {}.

    Raises:
        InvalidInput: it is not JSON, or has other fields.
    """
    body = await read_body(request, _LONGEST_JSON) or b"{}"
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the body is not UTF-8: {error.reason} at byte {error.start}") from error
    for escape in _ESCAPE.finditer(text):
        if escape["half"]:  # JSON can spell a surrogate alone, UTF-8 cannot
            half = f"{escape['half']} at {escape.start()}"
            raise InvalidInput(f"the body has half a character (a lone surrogate), {half}")
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput(f"the body is not what is expected here: {error}") from error


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer of structs, or lists of them, as JSON."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def error_answer(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def is_cached(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names this entity tag, so that the client has the same bytes (RFC 9110, 13.1.2)."""
    tags = (one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(","))
    return any(one in (tag, "*") for one in tags)
