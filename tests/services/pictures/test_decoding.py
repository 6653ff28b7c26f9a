"""Decoding pictures in the formats, orientations and depths of phones and editors, and refusing everything else."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile

from bus.errors import Exhausted, InvalidInput, TooLarge
from services.helper_process import HelperProcess
from services.pictures import decoder_process, decoding
from services.pictures.decoder_process import plugin, respond, respond_in_fork
from services.pictures.decoding import COMMAND, MAX_PIXELS, decode_picture
from services.pictures.formats import format_of
from services.pictures.messages import Form, Request, Response
from tests.pictures import (
    BOMBS,
    DAMAGED,
    FOREIGN,
    GOOD,
    GPS_MARKER,
    animation,
    encoded,
    heic,
    jpeg_of_empty_scans,
    painted,
    png,
    with_metadata,
)


def request(data: bytes, form: Form = "rgb", max_pixels: int = MAX_PIXELS) -> Request:
    return Request(data=data, format=format_of(data), form=form, max_pixels=max_pixels)


def answer(data: bytes, form: Form = "rgb", max_pixels: int = MAX_PIXELS) -> Response:
    """What the process would answer, in this one: half of the tests' time would be the start of processes."""
    one = request(data, form, max_pixels)
    return respond(one, plugin(one.format))


def shown(data: bytes) -> NDArray[np.int64]:
    """The pixels, [height, width, 3]."""
    picture = answer(data)
    assert picture.problem is None, picture.detail
    return np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.width, 3).astype(np.int64)


TURNED: dict[int, Callable[[NDArray[np.int64]], NDArray[np.int64]]] = {
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
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_a_picture_is_rotated_as_its_camera_was_held(format: str, turn: int) -> None:
    expected = TURNED[turn](np.asarray(painted(), np.int64))
    found = shown(with_metadata(format, turn))
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 12.0


def test_a_heic_picture_is_rotated_as_its_container_says() -> None:
    assert np.abs(shown(heic(quarter_turns=1)) - np.rot90(np.asarray(painted(), np.int64), 1)).mean() < 6.0


@pytest.mark.parametrize("name", GOOD)
def test_common_formats_are_decoded(name: str) -> None:
    expected = painted().convert("L").convert("RGB") if name.startswith("grey") else painted()
    assert np.abs(shown(GOOD[name]()) - np.asarray(expected, np.int64)).mean() < 6.0


CLEAR = painted().convert("RGBA")
CLEAR.paste((9, 9, 9, 0), (0, 0, 48, 64))


def test_transparent_pixels_become_grey() -> None:
    for image in (CLEAR, CLEAR.quantize(16)):
        pixels = shown(encoded(image, "PNG"))
        assert (pixels[:, :48] == 208).all()
        assert (pixels[:, 48:] == np.asarray(painted())[:, 48:]).all()


def test_pictures_of_other_depths_are_decoded() -> None:
    sixteen_bits = Image.fromarray(np.full((20, 30), 90 * 256 + 77, np.uint16))
    assert (shown(encoded(sixteen_bits, "PNG")) == 90).all()
    assert (shown(encoded(Image.new("1", (30, 20), 1), "PNG")) == 255).all()
    assert (shown(encoded(Image.new("LA", (30, 20), (90, 255)), "PNG")) == 90).all()
    assert (shown(png(30, 20, bits=16, colour=2)) == 0).all()


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_the_first_frame_of_an_animation_is_decoded(format: str) -> None:
    pixels = shown(animation(format))
    assert pixels.shape == (32, 48, 3)
    assert abs(pixels.mean() - 200) < 12


def test_colours_of_another_profile_become_those_of_srgb() -> None:
    mostly_red = Image.new("RGB", (16, 16), (200, 40, 40))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, lab, b"no profile at all"):  # the latter two fit no picture of three colours
        assert np.abs(shown(encoded(mostly_red, "PNG", icc_profile=profile)) - (200, 40, 40)).max() <= 1


@pytest.mark.parametrize("size", [(1500, 750), (5200, 260), (2, 2600)])
def test_large_pictures_are_reduced_in_proportion(size: tuple[int, int]) -> None:
    pixels = shown(encoded(painted(*size), "PNG", compress_level=1))
    expected = np.asarray(painted(*size).resize((pixels.shape[1], pixels.shape[0])), np.int64)
    assert pixels.shape[:2] == {1500: (640, 1280), 5200: (64, 1280), 2: (1280, 1)}[size[0]]
    assert np.abs(pixels - expected).mean() < 3.0


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_nothing_of_the_metadata_is_left(format: str) -> None:
    data = with_metadata(format, 6)
    assert GPS_MARKER in data
    clean = answer(data, "png")
    assert (clean.width, clean.height) == (64, 96)
    assert {clean.data[start : start + 4] for start in chunks(clean.data)} == {b"IHDR", b"IDAT", b"IEND"}
    assert GPS_MARKER not in clean.data


def chunks(data: bytes) -> list[int]:
    """Where the names of a PNG's chunks are."""
    found, at = [], 8
    while at < len(data):
        found.append(at + 4)
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return found


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_picture_is_refused(name: str) -> None:
    assert answer(DAMAGED[name]()).problem in ("damaged", "too_large")


@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_other_formats_are_refused_by_what_they_are(name: str) -> None:
    make, what = FOREIGN[name]
    with pytest.raises(InvalidInput, match="JPEG, PNG, WebP, GIF, BMP, AVIF and HEIC are taken") as refused:
        decode_picture(make(), "rgb")
    assert f"the file is {what} " in refused.value.detail


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_with_a_gigantic_picture_is_refused(name: str) -> None:
    make, why = BOMBS[name]
    found = answer(make())
    assert found.problem in ("too_large", "too_costly")
    assert why in found.detail


def test_a_picture_may_have_so_many_pixels_and_bytes_and_no_more() -> None:
    whole = encoded(painted(1500, 1000), "PNG")
    assert answer(whole, max_pixels=1_500_000).problem is None
    assert answer(whole, max_pixels=1_499_999).problem == "too_large"
    with pytest.raises(TooLarge, match="2 MB, at most 1"):
        decode_picture(bytes(2 << 20), "rgb", max_bytes=1 << 20)


# the process


def test_what_a_fresh_process_makes_of_pictures_is_what_this_one_does() -> None:
    """In the forks of a fresh process nothing can be imported that the decoder needs only now and then."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pictures = [
        *(make() for make in GOOD.values()),
        *(with_metadata(format, 6) for format in ("JPEG", "PNG", "WEBP", "AVIF")),
        encoded(painted(5200, 26), "PNG", icc_profile=srgb),
        encoded(CLEAR, "PNG"),
        DAMAGED["a JPEG of noise"](),
        BOMBS["a PNG of 30,000 x 30,000"][0](),
    ]
    forms: tuple[Form, ...] = ("png", "rgb")
    requests = [request(picture, form) for picture in pictures for form in forms]
    with closing(HelperProcess("picture decoder", COMMAND, Response, 60.0)) as process:
        for one in requests:
            assert process.request(one) == respond(one, plugin(one.format)), one.format


def test_a_picture_is_decoded_and_a_bad_one_refused_in_another_process() -> None:
    picture = decode_picture(GOOD["JPEG"](), "png")
    assert (picture.width, picture.height, picture.data[1:4]) == (96, 64, b"PNG")
    with pytest.raises(InvalidInput, match="the PNG picture is damaged or cut off"):
        decode_picture(DAMAGED["a PNG of noise"](), "rgb")
    with pytest.raises(TooLarge, match="30000 x 30000 pixels, at most 80 million are taken"):
        decode_picture(BOMBS["a PNG of 30,000 x 30,000"][0](), "rgb")


def swell() -> None:
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def open_socket() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("127.0.0.1", 0))
    os._exit(0)


def open_file() -> None:
    os.open("/etc/hostname", os.O_RDONLY)
    os._exit(0)


HARM: dict[str, tuple[Callable[[], object], str]] = {
    "crashes": (lambda: os.kill(os.getpid(), signal.SIGKILL), "its decoder died with status -9"),
    "waits for ever": (lambda: time.sleep(3600), "was not decoded within 1 s"),
    "takes all memory": (swell, "takes too much memory"),
    "opens a socket": (open_socket, "damaged or cut off"),
    "opens a file": (open_file, "damaged or cut off"),
}
"""What a picture may make its decoder do, and what the sender is told."""


@pytest.mark.parametrize("name", HARM)
def test_what_a_picture_makes_its_decoder_do_ends_with_the_fork(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    harm, told = HARM[name]

    class Harmful(ImageFile.ImageFile):
        def _open(self) -> None:
            harm()

    monkeypatch.setattr(decoder_process, "plugin", lambda format: Harmful)
    monkeypatch.setattr(decoder_process, "MEMORY", 64 << 20)
    monkeypatch.setattr(decoder_process, "SECONDS", 1 if "waits" in name else 60)
    response = msgspec.msgpack.decode(respond_in_fork(request(GOOD["PNG"]())), type=Response)
    assert response.problem is not None
    assert told in response.detail


def test_heic_is_refused_by_its_name_where_its_decoder_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "_PLUGINS", {"HEIC": ("not_installed", "HeifImageFile")})
    response = msgspec.msgpack.decode(respond_in_fork(request(heic())), type=Response)
    assert (response.problem, response.detail) == (
        "no_decoder", "HEIC pictures cannot be decoded here; JPEG, PNG, WebP, GIF, BMP, AVIF are taken"
    )  # fmt: skip


def test_a_process_that_cannot_be_had_is_no_fault_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ((sys.executable, "-c", "pass"), ("/nowhere/python",)):
        monkeypatch.setattr(decoding, "COMMAND", command)
        with pytest.raises(Exhausted, match="could not be decoded just now"):
            decode_picture(GOOD["PNG"](), "rgb")


def test_a_jpeg_that_takes_minutes_is_given_up_even_if_its_scans_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoder_process, "MAX_SCANS", 10_000)
    monkeypatch.setattr(decoder_process, "PROCESSOR_SECONDS", 1)
    response = msgspec.msgpack.decode(respond_in_fork(request(jpeg_of_empty_scans(2_000))), type=Response)
    assert (response.problem, response.detail) == ("too_costly", "the picture takes more than 1 s to decode")


def test_each_format_has_a_decoder_that_knows_no_other() -> None:
    pictures = {format_of(data): data for data in (make() for make in GOOD.values())}
    assert len(pictures) == 7
    for own in pictures:
        for other, data in pictures.items():
            problem = respond(Request(data=data, format=own, form="rgb", max_pixels=MAX_PIXELS), plugin(own)).problem
            assert problem == (None if other == own else "damaged"), (own, other)
