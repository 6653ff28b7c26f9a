"""Fetches recordings from WhatsApp: only from hosts that are named here, and only whole."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import httpx2

from bus.errors import VisavisError
from services.channels.whatsapp.graph_api import LOOPBACK, GraphApi, Media

log = logging.getLogger(__name__)

MEDIA_HOST = "lookaside.fbsbx.com"
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GONE = frozenset({401, 403, 404, 410})
"""Answers of an address whose five minutes are over."""


class _Expired(Exception):
    """The address holds no longer."""


async def fetch(api: GraphApi, media: str) -> AsyncIterator[bytes]:
    """The bytes of a recording, in pieces.

    Args:
        media: WhatsApp's id of it, which holds for seven days; the address that belongs to it, for five minutes.
    Raises:
        VisavisError: it cannot be had. After the last piece: they are not those that WhatsApp announced.
    """
    if not _MEDIA_ID.fullmatch(media):
        raise VisavisError(f"expected an id of a recording of WhatsApp, got {media[:40]!r}", code="media_address")
    for last in (False, True):
        found = await api.media(media)
        try:
            async with aclosing(_download(api, found)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except _Expired as error:
            if last:
                raise VisavisError(
                    "WhatsApp's address of a recording is refused, and so is a new one", code="media_gone"
                ) from error


async def _download(api: GraphApi, media: Media) -> AsyncGenerator[bytes, None]:
    url = allowed(api, media.url)
    digest = hashlib.sha256()
    try:
        async with api.download(url) as answer:
            if answer.status_code in _GONE:
                raise _Expired
            if 300 <= answer.status_code < 400:
                # Followed, it would carry the token to a host that nobody has checked.
                log.error("refused to follow a redirect of WhatsApp's media", extra={"host": url.host})
                raise VisavisError(f"{url.host} redirects the download of a recording", code="media_redirected")
            if not answer.is_success:
                raise VisavisError(
                    f"{url.host} answered the download of a recording with HTTP {answer.status_code}",
                    retryable=answer.status_code >= 500 or answer.status_code == 429,
                    code="media_refused",
                )
            async for piece in answer.aiter_bytes():
                digest.update(piece)
                yield piece
    except httpx2.HTTPError as error:
        raise VisavisError(api.unreachable(error).detail, retryable=True, code="media_lost") from error
    if media.sha256 and not _matches(media.sha256, digest.digest()):
        raise VisavisError("a recording is not the one that WhatsApp announced", retryable=True, code="media_damaged")


def allowed(api: GraphApi, address: str) -> httpx2.URL:
    """The address, if the token may go there: the API itself, or WhatsApp's host of media. Each refusal is logged as an
    error: a list that is too short would silence all voice notes.

    Raises:
        VisavisError: it may not.
    """
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL as error:
        log.error("refused an address of WhatsApp's media that is none")
        raise VisavisError("WhatsApp's address of a recording is none", code="media_address") from error
    origin = (url.scheme, url.host, url.port)
    own = origin == (api.base.scheme, api.base.host, api.base.port)
    # A double on this machine may serve its media on another port.
    local = api.loopback and url.host in LOOPBACK and url.scheme in ("http", "https")
    if url.userinfo or not (own or local or origin == ("https", MEDIA_HOST, None)):
        log.error("refused a host of WhatsApp's media", extra={"scheme": url.scheme, "host": url.host})
        raise VisavisError(
            f"WhatsApp's address of a recording is on {url.scheme}://{url.host}, which is not allowed",
            code="media_address",
        )
    return url


def _matches(announced: str, actual: bytes) -> bool:
    """Whether a digest is the announced one, which comes in hex or in Base64."""
    plain = announced.strip()
    return plain.lower() == actual.hex() or plain.rstrip("=") == base64.b64encode(actual).decode().rstrip("=")
