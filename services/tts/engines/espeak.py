"""A hundred languages with eSpeak NG, which runs in a process of its own (see `espeak_process`)."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence

import msgspec

from bus.errors import EngineError
from services.audio import samples_from_pcm
from services.helper_process import HelperProcess
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines.espeak_process import Request, Response
from services.tts.engines.language_router import is_latin
from services.tts.lips.visemes import Phoneme, WeightedVisemes, ipa_visemes, viseme_marks

COMMAND = (sys.executable, "-m", "services.tts.engines.espeak_process")
TIMEOUT = 10.0
"""Seconds for one sentence, which normally takes a hundredth of a second."""

_LANGUAGES = {"en": "en-us", "en-gb": "en", "pt-br": "pt-br", "zh": "cmn", "no": "nb", "iw": "he"}
"""eSpeak NG's names that differ from the language subtag, by language or by language and country."""
_UNREADABLE = {"ja": re.compile("[\u3005-\u3007\u3400-\u9fff\uf900-\ufaff]"), "my": re.compile("[\u1000-\u109f]")}
"""What eSpeak NG does not read in a language of its own: it says "Chinese letter" for each."""
_VARIANTS = {"female": ("f5", 50, 100), "male": ("klatt4", 45, 80)}
"""Variant, pitch and volume (klatt4 clips at 100). Of eighteen variants, the recogniser understands these best: 78 and
95 of 100 letters; with the plain voice 63."""
_RATE = 160
"""Words a minute; the default of 175 sounds hurried."""


def why_unavailable() -> str | None:
    """The unmet requirement, as one sentence; None if eSpeak NG can run here."""
    if importlib.util.find_spec("espeakng_loader") is None:
        return "the package espeakng-loader is not installed (pip install 'visavis[espeak]')"
    return None


class EspeakEngine:
    """Starts the process at the first sentence, and again after it has died.

    Args:
        command: starts the process.
        timeout: seconds after which a process that does not respond is killed.
    """

    def __init__(self, command: Sequence[str] = COMMAND, timeout: float = TIMEOUT) -> None:
        self._process = HelperProcess("eSpeak NG", command, Response, timeout)

    @property
    def pid(self) -> int | None:
        """Of the process, if it runs."""
        return self._process.pid

    def voice_for(self, voice: Voice) -> str:
        request = _build_request("", voice, 0)
        return f"espeak/{request.voice}+{request.variant}"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        language = voice.language.lower().split("-")[0]
        if (unreadable := _UNREADABLE.get(language)) and unreadable.search(text):
            raise _no_voice(voice)
        response = self._process.request(_build_request(text, voice, seed))
        if response.error and not response.retryable and voice.language != "en":
            if not is_latin(text):
                raise _no_voice(voice)  # the names of its letters would be said
            # An unsupported language in the Latin alphabet is read like English, which is better than silence.
            response = self._process.request(_build_request(text, Voice(voice.name, voice.pitch, voice.pace), seed))
        if response.error:
            raise EngineError(response.error, retryable=response.retryable)
        samples = samples_from_pcm(response.pcm)
        yield SpeechPiece(samples, response.rate, viseme_marks(_with_ends(response.phonemes, len(samples))))

    def ipa(self, text: str, language: str) -> str:
        """The text in IPA, see `espeak_process.Response.ipa`.

        Raises:
            EngineError: the language is not supported, or the process failed.
        """
        plain = _build_request(text, Voice(language=language), 0)
        response = self._process.request(msgspec.structs.replace(plain, variant="", silent=True))
        if response.error:
            raise EngineError(response.error, retryable=response.retryable)
        return response.ipa

    def close(self) -> None:
        """Kill the process."""
        self._process.close()


def _no_voice(voice: Voice) -> EngineError:
    return EngineError(f"no voice here speaks the language {voice.language!r}", code="no_voice")


def _build_request(text: str, voice: Voice, seed: int) -> Request:
    tag = voice.language.lower()
    name = _LANGUAGES.get(tag, _LANGUAGES.get(tag.split("-")[0], tag.split("-")[0]))
    variant, pitch, volume = _VARIANTS.get(voice.name, _VARIANTS["female"])
    return Request(
        text=text,
        voice=name,
        variant=variant,
        # eSpeak NG's pitch runs from 0 to 99 over about two octaves around 50.
        pitch=min(max(round(pitch + 50 * (voice.pitch - 1)), 0), 99),
        rate=min(max(round(_RATE * voice.pace), 80), 300),
        volume=volume,
        seed=seed & 0x7FFFFFFF,
    )


def _with_ends(phonemes: Sequence[tuple[str, int]], end: int) -> Iterator[tuple[Phoneme, WeightedVisemes]]:
    """Phonemes with their visemes; each phoneme ends at the start of the next one."""
    starts = [start for _, start in phonemes[1:]]
    for (name, start), stop in zip(phonemes, [*starts, end], strict=True):
        yield Phoneme(name, start, stop), ipa_visemes(name)
