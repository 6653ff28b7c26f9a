"""Any of a hundred languages with eSpeak NG, which runs in a process of its own (see `espeak_process`)."""

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
PATIENCE = 10.0
"""Seconds that one sentence may take; it needs a hundredth of one."""

_LANGUAGES = {"en": "en-us", "zh": "cmn", "no": "nb", "iw": "he", "fr": "fr-fr"}
"""Where eSpeak NG's name is not the tag's own first part."""
_VARIANTS = {"female": ("f5", 50, 100), "male": ("klatt4", 45, 80)}
"""Variant, pitch and volume (at 100 klatt4 is clipped). Of eighteen variants these are the ones in which our recogniser
understands most letters: 78 and 95 of 100; the plain voice has 63."""
_RATE = 160
"""Words a minute; its own 175 are a hurry."""


def why_unavailable() -> str | None:
    """What is missing for it here, as one sentence."""
    if importlib.util.find_spec("espeakng_loader") is None:
        return "the package espeakng-loader is not installed (pip install 'visavis[espeak]')"
    return None


class EspeakEngine:
    """Starts the process at the first sentence, and again after it died.

    Args:
        command: that runs the process.
        patience: seconds after which a process that does not answer is ended.
    """

    def __init__(self, command: Sequence[str] = COMMAND, patience: float = PATIENCE) -> None:
        self._command = command
        self._patience = patience
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers = msgspec.msgpack.Decoder(Response)

    @property
    def pid(self) -> int | None:
        """Of the process, where one runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def voice_for(self, voice: Voice) -> str:
        request = _request("", voice, 0)
        return f"espeak/{request.voice}+{request.variant}"

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        answer = self._ask(_request(text, voice, seed))
        if answer.error and not answer.retryable and voice.language != "en":
            # A language that it does not know is read like English: better than no voice at all.
            answer = self._ask(_request(text, Voice(voice.name, voice.pitch, voice.pace), seed))
        if answer.error:
            raise EngineError(answer.error, retryable=answer.retryable)
        samples = samples_from_pcm(answer.pcm)
        yield SpeechPiece(samples, answer.rate, viseme_marks(_timed(answer.phonemes, len(samples))))

    def ipa(self, text: str, language: str) -> str:
        """The text in IPA, see `espeak_process.Answer.ipa`.

        Raises:
            EngineError: it does not know the language, or the process broke off.
        """
        plain = _request(text, Voice(language=language), 0)
        answer = self._ask(msgspec.structs.replace(plain, variant="", silent=True))
        if answer.error:
            raise EngineError(answer.error, retryable=answer.retryable)
        return answer.ipa

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, request: Request) -> Response:
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            watchdog = threading.Timer(self._patience, process.kill)
            watchdog.start()
            try:
                write_message(process.stdin, msgspec.msgpack.encode(request))  # type: ignore[arg-type]  # IO[bytes] has what BinaryIO needs here
                data = read_message(process.stdout)  # type: ignore[arg-type]
                answer = None if data is None else self._answers.decode(data)
            except (OSError, msgspec.DecodeError) as error:
                self._end()
                raise EngineError(f"the eSpeak NG process broke off: {error}", retryable=True) from error
            finally:
                watchdog.cancel()
            if answer is None:
                status = self._end()
                raise EngineError(f"the eSpeak NG process ended with status {status}", retryable=True)
            return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._process

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:  # half a request was still in its buffer
                continue
        return process.wait()


def _request(text: str, voice: Voice, seed: int) -> Request:
    tag = voice.language.lower()
    name = _LANGUAGES.get(tag, _LANGUAGES.get(tag.split("-")[0], tag.split("-")[0]))
    variant, pitch, volume = _VARIANTS.get(voice.name, _VARIANTS["female"])
    return Request(
        text=text,
        voice=name,
        variant=variant,
        # Its pitch runs from 0 to 99 over about two octaves round 50.
        pitch=min(max(round(pitch + 50 * (voice.pitch - 1)), 0), 99),
        rate=min(max(round(_RATE * voice.pace), 80), 300),
        volume=volume,
        seed=seed & 0x7FFFFFFF,
    )


def _timed(phonemes: Sequence[tuple[str, int]], end: int) -> Iterator[tuple[Phoneme, WeightedVisemes]]:
    """Each phoneme with the start of the next one as its end."""
    starts = [start for _, start in phonemes[1:]]
    for (name, start), stop in zip(phonemes, [*starts, end], strict=True):
        yield Phoneme(name, start, stop), ipa_visemes(name)
