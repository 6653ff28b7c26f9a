"""A voice that hums: a tone for each letter, lower for a man."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bus.events import VisemeMark
from bus.settings import Settings
from services.tts.engine import SpeechPiece, Voice

RATE = 16_000
LETTER = RATE // 12


class Humming:
    """Synthesizer: text to sound and visemes."""

    def voice_for(self, voice: Voice) -> str:
        return "humming/low" if voice.name == "male" else "humming/high"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        base = (110 if voice.name == "male" else 220) * voice.pitch
        length = round(LETTER / voice.pace)
        for place, letter in enumerate(text.lower()):
            hertz = base * 2 ** (ord(letter) % 12 / 12) if letter.isalnum() else 0
            wave = 8000 * np.sin(2 * np.pi * hertz * np.arange(length) / RATE) * np.hanning(length)
            mark = VisemeMark(sample=place * length, viseme="aa" if hertz else "sil")
            yield SpeechPiece(wave.astype(np.int16), RATE, (mark,))


def load(settings: Settings) -> Humming:
    return Humming()
