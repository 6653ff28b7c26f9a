"""Tells the format of a picture by its signature. Names and declared types of files mean nothing."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bus.errors import InvalidInput

Format: TypeAlias = Literal["JPEG", "PNG", "WebP", "GIF", "BMP", "AVIF", "HEIC"]

TAKEN = "JPEG, PNG, WebP, GIF, BMP, AVIF and HEIC are taken"
_SIGNATURES: tuple[tuple[Format, bytes], ...] = (
    ("JPEG", b"\xff\xd8\xff"),
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("GIF", b"GIF87a"),
    ("GIF", b"GIF89a"),
    ("BMP", b"BM"),
)
_BRANDS: tuple[tuple[Format, frozenset[bytes]], ...] = (
    ("AVIF", frozenset({b"avif", b"avis"})),
    ("HEIC", frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})),
)
"""Brands of files that begin with a box `ftyp` (ISO/IEC 14496-12, 4.3). HEIF with another coding than HEVC is not
taken."""
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"II+\0", "a TIFF picture"),
    (b"8BPS", "a Photoshop document"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\0\0\1\0", "an icon"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1aE\xdf\xa3", "a video"),
)
_BEGINNING = 1024
"""Bytes in which SVG and HTML show what they are."""


def format_of(data: bytes) -> Format:
    """The format of a picture.

    Raises:
        InvalidInput: it is in no format that is taken; the detail says what it is, where that can be seen.
    """
    for name, signature in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        end = min(int.from_bytes(data[:4], "big"), _BEGINNING)
        brands = {data[8:12], *(data[start : start + 4] for start in range(16, end, 4))}
        for name, own in _BRANDS:
            if brands & own:
                return name
    raise InvalidInput(f"the file is {_other(data)} and no photo; {TAKEN}", code="unsupported_media_type")


def _other(data: bytes) -> str:
    """What a file is that is not taken, as far as its beginning tells."""
    for signature, name in _OTHERS:
        if data.startswith(signature):
            return name
    if data[4:8] == b"ftyp":
        return "a video"
    beginning = data[:_BEGINNING].lower()
    if b"<svg" in beginning:
        return "an SVG drawing"
    if b"<html" in beginning or b"<!doctype" in beginning:
        return "a web page"
    return "of another kind" if data else "empty"


