"""German, Spanish, French and Italian with SVOX Pico, which runs in a process of its own (see `pico_process`).

Pico's voices are small and old, and much easier to understand than eSpeak NG's.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence

import numpy as np

from bus.errors import EngineError
from services.audio import samples_from_pcm
from services.helper_process import HelperProcess
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.engines.language_router import is_latin
from services.tts.engines.long_text import FADE, PAUSE, leading_silence, split_text, trim_and_fade
from services.tts.engines.pico_process import Request, Response
from services.tts.lips.estimator import VisemeEstimator

COMMAND = (sys.executable, "-m", "services.tts.engines.pico_process")
ENVIRONMENT = {"MALLOC_PERTURB_": "255", "GLIBC_TUNABLES": "glibc.malloc.perturb=255"}
"""The C library then gives zeros: Pico reads memory that it never wrote, and the same text would sound different."""
TIMEOUT = 5.0
"""Seconds for one part of a text, which normally takes a hundredth of a second."""
RATE = 16_000
MAX_PART = 200
"""Characters synthesised at once."""
VOICES = {"de": "de-DE", "es": "es-ES", "fr": "fr-FR", "it": "it-IT"}
"""One woman for each language. Pico's English ones are left out: hibari and flite are better."""
_MALE_PITCH = 0.72
_MAX_WORD = 30
"""Letters after which a word is split: Pico does not end with very long ones."""
_LONG_WORD = re.compile(rf"(\S{{{_MAX_WORD}}})(?=\S)")
_LONG_NUMBER = re.compile(rf"\b(?=\w{{{_MAX_WORD + 1}}})\w*(?:hundert|tausend)\w*")
_MARKUP = re.compile(r"[<>\\\x00-\x1f]")
"""Pico reads tags such as <speed> in the text."""


def why_unavailable() -> str | None:
    """The unmet requirement, as one sentence; None if it can run here."""
    if importlib.util.find_spec("py_nanotts") is None:
        return "the package py-nanotts is not installed"
    return None


class PicoEngine:
    """Speaks the languages of its voices; the fallback engine speaks all others.

    Args:
        visemes: estimates the visemes, which Pico does not tell.
        command: starts the process.
        timeout: seconds after which a process that does not respond is killed.
    """

    def __init__(
        self,
        visemes: VisemeEstimator,
        fallback: Synthesizer,
        command: Sequence[str] = COMMAND,
        timeout: float = TIMEOUT,
    ) -> None:
        self._visemes = visemes
        self._fallback = fallback
        self._process = HelperProcess("SVOX Pico", command, Response, timeout, ENVIRONMENT)

    @property
    def pid(self) -> int | None:
        """Of the process, if it runs."""
        return self._process.pid

    def voice_for(self, voice: Voice) -> str:
        name = _voice_name(voice)
        return f"pico/{name}" if name else self._fallback.voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        name = _voice_name(voice)
        if name is None or not is_latin(text):
            yield from self._fallback.speak(text, voice, seed)
            return
        pitch = min(max(voice.pitch, 0.7), 1.4) * (_MALE_PITCH if voice.name == "male" else 1.0)
        speed = min(max(voice.pace, 0.5), 2.0)
        estimate = self._visemes.open(text, voice, RATE)
        spoken = False
        for part in split_text(readable_text(text), MAX_PART):
            if not any(character.isalnum() for character in part):
                continue
            response = self._process.request(Request(text=part, voice=name, speed=speed, pitch=pitch))
            if response.error:
                raise EngineError(f"SVOX Pico failed on {len(part)} characters: {response.error}")
            sound = samples_from_pcm(response.pcm)
            trimmed = [*trim_and_fade(iter([sound[leading_silence(sound, RATE) :]]), round(FADE * RATE))]
            pause = [np.zeros(round(PAUSE * RATE), np.int16)] if spoken else []
            for samples in (*pause, *trimmed):
                spoken = True
                # In short pieces: the visemes of all would take longer than the sound.
                for start in range(0, len(samples), RATE // 4):
                    piece = samples[start : start + RATE // 4]
                    yield SpeechPiece(piece, RATE, estimate.push(piece))
        rest = np.zeros(0, np.int16)
        yield SpeechPiece(rest, RATE, estimate.push(rest, last=True))

    def close(self) -> None:
        """Kill the process."""
        self._process.close()


def _voice_name(voice: Voice) -> str | None:
    return VOICES.get(voice.language.lower().split("-")[0])


def readable_text(text: str) -> str:
    """The text without what Pico takes for markup, and without words that it cannot read."""
    return _LONG_WORD.sub(r"\1 ", _LONG_NUMBER.sub(_in_parts, _MARKUP.sub(" ", text)))


def _in_parts(number: re.Match[str]) -> str:
    """A long German number as several words, split where its parts meet."""
    return " ".join(
        part if len(part) <= _MAX_WORD else part.replace("hundert", "hundert ").strip()
        for part in number[0].replace("tausend", "tausend ").split()
    )
