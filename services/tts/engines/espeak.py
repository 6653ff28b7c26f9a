"""A hundred languages with eSpeak NG, which runs in a process of its own (see `espeak_process`)."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import msgspec

from bus.errors import EngineError
from services.audio import samples_from_pcm
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines.espeak_process import Request, Response, read_message, write_message
from services.tts.lips.visemes import Phoneme, WeightedVisemes, ipa_visemes, viseme_marks

COMMAND = (sys.executable, "-m", "services.tts.engines.espeak_process")
TIMEOUT = 10.0
"""Seconds for one sentence, which normally takes a hundredth of a second."""

_LANGUAGES = {"en": "en-us", "zh": "cmn", "no": "nb", "iw": "he", "fr": "fr-fr"}
"""eSpeak NG's names that differ from the language subtag."""
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
        self._command = command
        self._timeout = timeout
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._responses = msgspec.msgpack.Decoder(Response)

    @property
    def pid(self) -> int | None:
        """Of the process, if it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def voice_for(self, voice: Voice) -> str:
        request = _build_request("", voice, 0)
        return f"espeak/{request.voice}+{request.variant}"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        response = self._request(_build_request(text, voice, seed))
        if response.error and not response.retryable and voice.language != "en":
            # An unsupported language is read like English, which is better than silence.
            response = self._request(_build_request(text, Voice(voice.name, voice.pitch, voice.pace), seed))
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
        response = self._request(msgspec.structs.replace(plain, variant="", silent=True))
        if response.error:
            raise EngineError(response.error, retryable=response.retryable)
        return response.ipa

    def close(self) -> None:
        """Kill the process."""
        with self._lock:
            self._kill()

    def _request(self, request: Request) -> Response:
        with self._lock:
            process = self._running_process()
            assert process.stdin is not None
            assert process.stdout is not None
            watchdog = threading.Timer(self._timeout, process.kill)
            watchdog.start()
            try:
                write_message(process.stdin, msgspec.msgpack.encode(request))  # type: ignore[arg-type]  # IO[bytes] has all that BinaryIO needs here
                data = read_message(process.stdout)  # type: ignore[arg-type]
                response = None if data is None else self._responses.decode(data)
            except (OSError, msgspec.DecodeError) as error:
                self._kill()
                raise EngineError(f"the eSpeak NG process broke off: {error}", retryable=True) from error
            finally:
                watchdog.cancel()
            if response is None:
                status = self._kill()
                raise EngineError(f"the eSpeak NG process ended with status {status}", retryable=True)
            return response

    def _running_process(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._kill()
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._process

    def _kill(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:  # its buffer still held part of a request
                continue
        return process.wait()


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
