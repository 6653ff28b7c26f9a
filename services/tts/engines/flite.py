"""English with the natural voices of flite (CMU Arctic), in this process, heard while they are made."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from services.audio import Samples
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines.flite_library import FliteVoice
from services.tts.lips.visemes import Phoneme, arpabet_visemes, viseme_marks
from services.tts.spoken_form import to_ascii_english


@dataclass(frozen=True)
class _Kind:
    name: str
    shifts: bool = True
    """Whether its pitch can be set; otherwise it is played faster and spoken slower, which makes a smaller person."""


_KINDS = {
    "female": _Kind("slt"),
    "male": _Kind("rms", shifts=False),
    "slt": _Kind("slt"),
    "rms": _Kind("rms", shifts=False),
    "awb": _Kind("awb"),
    "kal16": _Kind("kal16"),
}


class FliteEngine:
    """Speaks English only; letters beyond ASCII are spelt without their accents."""

    def __init__(self) -> None:
        # flite keeps what it is doing in its voices: one text at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="flite")
        self._voices: dict[str, FliteVoice] = {kind.name: FliteVoice(kind.name) for kind in _KINDS.values()}

    def voice_for(self, voice: Voice) -> str:
        return f"flite/{_kind(voice).name}"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        plain = to_ascii_english(text)
        if not any(character.isalnum() for character in plain):
            return
        kind = _kind(voice)
        pitch = min(max(voice.pitch, 0.75), 1.35)
        pace = min(max(voice.pace, 0.6), 1.7)
        pieces: queue.SimpleQueue[SpeechPiece | BaseException | None] = queue.SimpleQueue()
        stopped = False

        def on_sound(samples: Samples, rate: int, phonemes: list[Phoneme]) -> bool:
            played = rate if kind.shifts else round(rate * pitch)
            shapes = viseme_marks((phoneme, arpabet_visemes(phoneme.name)) for phoneme in phonemes)
            pieces.put(SpeechPiece(samples, played, shapes))
            return not stopped

        def work() -> None:
            if not stopped:
                stretch = 1 / pace if kind.shifts else pitch / pace
                shift = pitch if kind.shifts else 1.0
                self._voices[kind.name].speak(plain, stretch, shift, seed, on_sound)

        job = self._thread.submit(work)
        job.add_done_callback(lambda done: pieces.put(done.exception()))
        try:
            while (piece := pieces.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            stopped = True


def _kind(voice: Voice) -> _Kind:
    return _KINDS.get(voice.name, _KINDS["female"])
