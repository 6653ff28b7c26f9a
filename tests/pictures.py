"""Pictures for tests: good ones in each format that is taken, and what an attacker would send in their place.

`GOOD`, `DAMAGED`, `FOREIGN` and `BOMBS` make them by name; none takes more than a second to make.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from fractions import Fraction

import av
import numpy as np
from PIL import Image, PngImagePlugin

from services.pictures.decoder_process import plugin, respond
from services.pictures.messages import Request, Response

Maker = Callable[[], bytes]

GPS_MARKER = b"GPS-48.2082-16.3738"
"""What the metadata of `with_metadata` have in them, as a camera's have a place."""


class DecoderHere:
    """In place of the process that decodes a picture, where a test is about something else: starting one takes longer
    than all the rest."""

    def __init__(self, *arguments: object, **more: object) -> None:
        pass

    def request(self, request: Request) -> Response:
        return respond(request, plugin(request.format))

    def close(self) -> None:
        pass


def painted(width: int = 96, height: int = 64) -> Image.Image:
    """Red above left, green above right, blue below left, grey below right."""
    image = Image.new("RGB", (width, height), (128, 128, 128))
    half = (width // 2, height // 2)
    image.paste((255, 0, 0), (0, 0, *half))
    image.paste((0, 255, 0), (half[0], 0, width, half[1]))
    image.paste((0, 0, 255), (0, half[1], half[0], height))
    return image


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


# HEIC: FFmpeg, in PyAV's wheel, codes the picture; it cannot write the container.


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), name) + content


def full_box(name: bytes, version: int, flags: int, *contents: bytes) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *contents)


def heic(image: Image.Image | None = None, *, size: tuple[int, int] | None = None, quarter_turns: int = 0) -> bytes:
    """A picture as phones write it (ISO/IEC 23008-12).

    Args:
        size: width and height that the file claims; as a rule those of the picture.
        quarter_turns: anticlockwise, for whoever shows it.
    """
    image = image or painted()
    configuration, unit = _hevc(image)
    width, height = size or image.size
    turn = (box(b"irot", bytes([quarter_turns])),) if quarter_turns else ()
    properties = (
        box(b"hvcC", configuration),
        full_box(b"ispe", 0, 0, struct.pack(">II", width, height)),
        *turn,
    )
    associations = b"".join(bytes([0x80 | number]) for number in range(1, len(properties) + 1))

    entry = full_box(b"infe", 2, 0, struct.pack(">HH4s", 1, 0, b"hvc1"), b"\0")

    def meta(offset: int) -> bytes:
        location = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, offset, len(unit))
        return full_box(
            b"meta", 0, 0,
            full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", 0, 0, struct.pack(">H", 1)),
            full_box(b"iloc", 0, 0, location),
            full_box(b"iinf", 0, 0, struct.pack(">H", 1), entry),
            box(
                b"iprp",
                box(b"ipco", *properties),
                full_box(b"ipma", 0, 0, struct.pack(">IHB", 1, 1, len(properties)), associations),
            ),
        )  # fmt: skip

    head = box(b"ftyp", b"heic", bytes(4), b"mif1", b"heic")
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", unit)


def _hevc(image: Image.Image) -> tuple[bytes, bytes]:
    """The decoder configuration record (ISO/IEC 14496-15, 8.3.3) and the coded picture, each unit behind its length."""
    codec = av.CodecContext.create("libx265", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = *image.size, "yuv420p", Fraction(1, 25)
    codec.options = {"x265-params": "log-level=none:info=0:repeat-headers=1:keyint=1", "crf": "10"}
    frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    stream = b"".join(bytes(packet) for packet in (*codec.encode(frame), *codec.encode(None)))
    units = [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1") if unit.strip(b"\0")]
    kinds = {kind: [unit for unit in units if unit[0] >> 1 == kind] for kind in (32, 33, 34)}
    arrays = b"".join(
        bytes([0x80 | kind]) + struct.pack(">HH", 1, len(found[0])) + found[0] for kind, found in kinds.items()
    )
    profile = kinds[33][0].replace(b"\0\0\3", b"\0\0")[3:15]
    head = b"\1" + profile + bytes.fromhex("f000 fc fd f8 f8 0000 0f") + bytes([len(kinds)])
    return head + arrays, b"".join(struct.pack(">I", len(unit)) + unit for unit in units if unit[0] >> 1 < 32)


def with_metadata(format: str, orientation: int = 1) -> bytes:
    """A picture with all the metadata that its format takes: a place, comments, a time, another picture in small."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, GPS_MARKER.decode()
    exif.get_ifd(0x8825)[1] = GPS_MARKER.decode()
    options: dict[str, object] = {"exif": exif.tobytes()}
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + GPS_MARKER + b"</x:xmpmeta>"
    if format == "JPEG":
        options |= {"comment": GPS_MARKER, "quality": 95, "subsampling": 0}
    if format == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", GPS_MARKER.decode())
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options |= {"pnginfo": info}
    else:
        options |= {"xmp": xmp}
    return encoded(painted(), format, **options)


def animation(format: str) -> bytes:
    """Three pictures, of which the first is grey 200."""
    first, *others = (Image.new("RGB", (48, 32), (level,) * 3) for level in (200, 100, 50))
    return encoded(first, format, save_all=True, append_images=others, duration=100)


# PNG, chunk by chunk


def png(width: int, height: int, *, bits: int = 8, colour: int = 2, data: bytes | None = None) -> bytes:
    """A PNG of zeros, as small as it can be packed.

    Args:
        colour: type of colour: 0 grey, 2 red green blue, 6 with alpha.
        data: the packed pixels, in their place.
    """
    if data is None:
        row = 1 + width * bits * {0: 1, 2: 3, 6: 4}[colour] // 8
        packing = zlib.compressobj(9)
        data = b"".join(packing.compress(bytes(row)) for _ in range(height)) + packing.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    )


# JPEG, segment by segment


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg_of_empty_scans(scans: int, side: int = 8_000) -> bytes:
    """A progressive JPEG whose scans each say nothing, and make a decoder go over all of its pixels."""
    tables = segment(0xDB, b"\0" + bytes([1] * 64)) + segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0")
    tables += segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0")
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    # The first scan has the means of all blocks, one bit each: equal to the one before.
    first = segment(0xDA, b"\1\1\0\0\0\0") + bytes(((side + 7) // 8) ** 2 // 8 + 1)
    # A refinement without any bits: the decoder makes zeros up, block by block.
    empty = segment(0xDA, b"\1\1\0\1\x3f\0")
    return b"\xff\xd8" + tables + frame + first + empty * scans + b"\xff\xd9"


def jpeg_that_says_webp() -> bytes:
    """A JPEG whose comment has WebP's signature at offset 8 of the file, and a small size behind it."""
    whole = encoded(Image.new("L", (11_000, 11_000), 128), "JPEG")
    comment = segment(0xFE, b"xxWEBPVP8X" + bytes(8) + (95).to_bytes(3, "little") + (63).to_bytes(3, "little"))
    return whole[:2] + comment + whole[2:]


def gigantic_gif(side: int = 60_000) -> bytes:
    small = encoded(painted(), "GIF")
    return small[:6] + struct.pack("<HH", side, side) + small[10:]


def gigantic_webp(side: int = 16_384) -> bytes:
    canvas = struct.pack("<I", 0) + (side - 1).to_bytes(3, "little") * 2
    picture = encoded(painted(), "WEBP", lossless=True)[12:]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas + picture
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gigantic_bmp(width: int = 30_000, height: int = 30_000) -> bytes:
    """Run-length coded, so that the file is small."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, 2, 0, 0, 256, 0)
    return b"BM" + struct.pack("<III", 54 + 1024 + 2, 0, 54 + 1024) + head + bytes(1024) + b"\0\1"


def float_tiff(side: int = 10_000) -> bytes:
    """A TIFF of floating-point numbers, of which one strip is there and all others are the same one."""
    strip = zlib.compress(bytes(4 * side * 100), 9)
    strips = side // 100
    entries = (
        (256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 32), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1),
        (278, 4, 1, 100), (339, 3, 1, 3),
    )  # fmt: skip
    start = 8 + len(strip)
    listed = start + 2 + 12 * (len(entries) + 2) + 4
    ifd = struct.pack("<H", len(entries) + 2)
    ordered = sorted((*entries, (273, 4, strips, listed), (279, 4, strips, listed + 4 * strips)))
    ifd += b"".join(struct.pack("<HHII", *entry) for entry in ordered) + bytes(4)
    return b"II*\0" + struct.pack("<I", start) + strip + ifd + struct.pack("<I", 8) * strips + (
        struct.pack("<I", len(strip)) * strips
    )  # fmt: skip


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'
SDP = (
    b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    b"m=video 9199 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
)
"""A description of a session: FFmpeg would open sockets and wait."""
PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"

GOOD: Mapping[str, Maker] = {
    "JPEG": lambda: encoded(painted(), "JPEG", quality=95, subsampling=0),
    "progressive JPEG": lambda: encoded(painted(), "JPEG", quality=95, subsampling=0, progressive=True),
    "grey JPEG": lambda: encoded(painted().convert("L"), "JPEG"),
    "CMYK JPEG": lambda: encoded(painted().convert("CMYK"), "JPEG", quality=95),
    "PNG": lambda: encoded(painted(), "PNG"),
    "PNG with a palette": lambda: encoded(painted().quantize(8), "PNG"),
    "WebP": lambda: encoded(painted(), "WEBP", quality=95),
    "lossless WebP": lambda: encoded(painted(), "WEBP", lossless=True),
    "GIF": lambda: encoded(painted(), "GIF"),
    "BMP": lambda: encoded(painted(), "BMP"),
    "AVIF": lambda: encoded(painted(), "AVIF", quality=95, subsampling="4:4:4"),
    "HEIC": heic,
}
"""Pictures of `painted()`; grey where the name says so."""

DAMAGED: Mapping[str, Maker] = {
    "a PNG's signature alone": lambda: b"\x89PNG\r\n\x1a\n",
    "a PNG that is cut off": lambda: GOOD["PNG"]()[:-40],
    "a JPEG that is cut off": lambda: GOOD["JPEG"]()[:400],
    "a PNG of noise": lambda: png(64, 64, data=np.random.default_rng(1).bytes(999)),
    "a JPEG of noise": lambda: b"\xff\xd8\xff\xe0" + np.random.default_rng(2).bytes(9_999),
    "a WebP of noise": lambda: b"RIFF\xff\xff\0\0WEBPVP8 " + np.random.default_rng(3).bytes(9_999),
    "a GIF of noise": lambda: b"GIF89a" + np.random.default_rng(4).bytes(9_999),
    "a BMP of noise": lambda: b"BM" + np.random.default_rng(5).bytes(9_999),
    "an AVIF of noise": lambda: box(b"ftyp", b"avif", bytes(4)) + np.random.default_rng(6).bytes(9_999),
    "a HEIC of noise": lambda: box(b"ftyp", b"heic", bytes(4)) + np.random.default_rng(7).bytes(9_999),
    "boxes in boxes": lambda: box(b"ftyp", b"heic", bytes(4)) + box(b"meta", bytes(4), nested(2_000)),
    "a PNG with an impossible size": lambda: png(0, 0),
}
"""Of formats that are taken, but nothing can be decoded of them."""

FOREIGN: Mapping[str, tuple[Maker, str]] = {
    "empty": (lambda: b"", "empty"),
    "a text": (lambda: b"Hello, this is no picture.", "of another kind"),
    "zeros": (lambda: bytes(1000), "of another kind"),
    "a float TIFF": (float_tiff, "a TIFF picture"),
    "an SVG": (lambda: SVG, "an SVG drawing"),
    "a session description": (lambda: SDP, "of another kind"),
    "a playlist": (lambda: PLAYLIST, "of another kind"),
    "a list of files": (lambda: CONCAT, "of another kind"),
    "a web page": (lambda: b"<!DOCTYPE html><html><script>1</script>", "a web page"),
    "a PDF": (lambda: b"%PDF-1.7\n", "a PDF document"),
    "a PostScript program": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n(x) run\n", "a PostScript document"),
    "a video": (lambda: box(b"ftyp", b"isom", bytes(4), b"mp42"), "a video"),
    "an archive": (lambda: b"PK\x03\x04" + bytes(99), "a ZIP archive or an office document"),
    "an icon": (lambda: encoded(painted(), "ICO"), "an icon"),
    "a JPEG 2000": (lambda: encoded(painted(), "JPEG2000"), "a JPEG 2000 picture"),
    "a PPM": (lambda: encoded(painted(), "PPM"), "of another kind"),
}
"""In formats that are not taken, and what a refusal calls them."""

BOMBS: Mapping[str, tuple[Maker, str]] = {
    "a PNG of 30,000 x 30,000": (lambda: png(30_000, 30_000, data=b""), "30000 x 30000 pixels"),
    "a JPEG that says it is a small WebP": (jpeg_that_says_webp, "11000 x 11000 pixels"),
    "a GIF of 60,000 x 60,000": (gigantic_gif, "60000 x 60000 pixels"),
    "a WebP of 16,384 x 16,384": (gigantic_webp, "more than 80 million pixels, the most taken"),
    "a BMP of 30,000 x 30,000": (gigantic_bmp, "30000 x 30000 pixels"),
    "a HEIC of 30,000 x 30,000": (lambda: heic(size=(30_000, 30_000)), "30000 x 30000 pixels"),
    "a JPEG of a thousand empty scans": (lambda: jpeg_of_empty_scans(1_000), "1001 scans, at most 200 are taken"),
}
"""Small files that would fill the memory or take minutes, and words of their refusals."""


def sixteen_bit_png(side: int = 8_900) -> bytes:
    """Some hundred kilobytes that hold 79 megapixels of 64 bits: taken, but never with all of its bits at once."""
    return png(side, side, bits=16, colour=6)


def nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = box(b"iprp", content)
    return content
