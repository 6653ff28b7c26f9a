"""What the process that decodes a picture is asked, and what it answers."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from services.pictures.formats import Format

Form: TypeAlias = Literal["rgb", "png"]
Problem: TypeAlias = Literal["damaged", "too_large", "too_costly", "too_slow", "no_decoder"]

MAX_SIDE = 1280
"""Pixels on the longer side; larger pictures are reduced, since a face needs no more."""
SECONDS = 90
"""By the clock: on a machine that is very busy."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    data: bytes
    format: Format
    form: Form
    max_pixels: int


class Response(msgspec.Struct, frozen=True, kw_only=True):
    data: bytes = b""
    """Pixels, red green blue, row by row; or a PNG file."""
    width: int = 0
    height: int = 0
    problem: Problem | None = None
    detail: str = ""
