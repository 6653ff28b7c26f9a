"""Turns the RTP packets of a browser's microphone into 16 kHz sound without gaps. Pure."""

from __future__ import annotations

import logging

from bus.errors import InvalidInput
from bus.events import MICROPHONE_RATE, SPEECH_RATE
from services.audio import OpusDecoder, Resampler
from services.gateway.listening.reorder_buffer import ReorderBuffer

log = logging.getLogger(__name__)

MAX_GAP = SPEECH_RATE
"""Samples at 48 kHz (1 s); a longer gap in the timestamps is a pause of the sender, not lost packets."""


class OpusReceiver:
    """The receiving end of one Opus stream: reorders, decodes and resamples its packets."""

    def __init__(self) -> None:
        self._reorder_buffer = ReorderBuffer()
        self._decoder = OpusDecoder()
        self._resampler = Resampler(SPEECH_RATE, MICROPHONE_RATE)
        self._next_timestamp: int | None = None

    def push(self, sequence: int, timestamp: int, payload: bytes) -> bytes:
        """Take an RTP packet as it came from the network.

        Returns:
            16 kHz mono s16, with silence in place of lost packets so that later sound keeps its position; empty while
            an earlier packet is waited for.
        """
        return b"".join(self._pcm(*packet) for packet in self._reorder_buffer.push(sequence, timestamp, payload))

    def _pcm(self, timestamp: int, payload: bytes) -> bytes:
        silence = self._silence_before(timestamp)
        self._next_timestamp = timestamp
        try:
            samples = self._decoder.decode(payload)
        except InvalidInput as error:
            log.debug("undecodable packet", extra={"why": error.detail})
            return silence
        self._next_timestamp = (timestamp + len(samples)) & 0xFFFFFFFF
        return silence + self._resampler.push(samples).tobytes()

    def _silence_before(self, timestamp: int) -> bytes:
        if self._next_timestamp is None:
            return b""
        gap = (timestamp - self._next_timestamp) & 0xFFFFFFFF
        return bytes(2 * (gap * MICROPHONE_RATE // SPEECH_RATE)) if gap <= MAX_GAP else b""
