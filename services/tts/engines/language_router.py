"""Each language to the engine that speaks it best."""

from __future__ import annotations

from collections.abc import Iterator

from services.tts.engine import SpeechPiece, Synthesizer, Voice


class LanguageRouter:
    """English that can be spelt in ASCII to one engine, everything else to the other."""

    def __init__(self, english: Synthesizer, others: Synthesizer) -> None:
        self._english = english
        self._others = others

    def voice_for(self, voice: Voice) -> str:
        return (self._english if voice.is_english else self._others).voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        plain = voice.is_english and not any(character.isalpha() and character > "\u024f" for character in text)
        return (self._english if plain else self._others).speak(text, voice, seed)
