"""Routes each text to the engine that speaks its language best."""

from __future__ import annotations

from collections.abc import Iterator

from services.tts.engine import SpeechPiece, Synthesizer, Voice


def is_latin(text: str) -> bool:
    """Whether all letters of a text are Latin ones."""
    return not any(character.isalpha() and character > "\u024f" for character in text)


class LanguageRouter:
    """Routes English in the Latin alphabet to one engine, everything else to another."""

    def __init__(self, english: Synthesizer, others: Synthesizer) -> None:
        self._english = english
        self._others = others

    def voice_for(self, voice: Voice) -> str:
        return (self._english if voice.is_english else self._others).voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        english = voice.is_english and is_latin(text)
        return (self._english if english else self._others).speak(text, voice, seed)
