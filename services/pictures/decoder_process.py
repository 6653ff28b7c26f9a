"""Decodes pictures that strangers sent, in a process of its own (`services.helper_process`).

Only the plugin of a picture's own format is given the bytes. Each picture is decoded in a fork with limits on memory,
processor time, time and files: no file or socket can be opened in it.
"""

from __future__ import annotations

import functools
import importlib
import io
import signal
import sys
import warnings
from collections.abc import Mapping

import msgspec
from PIL import Image, ImageCms, ImageFile, ImageOps, TiffImagePlugin

from services.helper_process import read_message, write_message
from services.limited_fork import Died, Limits, run_in_fork
from services.pictures.formats import TAKEN, Format
from services.pictures.messages import MAX_SIDE, SECONDS, Problem, Request, Response

MEMORY = 768 << 20
"""Bytes that a picture may take while it is decoded, beside the decoder itself."""
PROCESSOR_SECONDS = 10
_STRIP = 64
"""Rows of a strip of the reduced picture."""
MAX_SCANS = 200
"""Of a JPEG; encoders write ten or so. Each makes the decoder go over all pixels, even if it says nothing of them."""
_BACKGROUND = (208, 208, 208)
"""Red green blue behind transparent pixels."""
_PLUGINS: Mapping[Format, tuple[str, str]] = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIC": ("pi_heif", "HeifImageFile"),
}
IMPORTED_LATE = (ImageOps, TiffImagePlugin)
"""What Pillow imports when it reads EXIF and reduces; in the fork nothing can be imported."""
_START_OF_SCAN = b"\xff\xda"
_ORIENTATION_TAG = 0x0112
_UPRIGHT: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by its EXIF orientation (CIPA DC-008)."""


class Rejected(Exception):
    """A picture is not taken."""

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail)
        self.problem: Problem = problem
        self.detail = detail


def plugin(format: Format) -> type[ImageFile.ImageFile]:
    """Pillow's class for pictures of a format. No other format's is loaded for it."""
    module, name = _PLUGINS[format]
    found: type[ImageFile.ImageFile] = getattr(importlib.import_module(module), name)
    # Threads only add to the memory; one picture is one picture's work.
    if format == "AVIF":
        sys.modules[module].DEFAULT_MAX_THREADS = 1  # type: ignore[attr-defined]
    if format == "HEIC":
        sys.modules["pi_heif.options"].DECODE_THREADS = 1  # type: ignore[attr-defined]
    return found


def decode(request: Request, opener: type[ImageFile.ImageFile]) -> Image.Image:
    """The picture upright, red green blue, without any metadata, its longer side at most MAX_SIDE; of an animation the
    first frame.

    Raises:
        Rejected: it is damaged, or has too many pixels.
    """
    Image.MAX_IMAGE_PIXELS = request.max_pixels // 2  # Pillow raises an error beyond twice that
    try:
        with opener(io.BytesIO(request.data)) as image:
            width, height = image.size
            if width * height > request.max_pixels:
                most = request.max_pixels // 1_000_000
                raise Rejected(
                    "too_large", f"the picture has {width} x {height} pixels, at most {most} million are taken"
                )
            if request.format == "JPEG" and (scans := request.data.count(_START_OF_SCAN)) > MAX_SCANS:
                raise Rejected("too_costly", f"the JPEG has {scans} scans, at most {MAX_SCANS} are taken")
            image.draft(None, (MAX_SIDE, MAX_SIDE))  # a JPEG is reduced while it is decoded
            image.load()
            return _clean(image)
    except (Rejected, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        most = request.max_pixels // 1_000_000
        raise Rejected("too_large", f"the picture has more than {most} million pixels, the most taken") from error
    except Exception as error:  # plugins raise whatever damaged bytes led them to
        raise Rejected("damaged", f"the {request.format} picture is damaged or cut off") from error


def _clean(image: Image.Image) -> Image.Image:
    turn = _UPRIGHT.get(_orientation(image))
    profile = image.info.get("icc_profile")
    image = _coarse(image)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    image = _rgb(image, profile)
    if turn is not None:
        image = image.transpose(turn)
    return Image.frombytes("RGB", image.size, image.tobytes())  # whose `info` is empty


def _coarse(image: Image.Image) -> Image.Image:
    """In eight bits a channel, and if it is very large, reduced to about twice MAX_SIDE. It goes strip by strip: there
    is never a second copy of the whole picture."""
    factor = max(image.size) // (2 * MAX_SIDE)
    if factor < 2:
        return _eight_bit(image)
    width, height = image.size
    rows = _STRIP * factor
    strips = [
        _eight_bit(image.crop((0, top, width, min(top + rows, height)))).reduce(factor)
        for top in range(0, height, rows)
    ]
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for number, strip in enumerate(strips):
        whole.paste(strip, (0, number * _STRIP))
    return whole


def _orientation(image: Image.Image) -> int:
    """By EXIF, 1 to 8; 1, upright, where there is none or it is damaged."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - whatever damaged EXIF leads to; the picture is used as it is
        return 1
    return orientation if isinstance(orientation, int) else 1


def _eight_bit(image: Image.Image) -> Image.Image:
    """In a mode with eight bits a channel that can be reduced: no palette, no bits, no sixteen bits of grey."""
    if image.mode.startswith("I;16"):
        return Image.frombytes("L", image.size, image.tobytes()[1::2])  # the upper halves
    if image.mode in ("P", "PA", "LA") or "transparency" in image.info:
        transparent = image.mode in ("PA", "LA") or "transparency" in image.info
        return image.convert("RGBA" if transparent else "RGB")
    if image.mode in ("L", "RGB", "RGBA", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """On a plain background where it is transparent; colours of another profile become those of sRGB."""
    if image.mode == "RGBA":
        background = Image.new("RGB", image.size, _BACKGROUND)
        background.paste(image, mask=image.getchannel("A"))
        image = background
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            converted = ImageCms.profileToProfile(
                image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None  # a profile that cannot be used: the colours are a little off
        if converted is not None:
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def respond(request: Request, opener: type[ImageFile.ImageFile]) -> Response:
    try:
        image = decode(request, opener)
    except Rejected as rejected:
        return Response(problem=rejected.problem, detail=rejected.detail)
    except MemoryError:
        return Response(problem="too_costly", detail="the picture takes too much memory to decode")
    width, height = image.size
    if request.form == "rgb":
        return Response(data=image.tobytes(), width=width, height=height)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return Response(data=file.getvalue(), width=width, height=height)


def respond_in_fork(request: Request) -> bytes:
    """The encoded response, made in a fork; if that dies, why."""
    try:
        opener = plugin(request.format)
    except ImportError:
        detail = f"{request.format} pictures cannot be decoded here; {TAKEN.replace(' and HEIC', '')}"
        return msgspec.msgpack.encode(Response(problem="no_decoder", detail=detail))
    Image.preinit()  # what writes PNG
    warnings.simplefilter("ignore")  # Pillow's tell of metadata that is damaged
    limits = Limits(MEMORY, PROCESSOR_SECONDS, SECONDS, files=0)
    result = run_in_fork(lambda: msgspec.msgpack.encode(respond(request, opener)), limits)
    return result if isinstance(result, bytes) else msgspec.msgpack.encode(_death(result))


def _death(died: Died) -> Response:
    match -died.status:
        case signal.SIGXCPU:
            detail = f"the picture takes more than {PROCESSOR_SECONDS} s to decode"
            return Response(problem="too_costly", detail=detail)
        case signal.SIGALRM:
            return Response(problem="too_slow", detail=f"the picture was not decoded within {SECONDS} s")
        case _:
            detail = f"the picture is damaged: its decoder died with status {died.status}"
            return Response(problem="damaged", detail=detail)


def main() -> int:
    # Ctrl-C is for the service, which ends this process by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for data in iter(functools.partial(read_message, sys.stdin.buffer), None):
        write_message(sys.stdout.buffer, respond_in_fork(msgspec.msgpack.decode(data, type=Request)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
