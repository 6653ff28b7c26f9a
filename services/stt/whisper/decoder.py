"""Decodes windows of audio with Whisper: spectrograms, prompts, batches, word times (Radford et al., 2022)."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer

from bus.errors import InvalidInput
from bus.events import MICROPHONE_RATE, Word
from services.audio import Samples
from services.stt.hallucination_filter import COMPRESSION_RATIO_THRESHOLD, LOGPROB_THRESHOLD, compression_ratio
from services.stt.streaming import LANGUAGE_CONFIDENCE, DecodedWindow, Window
from services.stt.whisper.network import (
    ENCODER_POSITIONS_PER_SECOND,
    SPECTROGRAM_FRAMES,
    Alignment,
    DecodeRequest,
    DecodeResult,
    Network,
)

MAX_WINDOW = 30 * MICROPHONE_RATE
HOP = 160
"""Samples from one column of a spectrogram to the next: 10 ms."""
PROMPT_TOKENS = 100
"""Of a longer prompt only the last tokens are used."""
TOKENS_PER_SECOND = 24
"""More than anyone can say in any language: beyond it the decoder is in a loop."""
MIN_TOKENS, MAX_TOKENS = 24, 220


@dataclass
class _Task:
    """A window on its way through the decoder."""

    window: Window
    prompt: list[int] = field(default_factory=list)
    prefix: list[int] = field(default_factory=list)
    language: str = "en"
    language_probability: float = 1.0
    result: DecodeResult | None = None


class WhisperDecoder:
    """Decodes windows, in batches where their prompts allow it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._extractor = FeatureExtractor(feature_size=network.n_mels)
        self._tokenizer = self._tokenizer_for("en")
        plain = self._tokenizer
        self._suppress = (
            *plain.non_speech_tokens,
            *(t for t in (plain.transcribe, plain.translate) if t is not None),
            plain.sot, plain.sot_prev, plain.sot_lm, plain.no_speech,
        )  # fmt: skip

    def supports(self, language: str) -> bool:
        """Whether the model knows a language, e.g. "de"."""
        if not self._network.multilingual:
            return language == "en"
        return self._network.tokenizer.token_to_id(f"<|{language}|>") is not None

    def decode(self, windows: Sequence[Window]) -> list[DecodedWindow]:
        """The text of each window.

        Raises:
            InvalidInput: a window is longer than 30 s.
            EngineError: the network failed.
        """
        found: dict[int, DecodedWindow] = {}
        numbered = [(number, self._prepare(window)) for number, window in enumerate(windows)]
        numbered.sort(key=_batch_key)
        for _, group in groupby(numbered, key=_batch_key):
            members = list(group)
            decoded = self._decode_batch([task for _, task in members])
            found |= {number: one for (number, _), one in zip(members, decoded, strict=True)}
        return [found[number] for number in range(len(windows))]

    def _decode_batch(self, tasks: list[_Task]) -> list[DecodedWindow]:
        encoded = self._network.encode(np.stack([self._features(task.window.samples) for task in tasks]))
        if not tasks[0].window.language:
            for task, (language, probability) in zip(tasks, self._detect_language(encoded), strict=True):
                certain = probability >= LANGUAGE_CONFIDENCE or not self.supports(task.window.likely)
                task.language = language if certain else task.window.likely
                task.language_probability = probability
        self._generate(tasks, encoded)
        if len(tasks) == 1 and tasks[0].window.final and _has_failed(self._tokenizer, tasks[0]):
            again = tasks[0]
            again.prompt, again.prefix = [], []
            self._generate(tasks, encoded, allow_repeats=False)
        words = self._word_times(tasks, encoded)
        return [self._decoded(task, task_words) for task, task_words in zip(tasks, words, strict=True)]

    def _detect_language(self, encoded: Any) -> list[tuple[str, float]]:
        return self._network.detect_language(encoded) if self._network.multilingual else [("en", 1.0)]

    def _generate(self, tasks: list[_Task], encoded: Any, *, allow_repeats: bool = True) -> None:
        prompts = []
        for task in tasks:
            tokens = self._tokenizer_for(task.language)
            before = [tokens.sot_prev, *task.prompt] if task.prompt else []
            prompts.append([*before, *tokens.sot_sequence, tokens.no_timestamps, *task.prefix])
        seconds = max(len(task.window.samples) for task in tasks) / MICROPHONE_RATE
        room = MAX_TOKENS - max(len(task.prefix) for task in tasks)
        request = DecodeRequest(
            max_tokens=max(1, min(room, round(MIN_TOKENS + TOKENS_PER_SECOND * seconds))),
            suppress=self._suppress,
            suppress_first=() if tasks[0].prefix else (*self._tokenizer.encode(" ")[:1], self._tokenizer.eot),
            allow_repeats=allow_repeats,
        )
        for task, result in zip(tasks, self._network.generate(encoded, prompts, request), strict=True):
            task.result = result

    def _prepare(self, window: Window) -> _Task:
        if len(window.samples) > MAX_WINDOW:
            raise InvalidInput(f"expected at most {MAX_WINDOW} samples (30 s at 16 kHz), got {len(window.samples)}")
        task = _Task(window, language=window.language or "en")
        if window.prompt:
            task.prompt = self._tokenizer.encode(" " + window.prompt.strip())[-PROMPT_TOKENS:]
        if window.prefix:
            task.prefix = self._tokenizer.encode(" " + window.prefix.strip())[: MAX_TOKENS // 2]
        return task

    def _tokenizer_for(self, language: str) -> Tokenizer:
        multilingual = self._network.multilingual
        return Tokenizer(self._network.tokenizer, multilingual, task="transcribe", language=language)

    def _features(self, samples: Samples) -> npt.NDArray[np.float32]:
        """The log-mel spectrogram [n_mels, 3000], as if the audio were padded with silence to 30 s."""
        sound = np.concatenate([samples.astype(np.float32) / 32768, np.zeros(2 * HOP, np.float32)])[:MAX_WINDOW]
        columns = self._extractor(sound, padding=0)[:, :SPECTROGRAM_FRAMES]
        silence = max((np.log10(1e-10) + 4) / 4, float(columns.max()) - 2)  # as the extractor clips it, 80 dB down
        features = np.full((columns.shape[0], SPECTROGRAM_FRAMES), silence, np.float32)
        features[:, : columns.shape[1]] = columns
        return features

    def _word_times(self, tasks: list[_Task], encoded: Any) -> list[tuple[Word, ...]]:
        texts = [_text_tokens(task) for task in tasks]
        if not any(task.window.final and text for task, text in zip(tasks, texts, strict=True)):
            return [() for _ in tasks]
        tokens = self._tokenizer_for(tasks[0].language)
        frames = [max(1, len(task.window.samples) // HOP) for task in tasks]
        # A row without text still needs a token in the batch.
        padded = [text or [tokens.encode(" ")[0]] for text in texts]
        alignments = self._network.align(encoded, tokens.sot_sequence, padded, frames)
        return [
            tuple(_words(tokens, text, alignment)) if task.window.final and text else ()
            for task, text, alignment in zip(tasks, texts, alignments, strict=True)
        ]

    def _decoded(self, task: _Task, words: tuple[Word, ...]) -> DecodedWindow:
        result = task.result
        assert result is not None
        return DecodedWindow(
            text=self._tokenizer.decode(_text_tokens(task)).strip(),
            language=task.language,
            language_probability=round(task.language_probability, 4),
            no_speech_prob=result.no_speech_prob,
            avg_logprob=_avg_logprob(result),
            words=words,
        )


def _batch_key(numbered: tuple[int, _Task]) -> tuple[int, int, str, int]:
    """Windows with the same key form a batch: prompts of one length; a window of unknown language is alone."""
    number, task = numbered
    language = task.window.language
    return len(task.prompt), len(task.prefix), language, 0 if language else number


def _avg_logprob(result: DecodeResult) -> float:
    return result.logprob / (len(result.tokens) + 1)


def _has_failed(tokens: Tokenizer, task: _Task) -> bool:
    """Whether decoding ended in a loop or in unlikely text."""
    assert task.result is not None
    text = tokens.decode(_text_tokens(task))
    return compression_ratio(text) > COMPRESSION_RATIO_THRESHOLD or _avg_logprob(task.result) < LOGPROB_THRESHOLD


def _text_tokens(task: _Task) -> list[int]:
    assert task.result is not None
    return [*task.prefix, *task.result.tokens]


def _words(tokens: Tokenizer, text: list[int], alignment: Alignment) -> Iterator[Word]:
    """The words of a text with their times; punctuation belongs to the preceding word."""
    starts: dict[int, float] = {}
    for token, position in alignment.path:
        starts.setdefault(token, position / ENCODER_POSITIONS_PER_SECOND)
    parts, parts_tokens = tokens.split_to_word_tokens(text)
    first = 0
    pending: Word | None = None
    for part, part_tokens in zip(parts, parts_tokens, strict=True):
        end = first + len(part_tokens)
        word = Word(
            text=part.strip(),
            start=round(starts[first], 3),
            end=round(starts[end], 3),
            confidence=round(float(np.mean(alignment.probabilities[first:end])), 4),
        )
        first = end
        if pending is not None and (not word.text or word.text in string.punctuation):
            pending = Word(
                text=pending.text + word.text, start=pending.start, end=pending.end, confidence=pending.confidence
            )
            continue
        if pending is not None and pending.text:
            yield pending
        pending = word
    if pending is not None and pending.text:
        yield pending
