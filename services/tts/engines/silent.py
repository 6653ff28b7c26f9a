"""The fallback if no engine is installed: every sentence fails and stays text."""

from __future__ import annotations

from collections.abc import Iterator

from bus.errors import EngineError
from services.tts.engine import SpeechPiece, Voice


class SilentEngine:
    def voice_for(self, voice: Voice) -> str:
        return "none"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        raise EngineError(f"there is no voice here yet that speaks {voice.language}", code="no_voice")
