"""Answers with files of which players ask for parts (RFC 9110, section 14): Safari plays no other."""

from __future__ import annotations

import hashlib
import re

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.web.http_messages import is_cached

_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")


def file_answer(request: Request, data: bytes, media_type: str) -> Response:
    """The file, or the part of it that is asked for; 304 where the browser has it.

    Of several parts, or in another unit, the whole file is the answer, as the RFC allows.
    """
    tag = f'"{hashlib.blake2b(data, digest_size=16).hexdigest()}"'
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, no-cache", "ETag": tag}
    if is_cached(request, tag):
        return Response(status_code=304, headers=headers)
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    bounds = _bounds(match["first"], match["last"], len(data)) if match else None
    if bounds is None or request.headers.get("if-range", tag) != tag:
        return Response(data, headers=headers, media_type=media_type)
    first, last = bounds
    if first > last:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], 206, headers, media_type)


def _bounds(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte of a range; the first is greater where the file has none of it. None: no range."""
    if not first:  # so many bytes from the end
        return (size - min(size, int(last)), size - 1) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) if last else size - 1, size - 1)
