"""Converts sound between PCM bytes, samples, sample rates and Opus packets, for several services. Pure.

A sample index means the same instant everywhere: sample n of the input of `OpusEncoder` is sample n of the output of a
fresh decoder, so visemes and packets are placed by plain arithmetic.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from typing import TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.filter import Graph

from bus.errors import InvalidInput
from bus.events import OPUS_FRAME, SPEECH_RATE

Samples: TypeAlias = npt.NDArray[np.int16]
"""[n], mono."""

SILENCE = b"\xf8\xff\xfe"
"""An Opus packet of 20 ms of mono silence (RFC 6716: CELT full band, nothing coded)."""
ENCODER_DELAY = 312
"""Samples at 48 kHz by which libopus delays sound (its look-ahead, 6.5 ms); `OpusEncoder` compensates for it."""


def samples_from_pcm(pcm: bytes) -> Samples:
    """View mono s16 little endian as samples, without a copy.

    Raises:
        InvalidInput: the number of bytes is odd.
    """
    if len(pcm) % 2:
        raise InvalidInput(f"expected 16 bit samples, an even number of bytes, got {len(pcm)} bytes")
    return np.frombuffer(pcm, dtype="<i2")


def to_int16(samples: npt.ArrayLike) -> Samples:
    """Convert samples to int16; floating point ranges from -1 to 1 and is clipped beyond."""
    array = np.asarray(samples).reshape(-1)
    if array.dtype == np.int16:
        return array
    if np.issubdtype(array.dtype, np.floating):
        return np.clip(np.rint(array * 32767.0), -32768, 32767).astype(np.int16)
    raise InvalidInput(f"expected int16 or floating point samples, got {array.dtype}")


def rms(samples: Samples) -> float:
    """Root mean square, 0 to 1; 0 where there are no samples."""
    if not len(samples):
        return 0.0
    values = samples.astype(np.float32)
    return math.sqrt(float(np.dot(values, values)) / len(values)) / 32768.0


def packet_loudness(samples: Samples) -> list[float]:
    """The root mean square of each 20 ms of 48 kHz sound; the last 20 ms are padded with silence."""
    count = -(-len(samples) // OPUS_FRAME)
    padded = np.zeros(count * OPUS_FRAME, np.int16)
    padded[: len(samples)] = samples
    return [round(rms(block), 5) for block in padded.reshape(count, OPUS_FRAME)]


def _frame(samples: Samples, rate: int, position: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    frame.pts = position
    return frame


class Resampler:
    """Resamples one stream of sound. Output sample 0 is the instant of input sample 0.

    Args:
        source, target: samples per second.
    """

    def __init__(self, source: int, target: int) -> None:
        self.source = source
        self.target = target
        self._position = 0
        self._graph = None if source == target else _resampling(source, target)

    def push(self, samples: npt.ArrayLike) -> Samples:
        """Resample a block; returns the samples that are ready. Some milliseconds stay inside until the next block."""
        block = to_int16(samples)
        if self._graph is None:
            return block
        if not len(block):
            return np.zeros(0, np.int16)
        self._graph.push(_frame(block, self.source, self._position))
        self._position += len(block)
        return _ready(self._graph)

    def push_frames(self, frames: Iterable[AudioFrame]) -> Samples:
        """As `push`, for frames of mono s16 as FFmpeg has decoded them, which are not copied into Python and back."""
        if self._graph is None:
            return np.concatenate([np.zeros(0, np.int16), *(to_int16(frame.to_ndarray()) for frame in frames)])
        for frame in frames:
            frame.pts = self._position
            self._position += frame.samples
            self._graph.push(frame)
        return _ready(self._graph)

    def flush(self) -> Samples:
        """End the stream; returns the rest of its samples. The next `push` starts another stream."""
        if self._graph is None or not self._position:
            return np.zeros(0, np.int16)
        self._graph.push(None)
        rest = _ready(self._graph)
        self._position = 0
        self._graph = _resampling(self.source, self.target)
        return rest


def _resampling(source: int, target: int) -> Graph:
    """An FFmpeg filter graph that resamples mono s16. PyAV's `AudioResampler` is the same one with a thread for each
    core, which no resampling uses and which last as long as the object."""
    graph = Graph()
    graph.threads = 1
    time_base = f"1/{source}"
    entry = graph.add(
        "abuffer", sample_rate=str(source), sample_fmt="s16", channel_layout="mono", time_base=time_base
    )
    wanted = graph.add("aformat", sample_rates=str(target), sample_fmts="s16", channel_layouts="mono")
    graph.link_nodes(entry, wanted, graph.add("abuffersink")).configure()
    return graph


def _ready(graph: Graph) -> Samples:
    """Take the samples that a graph has ready."""
    blocks: list[Samples] = []
    with contextlib.suppress(BlockingIOError, EOFError):  # more input is needed; there will be no more
        while True:
            frame = graph.pull()
            assert isinstance(frame, AudioFrame)
            blocks.append(to_int16(frame.to_ndarray()))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def resample(samples: npt.ArrayLike, source: int, target: int) -> Samples:
    """Resample a whole recording."""
    resampler = Resampler(source, target)
    return np.concatenate([resampler.push(samples), resampler.flush()])


class OpusEncoder:
    """Encodes one stream of mono sound as Opus packets of 20 ms at 48 kHz.

    The delay of libopus is compensated for, so packet k decodes to samples 960 k to 960 (k + 1) of the input. The price
    is the first 6.5 ms of the input, which fade in from silence.

    Args:
        rate: of the input, which is resampled unless it is 48 kHz.
        bitrate: bits a second.
    """

    def __init__(self, rate: int = SPEECH_RATE, bitrate: int = 32_000) -> None:
        codec = av.CodecContext.create("libopus", "w")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate = SPEECH_RATE
        codec.format = "s16"
        codec.layout = "mono"
        codec.bit_rate = bitrate
        codec.options = {"application": "audio", "frame_duration": "20", "vbr": "on"}
        codec.open()
        self._codec = codec
        self._resampler = Resampler(rate, SPEECH_RATE)
        self._unencoded = np.zeros(0, np.int16)
        self._pushed = 0
        self._encoded = 0

    def push(self, samples: npt.ArrayLike) -> list[bytes]:
        """Encode a block; returns the packets that are complete."""
        return self._encode_block(self._resampler.push(samples))

    def flush(self) -> list[bytes]:
        """End the stream; returns its last packets, padded with silence: in all one for every 960 samples begun."""
        packets = self._encode_block(self._resampler.flush())
        missing = -(-self._pushed // OPUS_FRAME) * OPUS_FRAME - self._encoded - len(self._unencoded)
        if missing > 0:
            self._unencoded = np.concatenate([self._unencoded, np.zeros(missing, np.int16)])
            packets += self._encode_whole_packets()
        return packets

    def _encode_block(self, block: Samples) -> list[bytes]:
        skip = max(0, min(len(block), ENCODER_DELAY - self._pushed))
        self._pushed += len(block)
        self._unencoded = np.concatenate([self._unencoded, block[skip:]])
        return self._encode_whole_packets()

    def _encode_whole_packets(self) -> list[bytes]:
        packets: list[bytes] = []
        whole = len(self._unencoded) // OPUS_FRAME * OPUS_FRAME
        for start in range(0, whole, OPUS_FRAME):
            frame = _frame(self._unencoded[start : start + OPUS_FRAME], SPEECH_RATE, self._encoded)
            packets += [bytes(packet) for packet in self._codec.encode(frame)]
            self._encoded += OPUS_FRAME
        self._unencoded = self._unencoded[whole:]
        return packets


class OpusDecoder:
    """Decodes the Opus packets of one mono stream to 48 kHz samples."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate = SPEECH_RATE
        codec.format = "s16"
        codec.layout = "mono"
        self._codec = codec

    def decode(self, packet: bytes) -> Samples:
        """Decode one packet; one of 20 ms has 960 samples.

        Raises:
            InvalidInput: it is no Opus packet.
        """
        blocks = [to_int16(frame.to_ndarray()) for frame in self.frames(packet)]
        return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)

    def frames(self, packet: bytes) -> list[AudioFrame]:
        """Decode one packet, for `Resampler.push_frames`.

        Raises:
            InvalidInput: it is no Opus packet.
        """
        if not packet:  # to FFmpeg an empty packet is the end of the stream, after which it accepts none
            raise InvalidInput("expected an Opus packet, got 0 bytes")
        try:
            return self._codec.decode(av.Packet(packet))
        except (av.FFmpegError, ValueError) as error:
            raise InvalidInput(f"expected an Opus packet, got {len(packet)} bytes: {error}") from error
