"""Decodes uploaded photos: any file format, EXIF orientation, bit depth, transparency and size."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import Any, TypeAlias

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from bus.errors import InvalidInput, TooLarge
from bus.events import LARGEST_PHOTO

Pixels: TypeAlias = NDArray[np.uint8]
"""[height, width, 3], red green blue."""

MAX_PIXELS = 80_000_000
"""Pictures with more pixels are not decoded: a small file can hold a picture that fills the memory."""
MAX_SIDE = 1280
"""Pixels on the longer side; larger pictures are reduced, since a face needs no more."""
_BACKGROUND = 208
"""Grey level behind transparent pixels."""
_ROTATIONS: Mapping[int, tuple[int | None, bool]] = {
    2: (None, True), 3: (cv2.ROTATE_180, False), 4: (cv2.ROTATE_180, True), 5: (cv2.ROTATE_90_CLOCKWISE, True),
    6: (cv2.ROTATE_90_CLOCKWISE, False), 7: (cv2.ROTATE_90_COUNTERCLOCKWISE, True),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, False),
}
"""By EXIF orientation: how to rotate the picture, and whether to mirror it left to right afterwards."""
_ORIENTATION_TAG = 0x0112


def decode_photo(data: bytes, *, max_bytes: int = LARGEST_PHOTO, max_pixels: int = MAX_PIXELS) -> Pixels:
    """The picture, upright, without transparency, its longer side at most MAX_SIDE; of an animation the first frame.

    Raises:
        TooLarge: it has more bytes or pixels, by default over 32 MB or 80 megapixels.
        InvalidInput: the bytes are no picture that can be decoded.
    """
    if len(data) > max_bytes:
        raise TooLarge(f"the picture has {len(data) >> 20} MB, at most {max_bytes >> 20} are taken")
    width, height = _size(data)
    if width * height == 0:
        raise InvalidInput("the picture is damaged, or larger than any that is taken")
    if width * height > max_pixels:
        raise TooLarge(
            f"the picture has {width} x {height} pixels, at most {max_pixels // 1_000_000} million are taken"
        )
    try:
        pixels, kinds, metadata = cv2.imdecodeWithMetadata(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise InvalidInput("the picture is damaged") from error
    if pixels is None or pixels.size == 0:
        raise InvalidInput("the picture is damaged, or of a kind that cannot be read; JPEG, PNG and WebP can")
    exif = next((bytes(m) for k, m in zip(kinds, metadata, strict=True) if k == cv2.IMAGE_METADATA_EXIF), b"")
    return _reduce(_set_upright(_to_rgb(pixels), exif_orientation(exif)))


def _size(data: bytes) -> tuple[int, int]:
    """Width and height from the file's header; no pixel is decoded."""
    if data[8:16] == b"WEBPVP8X":  # libav cannot open animated ones
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    try:
        with av.open(io.BytesIO(data)) as container:
            context = container.streams.video[0].codec_context
            return context.width, context.height
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise InvalidInput("this is no picture that can be read; JPEG, PNG and WebP can") from error


def _to_rgb(pixels: NDArray[Any]) -> Pixels:
    """Eight bits, red green blue, on a plain background where it is transparent."""
    if pixels.dtype == np.uint16:
        pixels = pixels >> 8
    elif pixels.dtype != np.uint8:
        pixels = np.clip(pixels * 255.0, 0, 255)
    eight_bit = np.asarray(pixels, np.uint8)
    if eight_bit.ndim == 2 or eight_bit.shape[2] == 1:
        return np.asarray(cv2.cvtColor(eight_bit, cv2.COLOR_GRAY2RGB), np.uint8)
    if eight_bit.shape[2] == 3:
        return np.asarray(cv2.cvtColor(eight_bit, cv2.COLOR_BGR2RGB), np.uint8)
    alpha = eight_bit[:, :, 3:].astype(np.float32) / 255.0
    blended = eight_bit[:, :, 2::-1] * alpha + _BACKGROUND * (1.0 - alpha)
    return np.asarray(blended + 0.5, np.uint8)


def _set_upright(pixels: Pixels, orientation: int) -> Pixels:
    rotation, mirrored = _ROTATIONS.get(orientation, (None, False))
    if rotation is not None:
        pixels = np.asarray(cv2.rotate(pixels, rotation), np.uint8)
    return np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels


def _reduce(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    longer = max(width, height)
    if longer <= MAX_SIDE:
        return pixels
    size = (max(1, width * MAX_SIDE // longer), max(1, height * MAX_SIDE // longer))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def exif_orientation(exif: bytes) -> int:
    """The orientation in EXIF data, 1 to 8 (CIPA DC-008); 1, upright, where there is none."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if tag == _ORIENTATION_TAG:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass  # truncated: the picture is used as it is
    return 1
