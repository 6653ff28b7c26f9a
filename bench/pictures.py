"""Decoding a stranger's picture in a process of its own, by format and size: processor time and peak memory.

`python -m bench.pictures [MEGAPIXELS...]`
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.machine import machine, table
from bus.errors import VisavisError
from services.pictures.decoding import decode_picture

HEAD = ("picture", "megapixels", "kB", "processor, s", "by the clock, s", "peak memory, MiB", "what became of it")
_SIDE = 1000
"""Pixels of the height of a megapixel, four to three."""


def makers(megapixels: int) -> Mapping[str, Callable[[], bytes]]:
    """Pictures of soft noise, in each format."""
    from PIL import Image  # not in the processes that are measured

    from tests.pictures import encoded, heic

    height = int((megapixels * _SIDE * _SIDE * 0.75) ** 0.5) // 16 * 16
    width = height * 4 // 3 // 16 * 16
    picture = Image.effect_noise((width // 16, height // 16), 90).convert("RGB").resize((width, height))
    return {
        "JPEG, progressive": lambda: encoded(picture, "JPEG", quality=90, progressive=True),
        "PNG": lambda: encoded(picture, "PNG", compress_level=1),
        "WebP": lambda: encoded(picture, "WEBP", method=0),
        "AVIF": lambda: encoded(picture, "AVIF", speed=10),
        "HEIC": lambda: heic(picture),
        "GIF": lambda: encoded(picture.quantize(64), "GIF"),
    }


def bombs() -> Mapping[str, Callable[[], bytes]]:
    from tests.pictures import jpeg_of_empty_scans, sixteen_bit_png

    return {
        "PNG, 16 bits, 79 megapixels": sixteen_bit_png,
        "JPEG, a thousand empty scans": lambda: jpeg_of_empty_scans(1_000),
        "JPEG, 200 empty scans, 79 megapixels": lambda: jpeg_of_empty_scans(199, 8_900),
    }


def measure(name: str, megapixels: str, data: bytes) -> list[str]:
    """One row. The picture is decoded from a small process, so that the memory is the decoder's."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        command = (sys.executable, "-m", "bench.pictures", "--one", file.name)
        out = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return [name, megapixels, f"{len(data) >> 10:,}", *out]


def one(path: Path) -> list[str]:
    data, start = path.read_bytes(), time.monotonic()
    try:
        picture = decode_picture(data, "png", max_bytes=1 << 30)
        outcome = f"{picture.width} x {picture.height}"
    except VisavisError as error:
        outcome = error.detail
    taken = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return [f"{used.ru_utime + used.ru_stime:.2f}", f"{taken:.2f}", f"{used.ru_maxrss >> 10:,}", outcome]


def main(sizes: list[int]) -> None:
    print(machine(), file=sys.stderr)
    rows = [
        measure(name, str(size), make()) for size in sizes or [12] for name, make in makers(size).items()
    ]
    rows += [measure(name, "", make()) for name, make in bombs().items()]
    print(machine(), table(HEAD, rows), sep="\n\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(Path(sys.argv[2]))))
    else:
        main([int(size) for size in sys.argv[1:]])
