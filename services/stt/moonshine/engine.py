"""Moonshine tiny as an engine of the STT service: English, quick on a processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from cachetools import LRUCache

from bus.errors import EngineError
from bus.events import MICROPHONE_RATE, UNKNOWN_LANGUAGE, Word
from services.audio import Samples
from services.command_phrases import Phrase
from services.silero import WINDOW
from services.stt.batcher import Batcher
from services.stt.moonshine.network import Heard, MoonshineNetwork, Token
from services.stt.moonshine.phrases import PhraseSpeller, PhraseTree, best_phrase, is_beginning_only
from services.stt.segments import Segmenter
from services.stt.streaming import DECODE_TIMEOUT, DecodedWindow, StreamingTranscription, Window

_LEAD = MICROPHONE_RATE * 200 // 1000
"""Samples of silence put before each window: without it the first word is often lost."""
_TAIL = MICROPHONE_RATE * 200 // 1000
"""Samples after the last speech that are decoded with it."""
MAX_PHRASE = 5.0
"""Seconds of speech of the longest command."""
LEAST_RATIO = -4.5
"""Logarithm of the likelihood of a command divided by that of what was heard, from which the command is preferred."""
LEAST_RATIO_DISTINCT = -8.0
"""The same for phrases that ordinary talk is hardly ever like."""
LETTERS_PER_SECOND = 6.0
"""Nobody speaks more slowly: a command with fewer letters is only the beginning of what was said."""
_KEPT_TREES = 8
"""Trees of phrases, one for each set of characters."""
_PAUSE = MICROPHONE_RATE * 96 // 1000
"""Samples of silence after which all words so far are decoded. It takes some 50 ms, and the gateway decides with these
words after 200 ms of silence whether the person is done."""


class MoonshineEngine:
    """Recognises English; its batcher gives the network one window after the other.

    Args:
        network: with its weights loaded.
        make_vad: makes the voice activity detector of one utterance: speech probability of windows of 512 samples.
    """

    threads = 8
    uses_prompt = True

    def __init__(self, network: MoonshineNetwork, make_vad: Callable[[], Callable[[Samples], float]]) -> None:
        self._network = network
        self._make_vad = make_vad
        self._speller = PhraseSpeller(network.vocabulary)
        self._trees: LRUCache[tuple[Phrase, ...], PhraseTree] = LRUCache(_KEPT_TREES)
        self.batcher: Batcher[Window, DecodedWindow] = Batcher(self.decode, 1)

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> StreamingTranscription:
        code = language.lower().split("-")[0]
        if code not in ("en", UNKNOWN_LANGUAGE):
            raise EngineError(f"Moonshine tiny knows English only, not {language!r}", code="language_unsupported")
        segmenter = Segmenter(self._make_vad(), WINDOW)
        return StreamingTranscription(
            self.batcher, segmenter, "en", "", fast_prefill=False, phrases=phrases, pause=_PAUSE
        )

    def warm_up(self) -> None:
        """Decode silence twice: the first run initialises the network, the second measures its speed."""
        for _ in range(2):
            self.batcher.mean_batch_seconds = 0.0
            self.batcher.submit(Window(np.zeros(MICROPHONE_RATE, np.int16))).result(DECODE_TIMEOUT)

    def close(self) -> None:
        self.batcher.close()

    def decode(self, windows: Sequence[Window]) -> list[DecodedWindow]:
        """The text of each window; for one thread at a time."""
        return [self._decoded(window) for window in windows]

    def _decoded(self, window: Window) -> DecodedWindow:
        end = min(len(window.samples), window.speech[-1][1] + _TAIL) if window.speech else len(window.samples)
        heard = self._network.hear(np.concatenate([np.zeros(_LEAD, np.int16), window.samples[:end]]))
        words = words_of(heard.tokens, self._network.vocabulary)
        if window.phrases and 0 < _seconds(window.speech) <= MAX_PHRASE:
            words = self._phrase(window, heard) or words
        logprobs = [float(np.log(max(token.probability, 1e-9))) for token in heard.tokens]
        return DecodedWindow(
            text=" ".join(text for text, _ in words),
            language="en",
            language_probability=1.0,
            no_speech_prob=0.0,
            avg_logprob=float(np.mean(logprobs)) if logprobs else 0.0,
            words=tuple(timed(words, window.speech)) if window.final else (),
        )

    def _phrase(self, window: Window, heard: Heard) -> list[tuple[str, float]]:
        """The words of the command that the sound nearly is; empty where it is none."""
        if window.phrases not in self._trees:
            self._trees[window.phrases] = self._speller.tree(
                (phrase.text, LEAST_RATIO_DISTINCT if phrase.distinct else LEAST_RATIO) for phrase in window.phrases
            )
        fit = best_phrase(self._network, heard, self._trees[window.phrases])
        if fit is None or len(fit.phrase) < LETTERS_PER_SECOND * _seconds(window.speech):
            return []
        said = " ".join(word for word, _ in words_of(heard.tokens, self._network.vocabulary))
        if is_beginning_only(fit.phrase, said):
            return []
        marks = tuple(token for token in heard.tokens[-1:] if self._network.is_mark(token.id))
        return words_of((*fit.tokens, *marks), self._network.vocabulary)


def _seconds(speech: Sequence[tuple[int, int]]) -> float:
    return sum(end - start for start, end in speech) / MICROPHONE_RATE


def load(folder: Path, make_vad: Callable[[], Callable[[Samples], float]], threads: int) -> MoonshineEngine:
    """The engine with its weights, warmed up.

    Raises:
        ConfigurationError: the folder does not hold the model.
    """
    engine = MoonshineEngine(MoonshineNetwork(folder, threads), make_vad)
    engine.warm_up()
    return engine


def words_of(tokens: Sequence[Token], vocabulary: Sequence[bytes]) -> list[tuple[str, float]]:
    """The words that tokens spell, each with the mean probability of its tokens."""
    words: list[tuple[bytes, list[float]]] = []
    for token in tokens:
        content = vocabulary[token.id]
        begins = content.startswith("▁".encode())
        if begins or not words:
            words.append((b"", []))
        text, probabilities = words[-1]
        words[-1] = (text + content.removeprefix("▁".encode()), [*probabilities, token.probability])
    spelled = ((text.decode("utf-8", "replace").strip(), float(np.mean(those))) for text, those in words)
    return [(text, round(confidence, 4)) for text, confidence in spelled if text]


def timed(words: Sequence[tuple[str, float]], speech: Sequence[tuple[int, int]]) -> list[Word]:
    """The words with estimated times: the speech is shared out by their letters. The network tells no times."""
    total = sum(end - start for start, end in speech)
    letters = sum(len(text) for text, _ in words)
    found: list[Word] = []
    place = 0
    for text, confidence in words:
        start = _position(place / letters * total, speech)
        place += len(text)
        end = _position(place / letters * total, speech)
        found.append(Word(text=text, start=round(start, 3), end=round(end, 3), confidence=confidence))
    return found


def _position(samples: float, speech: Sequence[tuple[int, int]]) -> float:
    """Seconds at which so many samples of speech have passed."""
    for start, end in speech:
        if samples <= end - start:
            return (start + samples) / MICROPHONE_RATE
        samples -= end - start
    return speech[-1][1] / MICROPHONE_RATE if speech else 0.0
