"""H.264 the way WebRTC and a voice note's video want it: constrained baseline, no delay, a key frame on demand."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import av
from av.video.frame import PictureType

from bus.errors import EngineError
from services.render.engine import Picture

_COLOUR = "colorprim=smpte170m:transfer=smpte170m:colormatrix=smpte170m:range=tv"


class Encoder:
    """Turns pictures into access units. One for each stream of pictures; used by one thread at a time.

    Args:
        bitrate: bits a second that the stream takes at the most, on average over any second.
        crf: x264's quality where the bits allow it; less is better.
    """

    def __init__(self, width: int, height: int, fps: int, *, bitrate: int, crf: int = 22) -> None:
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height = width, height
        context.pix_fmt = "yuv420p"
        context.framerate = Fraction(fps)
        context.time_base = Fraction(1, fps)
        context.thread_count = 1
        context.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "profile": "baseline",
            "crf": str(crf),
            "maxrate": str(bitrate),
            "bufsize": str(bitrate),
            # Key frames come where a batch begins and nowhere else. All frames are equally good, the first one and
            # the quiet ones too (qcomp), or the picture would pulse and the idle loop show where it begins.
            "x264-params": f"keyint=infinite:scenecut=0:bframes=0:qcomp=1:ipratio=1.2:sliced-threads=0:{_COLOUR}",
        }
        self._context = context
        self._next = 0

    def encode(self, pictures: Iterable[Picture], *, key: bool = True) -> tuple[bytes, ...]:
        """As many Annex B access units.

        Args:
            key: make the first one a key frame with its parameter sets; else all depend on the pictures before.
        Raises:
            EngineError: a picture of another size.
        """
        return tuple(self._unit(picture, key=key and index == 0) for index, picture in enumerate(pictures))

    def _unit(self, picture: Picture, *, key: bool) -> bytes:
        expected = (self._context.height * 3 // 2, self._context.width)
        if picture.shape != expected:  # libav would scale it without a word
            raise EngineError(f"need a picture of {expected} bytes (planar YUV 4:2:0), got {picture.shape}")
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = self._next
        frame.time_base = self._context.time_base
        frame.pict_type = PictureType.I if key else PictureType.NONE
        self._next += 1
        try:
            return b"".join(bytes(packet) for packet in self._context.encode(frame))
        except av.FFmpegError as error:
            raise EngineError(f"x264 did not take frame {frame.pts}: {error}") from error
