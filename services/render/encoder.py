"""H.264 encoding for WebRTC: constrained baseline profile, no delay, key frames on demand."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import av
from av.video.frame import PictureType

from bus.errors import EngineError
from services.render.engine import Frame

_COLOURS = "colorprim=smpte170m:transfer=smpte170m:colormatrix=smpte170m:range=tv"


class H264Encoder:
    """Encodes one stream of frames as access units. Not thread-safe.

    Args:
        bitrate: maximum bits a second, on average over any second.
        crf: x264's constant rate factor, the quality wherever the bitrate allows it; lower is better.
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
            # Key frames come where a batch begins and nowhere else. All frames have the same quality, the first one
            # and those with little motion too (qcomp); otherwise the picture would pulse and the seam of the idle
            # loop would show.
            "x264-params": f"keyint=infinite:scenecut=0:bframes=0:qcomp=1:ipratio=1.2:sliced-threads=0:{_COLOURS}",
        }
        self._context = context
        self._next_pts = 0

    def encode(self, frames: Iterable[Frame], *, key: bool = True) -> tuple[bytes, ...]:
        """The frames as Annex B access units, one for each.

        Args:
            key: make the first one a key frame with its parameter sets; otherwise it depends on the frames before.
        Raises:
            EngineError: a frame has another size.
        """
        return tuple(self._access_unit(frame, key=key and index == 0) for index, frame in enumerate(frames))

    def _access_unit(self, frame: Frame, *, key: bool) -> bytes:
        expected = (self._context.height * 3 // 2, self._context.width)
        if frame.shape != expected:  # libav would scale it silently
            raise EngineError(f"need a frame of {expected} bytes (planar YUV 4:2:0), got {frame.shape}")
        video_frame = av.VideoFrame.from_ndarray(frame, format="yuv420p")
        video_frame.pts = self._next_pts
        video_frame.time_base = self._context.time_base
        video_frame.pict_type = PictureType.I if key else PictureType.NONE
        self._next_pts += 1
        try:
            return b"".join(bytes(packet) for packet in self._context.encode(video_frame))
        except av.FFmpegError as error:
            raise EngineError(f"x264 could not encode frame {video_frame.pts}: {error}") from error
