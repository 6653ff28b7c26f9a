"""Sound as numbers and as Opus: what more than one service does with it. Pure: no clock, no sockets.

Everywhere a sample index means the same instant: sample n of what goes into `OpusEncoder` is sample n of what a fresh
decoder gives back, so lip shapes and packets are placed by plain arithmetic.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from bus.errors import InvalidInput
from bus.events import OPUS_FRAME, SPEECH_RATE

Samples: TypeAlias = npt.NDArray[np.int16]
"""[n], mono."""

SILENCE = b"\xf8\xff\xfe"
"""An Opus packet of 20 ms of mono silence (RFC 6716: CELT full band, and nothing coded)."""
ENCODER_DELAY = 312
"""Samples at 48 kHz by which libopus answers late (its look-ahead, 6.5 ms); `OpusEncoder` takes it away again."""


def samples_from_pcm(pcm: bytes) -> Samples:
    """The samples in bytes of mono s16 little endian, without a copy.

    Raises:
        InvalidInput: half a sample is left over.
    """
    if len(pcm) % 2:
        raise InvalidInput(f"expected 16 bit samples, an even number of bytes, got {len(pcm)} bytes")
    return np.frombuffer(pcm, dtype="<i2")


def to_int16(samples: npt.ArrayLike) -> Samples:
    """Samples as int16. Floating point is taken as -1 to 1; what is beyond is clipped."""
    array = np.asarray(samples).reshape(-1)
    if array.dtype == np.int16:
        return array
    if np.issubdtype(array.dtype, np.floating):
        return np.clip(np.rint(array * 32767.0), -32768, 32767).astype(np.int16)
    raise InvalidInput(f"expected int16 or floating point samples, got {array.dtype}")


def rms(samples: Samples) -> float:
    """Root mean square, 0 to 1; 0 of nothing."""
    if not len(samples):
        return 0.0
    return math.sqrt(float(np.mean(np.square(samples.astype(np.float32))))) / 32768.0


def packet_loudness(samples: Samples) -> list[float]:
    """The root mean square of every 20 ms of 48 kHz sound, the last one filled up with silence."""
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
    """One stream of sound from one rate to another. Output sample 0 is the instant of input sample 0.

    Args:
        source, target: samples per second.
    """

    def __init__(self, source: int, target: int) -> None:
        self.source = source
        self.target = target
        self._position = 0
        self._resampler = None if source == target else AudioResampler("s16", "mono", target)

    def push(self, samples: npt.ArrayLike) -> Samples:
        """What is ready; some milliseconds stay inside until more comes or `flush`."""
        block = to_int16(samples)
        if self._resampler is None:
            return block
        if not len(block):
            return np.zeros(0, np.int16)
        frame = _frame(block, self.source, self._position)
        self._position += len(block)
        return self._joined(self._resampler.resample(frame))

    def flush(self) -> Samples:
        """The rest. The resampler is at its beginning again: the next `push` starts another stream."""
        if self._resampler is None or not self._position:
            return np.zeros(0, np.int16)
        rest = self._joined(self._resampler.resample(None))
        self._position = 0
        self._resampler = AudioResampler("s16", "mono", self.target)
        return rest

    @staticmethod
    def _joined(frames: list[AudioFrame]) -> Samples:
        blocks = [frame.to_ndarray().reshape(-1) for frame in frames]
        return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def resample(samples: npt.ArrayLike, source: int, target: int) -> Samples:
    """A whole recording at another rate."""
    resampler = Resampler(source, target)
    return np.concatenate([resampler.push(samples), resampler.flush()])


class OpusEncoder:
    """Mono sound to Opus packets of 20 ms at 48 kHz, for one stream.

    The encoder's own delay is taken away, so packet k decodes to samples 960 k to 960 (k + 1) of the input. The first
    6.5 ms of the input are given up for that; they fade in from silence.

    Args:
        rate: of the samples pushed; they are resampled where it is not 48 kHz.
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
        self._waiting = np.zeros(0, np.int16)
        self._taken = 0
        self._encoded = 0

    def push(self, samples: npt.ArrayLike) -> list[bytes]:
        """The packets that are complete."""
        return self._take(self._resampler.push(samples))

    def flush(self) -> list[bytes]:
        """The last packets, filled up with silence: one for every 960 samples begun. The stream is over."""
        packets = self._take(self._resampler.flush())
        missing = -(-self._taken // OPUS_FRAME) * OPUS_FRAME - self._encoded - len(self._waiting)
        if missing > 0:
            self._waiting = np.concatenate([self._waiting, np.zeros(missing, np.int16)])
            packets += self._encode()
        return packets

    def _take(self, block: Samples) -> list[bytes]:
        skip = max(0, min(len(block), ENCODER_DELAY - self._taken))
        self._taken += len(block)
        self._waiting = np.concatenate([self._waiting, block[skip:]])
        return self._encode()

    def _encode(self) -> list[bytes]:
        packets: list[bytes] = []
        whole = len(self._waiting) // OPUS_FRAME * OPUS_FRAME
        for start in range(0, whole, OPUS_FRAME):
            frame = _frame(self._waiting[start : start + OPUS_FRAME], SPEECH_RATE, self._encoded)
            packets += [bytes(packet) for packet in self._codec.encode(frame)]
            self._encoded += OPUS_FRAME
        self._waiting = self._waiting[whole:]
        return packets


class OpusDecoder:
    """Opus packets of one mono stream to 48 kHz samples."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate = SPEECH_RATE
        codec.format = "s16"
        codec.layout = "mono"
        self._codec = codec

    def decode(self, packet: bytes) -> Samples:
        """The samples of one packet, 960 for one of 20 ms.

        Raises:
            InvalidInput: it is no Opus packet.
        """
        if not packet:  # to FFmpeg the end of the stream, after which it takes nothing more
            raise InvalidInput("expected an Opus packet, got 0 bytes")
        try:
            frames = self._codec.decode(av.Packet(packet))
        except (av.FFmpegError, ValueError) as error:
            raise InvalidInput(f"expected an Opus packet, got {len(packet)} bytes: {error}") from error
        blocks = [to_int16(frame.to_ndarray()) for frame in frames]
        return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def decode_packets(packets: list[bytes] | tuple[bytes, ...]) -> Samples:
    """All samples of a stream of packets at 48 kHz."""
    decoder = OpusDecoder()
    return np.concatenate([decoder.decode(packet) for packet in packets] or [np.zeros(0, np.int16)])
