"""Decodes pictures that strangers sent. Each has a process of its own, which may die over it."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from bus.errors import EngineError, Exhausted, InvalidInput, TooLarge
from bus.events import LARGEST_PHOTO
from services.helper_process import HelperProcess
from services.pictures.formats import format_of
from services.pictures.messages import MAX_SIDE, SECONDS, Form, Request, Response

MAX_PIXELS = 80_000_000
"""Pictures with more pixels are not decoded: a small file can hold a picture that fills the memory."""
COMMAND = (sys.executable, "-m", "services.pictures.decoder_process")
_LARGEST_RESPONSE = 3 * MAX_SIDE * MAX_SIDE + (1 << 20)
_SPARE = 10
"""Seconds that the process has beyond those of the fork that decodes."""


@dataclass(frozen=True)
class CleanPicture:
    """A picture upright, without transparency, without metadata, its longer side at most MAX_SIDE."""

    data: bytes
    """The pixels, red green blue, row by row; or a PNG file."""
    width: int
    height: int


def decode_picture(
    data: bytes, form: Form, *, max_bytes: int = LARGEST_PHOTO, max_pixels: int = MAX_PIXELS
) -> CleanPicture:
    """Decode a picture; of an animation the first frame. Takes some tenths of a second, in another process.

    Raises:
        TooLarge: it has more bytes or pixels, by default over 32 MB or 80 megapixels.
        InvalidInput: it is in no format that is taken, damaged, or takes too much time or memory.
        Exhausted: the machine was too busy, or the process could not be started.
    """
    if len(data) > max_bytes:
        raise TooLarge(f"the picture has {len(data) >> 20} MB, at most {max_bytes >> 20} are taken")
    request = Request(data=data, format=format_of(data), form=form, max_pixels=max_pixels)
    process = HelperProcess("picture decoder", COMMAND, Response, SECONDS + _SPARE, largest=_LARGEST_RESPONSE)
    try:
        response = process.request(request)
    except (OSError, EngineError) as error:
        raise Exhausted(f"the picture could not be decoded just now: {error}") from error
    finally:
        process.close()
    match response.problem:
        case None:
            return _checked(response, form)
        case "too_large":
            raise TooLarge(response.detail)
        case "too_slow":
            raise Exhausted(response.detail)
        case "no_decoder":
            raise InvalidInput(response.detail, code="unsupported_media_type")
        case _:
            raise InvalidInput(response.detail)


def _checked(response: Response, form: Form) -> CleanPicture:
    """The picture, if it is what was asked for: a decoder that was taken over may answer anything."""
    width, height = response.width, response.height
    right_size = 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE
    right_data = len(response.data) == 3 * width * height if form == "rgb" else response.data[1:4] == b"PNG"
    if not right_size or not right_data:
        raise InvalidInput("the picture is damaged: its decoder answered nonsense")
    return CleanPicture(response.data, width, height)
