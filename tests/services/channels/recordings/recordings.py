"""Recordings of people in the formats that people send, encoded in the test."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition

from bus.events import MICROPHONE_RATE
from services.audio import Samples, resample
from tests import people, voices

NAME = "sense_and_sensibility_01_austen_64kb-0880"


def speech() -> Samples:
    """Somebody reading aloud, or a synthetic voice where the recordings of people are not installed: [n], 16 kHz."""
    if people.FOLDER.is_dir():
        return people.samples(NAME)
    return voices.samples("please_tell_me_a_story_about_the_sea_slt")


@dataclass(frozen=True)
class Format:
    """How a recording is encoded."""

    container: str
    codec: str
    rate: int
    layout: str = "mono"
    bitrate: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    container_options: Mapping[str, str] = field(default_factory=dict)
    cover: bool = False
    """With a picture of the album."""
    video: bool = False
    """With moving pictures, as a round video has."""

    def __str__(self) -> str:
        extra = "".join((" cover" * self.cover, " video" * self.video, " ".join(self.container_options.values())))
        return f"{self.container} {self.codec} {self.rate} {self.layout}{extra}"


def encode(samples: Samples, format: Format) -> bytes:
    """The file.

    Args:
        samples: [n], 16 kHz mono.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=format.container, container_options=dict(format.container_options)) as container:
        audio = container.add_stream(format.codec, rate=format.rate, options=dict(format.options), layout=format.layout)
        assert isinstance(audio, AudioStream)
        if format.bitrate:
            audio.bit_rate = format.bitrate
        if format.video:
            _add_video(container, len(samples) / MICROPHONE_RATE)
        if format.cover and format.container == "ogg":
            audio.metadata["METADATA_BLOCK_PICTURE"] = _ogg_cover()
        elif format.cover:
            _add_cover(container)
        _encode_sound(container, audio, samples)
    return buffer.getvalue()


def _encode_sound(container: OutputContainer, audio: AudioStream, samples: Samples) -> None:
    if not audio.codec_context.is_open:
        audio.codec_context.open()
    frame_size = audio.codec_context.frame_size or None
    resampler = AudioResampler(audio.codec_context.format.name, audio.layout.name, audio.rate, frame_size=frame_size)
    frame = _frame(resample(samples, MICROPHONE_RATE, audio.rate), audio.rate)
    for one in [*resampler.resample(frame), *resampler.resample(None), None]:
        container.mux(audio.encode(one))


def _frame(samples: Samples, rate: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.pts = rate, 0
    return frame


def _add_cover(container: OutputContainer) -> None:
    picture = container.add_stream("mjpeg", rate=1, width=64, height=64, pix_fmt="yuvj420p")
    picture.disposition = Disposition.attached_pic
    frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 99, np.uint8), format="rgb24")
    frame.pts = 0
    container.mux([*picture.encode(frame), *picture.encode(None)])


def _ogg_cover() -> str:
    """A picture as Ogg holds it: in the layout of FLAC (RFC 9639, section 8.8), in base 64."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="image2pipe") as container:
        _add_cover(container)
    data = buffer.getvalue()
    head = struct.pack(">II10sI5I", 3, 10, b"image/jpeg", 0, 64, 64, 24, 0, len(data))
    return base64.b64encode(head + data).decode()


def _add_video(container: OutputContainer, seconds: float) -> None:
    video = container.add_stream("libx264", rate=10, width=64, height=64, pix_fmt="yuv420p")
    for number in range(round(10 * seconds)):
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 256, np.uint8), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 10)
        container.mux(video.encode(frame))
    container.mux(video.encode(None))


def opus_silence(hours: float) -> bytes:
    """Hours of silence as Opus with DTX, the smallest there is: packets of 120 ms with nothing in them.

    Muxed from packets, since to encode ten hours would take minutes.
    """
    # Code 1 of SILK's narrow band has two frames of 60 ms (RFC 6716, section 3.1); with no bytes, nothing was sent.
    packet = bytes([0x19])
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg", container_options={"page_duration": "60000000"}) as container:
        audio = container.add_stream("libopus", rate=48_000, layout="mono")
        assert isinstance(audio, AudioStream)
        audio.codec_context.open()
        for number in range(round(hours * 3600 / 0.12)):
            one = av.Packet(packet)
            one.stream, one.time_base = audio, Fraction(1, 48_000)
            one.pts = one.dts = number * 5_760
            one.duration = 5_760
            container.mux(one)
    return buffer.getvalue()
