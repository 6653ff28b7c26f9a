"""Whisper as an engine of the STT service; see `services.stt.streaming` for how it follows speech."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bus.errors import EngineError
from bus.events import MICROPHONE_RATE, UNKNOWN_LANGUAGE
from services.audio import Samples
from services.command_phrases import Phrase
from services.silero import WINDOW
from services.stt.batcher import Batcher
from services.stt.segments import Segmenter
from services.stt.streaming import DECODE_TIMEOUT, DecodedWindow, StreamingTranscription, Window
from services.stt.whisper.decoder import WhisperDecoder
from services.stt.whisper.network import Network


class WhisperEngine:
    """Recognises any number of utterances at once with one network.

    Args:
        network: with its weights loaded.
        make_vad: makes the voice activity detector of one utterance: speech probability of windows of 512 samples.
    """

    threads = 8
    uses_prompt = True

    def __init__(self, network: Network, make_vad: Callable[[], Callable[[Samples], float]]) -> None:
        self._decoder = WhisperDecoder(network)
        self._fast_prefill = network.fast_prefill
        self._make_vad = make_vad
        self.batcher: Batcher[Window, DecodedWindow] = Batcher(self._decoder.decode, network.batch_size)

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> StreamingTranscription:
        code = primary_code(language)
        if code == UNKNOWN_LANGUAGE:
            code = ""
        elif not self._decoder.supports(code):
            raise EngineError(f"this Whisper model does not know language {language!r}", code="language_unsupported")
        segmenter = Segmenter(self._make_vad(), WINDOW)
        return StreamingTranscription(
            self.batcher, segmenter, code, prompt, fast_prefill=self._fast_prefill, likely=primary_code(likely)
        )

    def warm_up(self) -> None:
        """Decode silence twice: the first run initialises the device, the second measures its speed."""
        for _ in range(2):
            self.batcher.mean_batch_seconds = 0.0
            self.batcher.submit(Window(np.zeros(MICROPHONE_RATE, np.int16))).result(DECODE_TIMEOUT)

    def close(self) -> None:
        self.batcher.close()


def primary_code(language: str) -> str:
    """The language of a BCP-47 tag, without its region."""
    return language.lower().split("-")[0]
