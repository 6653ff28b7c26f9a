"""H.264 encoding for WebRTC: constrained baseline profile, no delay, key frames on demand."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from typing import Literal

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from bus.errors import EngineError
from services.render.engine import Frame

log = logging.getLogger(__name__)

Codec = Literal["libx264", "h264_nvenc"]
_SMPTE_170M, _VIDEO_RANGE = 6, 1
_COLOURS = "colorprim=smpte170m:transfer=smpte170m:colormatrix=smpte170m:range=tv"


class H264Encoder:
    """Encodes one stream of frames as access units. Not thread-safe.

    Args:
        bitrate: maximum bits a second, on average over any second.
        crf: x264's constant rate factor, the quality wherever the bitrate allows it; lower is better.
        codec: h264_nvenc, the graphics card's, where it can have one stream more; else it is x264 after all.
    """

    def __init__(
        self, width: int, height: int, fps: int, *, bitrate: int, crf: int = 22, codec: Codec = "libx264"
    ) -> None:
        self.width, self.height = width, height
        self._fps, self._bitrate, self._crf = fps, bitrate, crf
        self._codec: Codec = codec
        self._opened: VideoCodecContext | None = None
        self._next_pts = 0

    @property
    def codec(self) -> Codec:
        """That encodes; known for certain after the first frame."""
        return self._codec

    @property
    def _context(self) -> VideoCodecContext:
        """Opened with the first frame: a card takes a tenth of a second for it, which this thread may wait."""
        if self._opened is None and self._codec == "h264_nvenc":
            try:
                self._opened = self._nvenc()
                self._opened.open()
            except (av.FFmpegError, ValueError) as error:  # cards encode so many streams, and no more
                log.warning("the graphics card encodes no further stream", extra={"why": str(error)})
                self._codec, self._opened = "libx264", None
        if self._opened is None:
            self._opened = self._x264()
        return self._opened

    def _of(self, codec: Codec) -> VideoCodecContext:
        context = av.CodecContext.create(codec, "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = self.width, self.height
        context.pix_fmt = "yuv420p"
        context.framerate = Fraction(self._fps)
        context.time_base = Fraction(1, self._fps)
        return context

    def _nvenc(self) -> VideoCodecContext:
        context = self._of("h264_nvenc")
        context.color_primaries = context.color_trc = context.colorspace = _SMPTE_170M
        context.color_range = _VIDEO_RANGE
        context.max_b_frames = 0
        context.options = {
            # As x264 below: a key frame where one is asked for and nowhere else, and no frame waits for another.
            "preset": "p3", "tune": "ull", "profile": "baseline", "rc": "vbr", "cq": str(self._crf),
            "maxrate": str(self._bitrate), "bufsize": str(self._bitrate), "b": "0", "g": str(2**30), "forced-idr": "1",
            "zerolatency": "1", "delay": "0", "rc-lookahead": "0",
        }  # fmt: skip
        return context

    def _x264(self) -> VideoCodecContext:
        context = self._of("libx264")
        context.thread_count = 1
        context.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "profile": "baseline",
            "crf": str(self._crf),
            "maxrate": str(self._bitrate),
            "bufsize": str(self._bitrate),
            # Key frames come where a batch begins and nowhere else. All frames have the same quality, the first one
            # and those with little motion too (qcomp); otherwise the picture would pulse and the seam of the idle
            # loop would show.
            "x264-params": f"keyint=infinite:scenecut=0:bframes=0:qcomp=1:ipratio=1.2:sliced-threads=0:{_COLOURS}",
        }
        return context

    def encode(self, frames: Iterable[Frame], *, key: bool = True) -> tuple[bytes, ...]:
        """The frames as Annex B access units, one for each.

        Args:
            key: make the first one a key frame with its parameter sets; otherwise it depends on the frames before.
        Raises:
            EngineError: a frame has another size.
        """
        return tuple(self._access_unit(frame, key=key and index == 0) for index, frame in enumerate(frames))

    def _access_unit(self, frame: Frame, *, key: bool) -> bytes:
        expected = (self.height * 3 // 2, self.width)
        if frame.shape != expected:  # libav would scale it silently
            raise EngineError(f"need a frame of {expected} bytes (planar YUV 4:2:0), got {frame.shape}")
        video_frame = av.VideoFrame.from_ndarray(frame, format="yuv420p")
        video_frame.pts = self._next_pts
        context = self._context
        video_frame.time_base = context.time_base
        video_frame.pict_type = PictureType.I if key else PictureType.NONE
        self._next_pts += 1
        try:
            return b"".join(bytes(packet) for packet in context.encode(video_frame))
        except av.FFmpegError as error:
            raise EngineError(f"{self._codec} could not encode frame {video_frame.pts}: {error}") from error


@cache
def best_codec() -> Codec:
    """What encodes best on a machine with a graphics card: the card, where it does all that is asked of an encoder."""
    encoder = H264Encoder(256, 256, 25, bitrate=1_000_000, codec="h264_nvenc")
    grey = [np.full((384, 256), level, np.uint8) for level in (96, 128, 160)]
    try:
        units = encoder.encode(grey, key=True) + encoder.encode(grey, key=True)
    except EngineError:
        return "libx264"
    keys = [_is_baseline_key_frame(unit) for unit in units]
    return encoder.codec if all(units) and keys == [True, False, False] * 2 else "libx264"


def _is_baseline_key_frame(unit: bytes) -> bool:
    """Whether an access unit has an IDR picture and its parameter sets, which say the baseline profile."""
    parts = {part[0] & 31: part for part in unit.split(b"\0\0\1")[1:] if part}
    return {5, 7, 8} <= set(parts) and parts[7][1] == 66
