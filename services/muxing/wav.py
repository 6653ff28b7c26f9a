"""Writes sound as a WAV file, which every browser plays and seeks in."""

from __future__ import annotations

import io
import wave


def write_wav(pcm: bytes, rate: int) -> bytes:
    """The file with this sound.

    Args:
        pcm: mono, signed 16 bit, little endian.
        rate: samples per second.
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()
