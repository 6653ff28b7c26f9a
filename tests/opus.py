"""Decodes the Opus packets that a service made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.audio import OpusDecoder, Samples


def decode_packets(packets: Sequence[bytes]) -> Samples:
    """Decode all packets of a stream to 48 kHz samples."""
    decoder = OpusDecoder()
    return np.concatenate([decoder.decode(packet) for packet in packets] or [np.zeros(0, np.int16)])
