"""From the bytes of an uploaded picture to its pixels, whatever a phone or an editor did to it."""

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

MOST_PIXELS = 80_000_000
"""What is decoded at the most: a small file can hold a picture that fills the memory."""
LONGEST_SIDE = 1280
"""Larger pictures are reduced to this; a face needs no more."""
_BACKDROP = 208
"""Grey behind what is transparent."""
_TURNS: Mapping[int, tuple[int | None, bool]] = {
    2: (None, True), 3: (cv2.ROTATE_180, False), 4: (cv2.ROTATE_180, True), 5: (cv2.ROTATE_90_CLOCKWISE, True),
    6: (cv2.ROTATE_90_CLOCKWISE, False), 7: (cv2.ROTATE_90_COUNTERCLOCKWISE, True),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, False),
}
"""By EXIF orientation: how to turn the picture, and whether to mirror it left to right afterwards."""
_ORIENTATION = 0x0112


def read(data: bytes) -> Pixels:
    """The picture, upright, without transparency, its longer side at most 1280; of an animation the first frame.

    Raises:
        TooLarge: over 32 MB or over 80 megapixels.
        InvalidInput: no picture that can be read.
    """
    if len(data) > LARGEST_PHOTO:
        raise TooLarge(f"the picture has {len(data) >> 20} MB, at most {LARGEST_PHOTO >> 20} are taken")
    width, height = _size(data)
    if width * height == 0:
        raise InvalidInput("the picture is damaged, or larger than any that is taken")
    if width * height > MOST_PIXELS:
        most = MOST_PIXELS // 1_000_000
        raise TooLarge(f"the picture has {width} x {height} pixels, at most {most} million are taken")
    try:
        pixels, kinds, metadata = cv2.imdecodeWithMetadata(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise InvalidInput("the picture is damaged") from error
    if pixels is None or pixels.size == 0:
        raise InvalidInput("the picture is damaged, or of a kind that cannot be read; JPEG, PNG and WebP can")
    exif = next((bytes(m) for k, m in zip(kinds, metadata, strict=True) if k == cv2.IMAGE_METADATA_EXIF), b"")
    return _reduced(_upright(_plain(pixels), orientation(exif)))


def _size(data: bytes) -> tuple[int, int]:
    """Width and height by the file's header; nothing is decoded."""
    if data[8:16] == b"WEBPVP8X":  # animated ones are not known to libav
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    try:
        with av.open(io.BytesIO(data)) as opened:
            context = opened.streams.video[0].codec_context
            return context.width, context.height
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise InvalidInput("this is no picture that can be read; JPEG, PNG and WebP can") from error


def _plain(pixels: NDArray[Any]) -> Pixels:
    """Eight bits, red green blue, on a plain backdrop where it is transparent."""
    if pixels.dtype == np.uint16:
        pixels = pixels >> 8
    elif pixels.dtype != np.uint8:
        pixels = np.clip(pixels * 255.0, 0, 255)
    plain = np.asarray(pixels, np.uint8)
    if plain.ndim == 2 or plain.shape[2] == 1:
        return np.asarray(cv2.cvtColor(plain, cv2.COLOR_GRAY2RGB), np.uint8)
    if plain.shape[2] == 3:
        return np.asarray(cv2.cvtColor(plain, cv2.COLOR_BGR2RGB), np.uint8)
    opaque = plain[:, :, 3:].astype(np.float32) / 255.0
    mixed = plain[:, :, 2::-1] * opaque + _BACKDROP * (1.0 - opaque)
    return np.asarray(mixed + 0.5, np.uint8)


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    turn, mirrored = _TURNS.get(orientation, (None, False))
    if turn is not None:
        pixels = np.asarray(cv2.rotate(pixels, turn), np.uint8)
    return np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels


def _reduced(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    longer = max(width, height)
    if longer <= LONGEST_SIDE:
        return pixels
    size = (max(1, width * LONGEST_SIDE // longer), max(1, height * LONGEST_SIDE // longer))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def orientation(exif: bytes) -> int:
    """The orientation that EXIF data states, 1 to 8 (CIPA DC-008); 1, upright, where it states none."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass  # cut off; the picture is shown as it lies
    return 1
