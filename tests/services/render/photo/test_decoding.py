"""Decoding photos in the formats, orientations and depths of phones and editors."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from bus.errors import InvalidInput, TooLarge
from services.render.photo.decoding import Pixels, decode_photo, exif_orientation


def corners(width: int = 40, height: int = 20) -> Pixels:
    """Red above left, green above right, blue below left, grey below right."""
    pixels = np.full((height, width, 3), 128, np.uint8)
    middle, half = width // 2, height // 2
    pixels[:half, :middle], pixels[:half, middle:], pixels[half:, :middle] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return pixels


def encoded(kind: str, pixels: np.ndarray, *settings: int) -> bytes:
    return cv2.imencode(kind, np.ascontiguousarray(pixels[..., ::-1]), settings)[1].tobytes()


def exif(turn: int, *, order: str = "<") -> bytes:
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, turn, 0)
    return head + struct.pack(f"{order}H", 1) + entry + bytes(4)


def with_exif(kind: str, pixels: Pixels, data: bytes) -> bytes:
    stored = np.frombuffer(data, np.uint8)
    return cv2.imencodeWithMetadata(
        kind, np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMAGE_METADATA_EXIF], [stored]
    )[1].tobytes()


TURNED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, 1),
}
"""The picture that a viewer must show by the EXIF standard, by orientation."""


@pytest.mark.parametrize("turn", TURNED)
@pytest.mark.parametrize("kind", [".png", ".jpg"])
def test_a_picture_is_rotated_as_its_camera_was_held(kind: str, turn: int) -> None:
    shown = decode_photo(with_exif(kind, corners(), exif(turn)))
    expected = TURNED[turn](corners())
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected)[2:-2, 2:-2].mean() < 12.0


def test_exif_of_either_byte_order_is_parsed_and_nonsense_is_upright() -> None:
    assert [exif_orientation(b"Exif\0\0" + exif(turn, order=order)) for turn in (1, 6, 9) for order in "<>"] == [
        1, 1, 6, 6, 1, 1
    ]
    assert [exif_orientation(exif(6)[:length]) for length in range(0, 20, 3)] == [1] * 7
    assert exif_orientation(b"something else entirely") == 1


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp", ".bmp"])
def test_common_formats_are_decoded(kind: str) -> None:
    assert np.abs(decode_photo(encoded(kind, corners(64, 48))).astype(int) - corners(64, 48)).mean() < 6.0


def test_transparent_pixels_become_grey() -> None:
    clear = np.dstack((np.zeros((20, 40), np.uint8), corners()))  # alpha first, since `encoded` reverses the channels
    clear[:, 20:, 0] = 255
    shown = decode_photo(encoded(".png", clear))
    assert (shown[:, :20] == 208).all()
    assert (shown[:, 20:] == corners()[:, 20:]).all()


def test_grey_and_sixteen_bit_pictures_are_decoded() -> None:
    grey = np.full((20, 30), 90, np.uint8)
    assert (decode_photo(cv2.imencode(".png", grey)[1].tobytes()) == 90).all()
    deep = np.full((20, 30, 3), 90 * 256 + 77, np.uint16)
    assert (decode_photo(cv2.imencode(".png", deep)[1].tobytes()) == 90).all()


@pytest.mark.parametrize("kind", [".gif", ".webp", ".png"])
def test_the_first_frame_of_an_animation_is_decoded(kind: str) -> None:
    animation = cv2.Animation()
    animation.frames = [np.full((32, 48, 3), value, np.uint8) for value in (200, 100, 50)]
    animation.durations = [100, 100, 100]
    shown = decode_photo(cv2.imencodeanimation(kind, animation)[1].tobytes())
    assert shown.shape == (32, 48, 3)
    assert abs(shown.mean() - 200) < 12


def test_large_pictures_are_reduced_in_proportion() -> None:
    assert decode_photo(encoded(".jpg", corners(3000, 1500))).shape == (640, 1280, 3)
    assert decode_photo(encoded(".png", corners(2, 2600))).shape == (1280, 1, 3)


def test_a_small_file_with_a_gigantic_picture_is_refused_before_it_is_decoded() -> None:
    data = bytearray(encoded(".png", corners()))
    data[16:24] = struct.pack(">II", 30_000, 30_000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    with pytest.raises(InvalidInput, match="larger than any that is taken"):
        decode_photo(bytes(data))


def test_a_picture_of_too_many_pixels_is_refused_with_its_size() -> None:
    with pytest.raises(TooLarge, match="1500 x 1000 pixels, at most 1 million"):
        decode_photo(encoded(".png", corners(1500, 1000)), max_pixels=1_000_000)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(TooLarge, match="2 MB, at most 1"):
        decode_photo(bytes(2 << 20), max_bytes=1 << 20)


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7 not a picture", bytes(1000)])
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"no picture that can be read|damaged"):
        decode_photo(data)


def test_a_picture_with_a_truncated_header_is_refused() -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        decode_photo(encoded(".png", corners())[:40])
