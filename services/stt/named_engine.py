"""Writes the name of the engine that really serves into its transcripts."""

from __future__ import annotations

from dataclasses import replace

from services.command_phrases import Phrase
from services.stt.engine import Transcriber, Transcript, Transcription


class NamedEngine:
    """Wraps an engine and puts its name into the transcripts."""

    def __init__(self, engine: Transcriber, name: str) -> None:
        self._engine = engine
        self._name = name

    @property
    def threads(self) -> int:
        return self._engine.threads

    @property
    def uses_prompt(self) -> bool:
        return self._engine.uses_prompt

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> Transcription:
        return _NamedTranscription(self._engine.open(language, prompt, phrases, likely), self._name)


class _NamedTranscription:
    def __init__(self, transcription: Transcription, name: str) -> None:
        self._transcription = transcription
        self._name = name

    def push(self, pcm: bytes) -> str | None:
        return self._transcription.push(pcm)

    def finish(self) -> Transcript:
        return replace(self._transcription.finish(), engine=self._name)

    def close(self) -> None:
        self._transcription.close()
