"""English with the natural voices of flite (CMU Arctic): in this process, streamed during synthesis."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from services.audio import Samples
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines.flite_library import FliteVoice
from services.tts.lips.visemes import Phoneme, arpabet_visemes, viseme_marks
from services.tts.text.ascii_english import to_ascii_english


@dataclass(frozen=True)
class _FliteVoiceInfo:
    name: str
    has_pitch: bool = True
    """Whether flite can set the pitch; otherwise a higher sample rate with slower speech raises it."""


_VOICES = {
    "female": _FliteVoiceInfo("slt"),
    "male": _FliteVoiceInfo("rms", has_pitch=False),
    "slt": _FliteVoiceInfo("slt"),
    "rms": _FliteVoiceInfo("rms", has_pitch=False),
    "awb": _FliteVoiceInfo("awb"),
    "kal16": _FliteVoiceInfo("kal16"),
}


class FliteEngine:
    """Speaks English only; letters outside ASCII lose their accents."""

    def __init__(self) -> None:
        # flite keeps its state in the voices: one text at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="flite")
        self._voices: dict[str, FliteVoice] = {info.name: FliteVoice(info.name) for info in _VOICES.values()}

    def voice_for(self, voice: Voice) -> str:
        return f"flite/{_info(voice).name}"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        plain = to_ascii_english(text)
        if not any(character.isalnum() for character in plain):
            return
        info = _info(voice)
        pitch = min(max(voice.pitch, 0.75), 1.35)
        pace = min(max(voice.pace, 0.6), 1.7)
        pieces: queue.SimpleQueue[SpeechPiece | BaseException | None] = queue.SimpleQueue()
        stopped = False

        def on_audio(samples: Samples, rate: int, phonemes: list[Phoneme]) -> bool:
            playback_rate = rate if info.has_pitch else round(rate * pitch)
            visemes = viseme_marks((phoneme, arpabet_visemes(phoneme.name)) for phoneme in phonemes)
            pieces.put(SpeechPiece(samples, playback_rate, visemes))
            return not stopped

        def synthesise() -> None:
            if not stopped:
                duration_stretch = 1 / pace if info.has_pitch else pitch / pace
                f0_shift = pitch if info.has_pitch else 1.0
                self._voices[info.name].speak(plain, duration_stretch, f0_shift, seed, on_audio)

        job = self._thread.submit(synthesise)
        job.add_done_callback(lambda done: pieces.put(done.exception()))
        try:
            while (piece := pieces.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            stopped = True


def _info(voice: Voice) -> _FliteVoiceInfo:
    return _VOICES.get(voice.name, _VOICES["female"])
