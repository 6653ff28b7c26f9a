"""Turns the RTP packets of a browser's microphone into 16 kHz sound without gaps. Pure."""

from __future__ import annotations

import logging

from bus.errors import InvalidInput
from bus.events import MICROPHONE_RATE, SPEECH_RATE
from services.audio import OpusDecoder, Resampler
from services.gateway.listening.reorder_buffer import LATE_RUN, ReorderBuffer

log = logging.getLogger(__name__)

MAX_GAP = SPEECH_RATE
"""Samples at 48 kHz (1 s); a longer gap in the timestamps is a pause of the sender, not lost packets."""


class OpusReceiver:
    """The receiving end of one Opus stream: reorders, decodes and resamples its packets.

    A sender that starts again, with another headset say, takes another SSRC; its packets are a new stream.
    """

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._former_ssrc: int | None = None
        """That of the stream before, whose last packets may come late."""
        self._late_packets = 0
        """Packets of the stream before, since the last one of this stream."""
        self.restart()

    def restart(self) -> None:
        """Begin a new stream with the next packet, whatever its sequence number and timestamp."""
        self._reorder_buffer = ReorderBuffer()
        self._decoder = OpusDecoder()
        self._resampler = Resampler(SPEECH_RATE, MICROPHONE_RATE)
        self._next_timestamp: int | None = None

    def push(self, sequence: int, timestamp: int, payload: bytes, ssrc: int = 0) -> bytes:
        """Take an RTP packet as it came from the network.

        Args:
            ssrc: of the stream that the packet belongs to.
        Returns:
            16 kHz mono s16, with silence in place of lost packets so that later sound keeps its position; empty while
            an earlier packet is waited for.
        """
        if ssrc == self._ssrc:
            self._late_packets = 0
        elif not self._changes_to(ssrc):
            return b""
        return b"".join(self._pcm(*packet) for packet in self._reorder_buffer.push(sequence, timestamp, payload))

    def _changes_to(self, ssrc: int) -> bool:
        """Begin the stream of another SSRC; returns False for a late packet of the stream before."""
        if ssrc == self._former_ssrc:
            self._late_packets += 1
            if self._late_packets < LATE_RUN:
                return False
        if self._ssrc is not None:
            self.restart()
        self._ssrc, self._former_ssrc, self._late_packets = ssrc, self._ssrc, 0
        return True

    def _pcm(self, timestamp: int, payload: bytes) -> bytes:
        silence = self._silence_before(timestamp)
        self._next_timestamp = timestamp
        try:
            frames = self._decoder.frames(payload)
        except InvalidInput as error:
            log.debug("undecodable packet", extra={"why": error.detail})
            return silence
        self._next_timestamp = (timestamp + sum(frame.samples for frame in frames)) & 0xFFFFFFFF
        return silence + self._resampler.push_frames(frames).tobytes()

    def _silence_before(self, timestamp: int) -> bytes:
        if self._next_timestamp is None:
            return b""
        gap = (timestamp - self._next_timestamp) & 0xFFFFFFFF
        return bytes(2 * (gap * MICROPHONE_RATE // SPEECH_RATE)) if gap <= MAX_GAP else b""
