"""Decodes recordings that strangers sent, in a process of its own.

The process reads requests from standard input and writes one response for each to standard output, as msgpack messages
with a length prefix (`services.helper_process`). It ends when its standard input does.

Each recording is decoded in a fork of the freshly started process, which has limits of its own on memory, processor
time, time and files: what kills it, or takes it over, meets no other person's recording. Neither the declared length of
a recording nor its declared positions count, only the samples that come out of it.
"""

from __future__ import annotations

import functools
import io
import signal
import sys
from collections.abc import Iterator
from typing import Literal, TypeAlias

import av
import msgspec
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from bus.events import MICROPHONE_RATE
from services.helper_process import read_message, write_message
from services.limited_fork import Limits, run_in_fork

Problem: TypeAlias = Literal["unreadable", "too_long", "no_sound"]

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"OggS", "ogg"),
    (4, b"ftyp", "mov"),
    (0, b"#!AMR", "amr"),
    (0, b"ID3", "mp3"),
    (0, b"fLaC", "flac"),
    (8, b"WAVE", "wav"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
)
"""Where a file of a format has which bytes, and the name of FFmpeg's demuxer for it. MP3 and AAC without a header are
told apart by `_frame_format`."""
DECODERS = (
    "opus", "libopus", "vorbis", "mp3", "mp3float", "aac", "alac", "amrnb", "amrwb", "libopencore_amrnb",
    "libopencore_amrwb", "flac", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le",
    "pcm_f64le",
)  # fmt: skip
"""No other one is opened, not even for a moment: a video's picture and cover art stay closed."""
RATES = range(4_000, 192_001)
"""Samples per second of recordings. A file may claim any number; from one sample a second a minute of sound would
become a day's."""
MAX_CHANNELS = 8
MAX_DAMAGED = 1_000
"""Packets that cannot be decoded, after which no more are tried."""
SPARE_MEMORY = 256 << 20
"""Bytes of address space that a fork may take beside what it decodes to."""
REAL_TIME_FACTOR = 20
"""Sound is decoded at least that many times as fast as it plays, some hundred times as a rule."""
SPARE_SECONDS = 5


class Request(msgspec.Struct, frozen=True, kw_only=True):
    data: bytes
    seconds: int
    """The longest recording that is taken."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    pcm: bytes = b""
    """16 kHz mono s16."""
    problem: Problem | None = None
    detail: str = ""


class Rejected(Exception):
    """A recording is not taken."""

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail)
        self.problem: Problem = problem
        self.detail = detail


def processor_seconds(seconds: int) -> int:
    """The most time that recordings of up to so many seconds are decoded for."""
    return SPARE_SECONDS + seconds // REAL_TIME_FACTOR


def decode(data: bytes, seconds: int) -> bytes:
    """The sound of a recording as 16 kHz mono s16: what can be read of it where it is damaged.

    Raises:
        Rejected: it is no recording, has no sound, or lasts longer than so many seconds.
    """
    most = 2 * MICROPHONE_RATE * seconds
    pcm = bytearray()
    try:
        with _open(data) as container:
            resampler = _Resampler()
            for frame in _frames(container, _sound(container)):
                pcm += resampler.push(frame)
                if len(pcm) > most:
                    raise Rejected("too_long", f"it lasts longer than {seconds} s")
            pcm += resampler.flush()
    except (av.FFmpegError, ValueError, MemoryError) as error:
        raise Rejected("unreadable", f"FFmpeg gave up: {type(error).__name__}") from error
    if len(pcm) > most:
        raise Rejected("too_long", f"it lasts longer than {seconds} s")
    if not pcm:
        raise Rejected("unreadable", "nothing in it could be decoded")
    return bytes(pcm)


def _open(data: bytes) -> InputContainer:
    format = next((name for at, bytes_, name in SIGNATURES if data.startswith(bytes_, at)), _frame_format(data))
    if not format:
        raise Rejected("unreadable", f"expected a recording, got {len(data)} bytes of another kind")
    options = {"protocol_whitelist": "", "codec_whitelist": ",".join(DECODERS)}
    return av.open(io.BytesIO(data), "r", format=format, options=options)


def _frame_format(data: bytes) -> str:
    """MP3 and AAC as a bare row of frames: both begin with the same bits, and differ in the layer."""
    if len(data) < 2 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return ""
    return "mp3" if data[1] & 0x06 else "aac"


def _sound(container: InputContainer) -> AudioStream:
    """The first audio stream."""
    for stream in container.streams.audio:
        if stream.codec_context is not None and stream.codec_context.codec.name in DECODERS:
            stream.codec_context.thread_count = 1
            return stream
    raise Rejected("no_sound", "there is no sound in it that can be read")


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """The sound as it is decoded; damaged packets are left out, and a damaged file ends where it breaks off."""
    decoder = _decoder(stream)
    packets = container.demux(stream)
    damaged = 0
    while damaged < MAX_DAMAGED:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            return
        if packet is None:
            return
        try:
            yield from decoder.decode(packet)
        except av.FFmpegError:
            damaged += 1


def _decoder(stream: AudioStream) -> AudioCodecContext:
    """Of the stream; AMR by another library than FFmpeg's own, which leaves out the silence between words (DTX)."""
    if stream.codec_context.codec.canonical_name != "amr_nb":
        return stream.codec_context
    decoder = av.CodecContext.create("libopencore_amrnb", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate, decoder.layout = stream.codec_context.sample_rate, stream.codec_context.layout
    return decoder


class _Resampler:
    """Converts frames to 16 kHz mono, also where the sound changes its rate or its channels on the way."""

    def __init__(self) -> None:
        self._kind: tuple[str, str, int] | None = None
        self._resampler = AudioResampler("s16", "mono", MICROPHONE_RATE)

    def push(self, frame: AudioFrame) -> bytes:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        rest = b""
        if kind != self._kind:
            if frame.sample_rate not in RATES:
                raise Rejected("unreadable", f"expected 4000 to 192000 samples a second, got {frame.sample_rate}")
            if frame.layout.nb_channels > MAX_CHANNELS:
                raise Rejected(
                    "unreadable", f"expected at most {MAX_CHANNELS} channels, got {frame.layout.nb_channels}"
                )
            rest, self._kind = self.flush(), kind
        frame.pts = None  # positions are declared ones
        return rest + _pcm(self._resampler.resample(frame))

    def flush(self) -> bytes:
        """End the sound of this kind; returns the rest of it."""
        if self._kind is None:
            return b""
        resampler, self._resampler = self._resampler, AudioResampler("s16", "mono", MICROPHONE_RATE)
        self._kind = None
        return _pcm(resampler.resample(None))


def _pcm(frames: list[AudioFrame]) -> bytes:
    return b"".join(bytes(frame.planes[0])[: 2 * frame.samples] for frame in frames)


def respond(request: Request) -> Response:
    try:
        return Response(pcm=decode(request.data, request.seconds))
    except Rejected as rejected:
        return Response(problem=rejected.problem, detail=rejected.detail)


def respond_in_fork(request: Request) -> bytes:
    """The encoded response, made in a fork; if that dies, that the recording cannot be read."""
    result = run_in_fork(lambda: msgspec.msgpack.encode(respond(request)), limits(request.seconds))
    if isinstance(result, bytes):
        return result
    detail = f"its decoder died with status {result.status}"
    return msgspec.msgpack.encode(Response(problem="unreadable", detail=detail))


def limits(seconds: int) -> Limits:
    """Of a process that decodes recordings of up to so many seconds."""
    processor = processor_seconds(seconds)
    memory = SPARE_MEMORY + 3 * 2 * MICROPHONE_RATE * seconds
    return Limits(memory, processor, 2 * processor)


def main() -> int:
    # Ctrl-C is for the service, which ends this process by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = msgspec.msgpack.Decoder(Request)
    for data in iter(functools.partial(read_message, sys.stdin.buffer), None):
        write_message(sys.stdout.buffer, respond_in_fork(requests.decode(data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
