"""From stretches of sound to Whisper's words: spectrograms, prompts, batches, times (Radford et al., 2022)."""

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
from services.stt.whisper.hallucination_filter import LEAST_LOGPROB, MOST_COMPRESSED, compression
from services.stt.whisper.network import FRAMES, POSITIONS_PER_SECOND, Alignment, Generated, Network, Wanted

LONGEST = 30 * MICROPHONE_RATE
HOP = 160
"""Samples from one column of a spectrogram to the next: 10 ms."""
PROMPT_TOKENS = 100
"""Of the prompt the last so many tokens are shown."""
TOKENS_PER_SECOND = 24
"""More than anybody can say in any language; past that it is a loop."""
LEAST_TOKENS, MOST_TOKENS = 24, 220
_SPACELESS = frozenset({"zh", "ja", "th", "lo", "my", "yue"})


@dataclass(frozen=True)
class Window:
    """A stretch to be decoded."""

    samples: Samples
    """[n], 16 kHz, at most 30 s."""
    language: str = ""
    """As Whisper calls it, e.g. "en"; empty: to be found out."""
    prompt: str = ""
    """What was said before, and names that may come."""
    prefix: str = ""
    """How the text begins; it is not decoded again."""
    final: bool = True
    """Whether the times of the words are wanted, and a second try where the first one makes no sense."""


@dataclass(frozen=True)
class Decoded:
    """What was heard in a window."""

    text: str
    """The prefix included."""
    language: str
    language_probability: float
    no_speech: float
    """Probability that nobody speaks, 0 to 1, as the network sees it."""
    logprob: float
    """Mean over the tokens decoded."""
    words: tuple[Word, ...] = ()
    """With seconds from the start of the window; only of a final one."""


@dataclass
class _Work:
    window: Window
    prompt: list[int] = field(default_factory=list)
    prefix: list[int] = field(default_factory=list)
    language: str = "en"
    probability: float = 1.0
    generated: Generated | None = None


class WhisperDecoder:
    """Decodes windows, those that can go together in one batch."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._extractor = FeatureExtractor(feature_size=network.mels)
        self._plain = self._tokens("en")
        self._suppressed = (
            *self._plain.non_speech_tokens,
            *(t for t in (self._plain.transcribe, self._plain.translate) if t is not None),
            self._plain.sot, self._plain.sot_prev, self._plain.sot_lm, self._plain.no_speech,
        )  # fmt: skip

    def knows(self, language: str) -> bool:
        """Whether the model understands a language, e.g. "de"."""
        if not self._network.multilingual:
            return language == "en"
        return self._network.tokenizer.token_to_id(f"<|{language}|>") is not None

    def decode(self, windows: Sequence[Window]) -> list[Decoded]:
        """What was heard in each window.

        Raises:
            InvalidInput: a window is longer than 30 s.
            EngineError: the network failed.
        """
        found: dict[int, Decoded] = {}
        prepared = [(number, self._prepare(window)) for number, window in enumerate(windows)]
        # One batch has prompts of one length. A language that is not known yet is asked of its own window.
        prepared.sort(key=_together)
        for _, group in groupby(prepared, key=_together):
            members = list(group)
            decoded = self._decode([work for _, work in members])
            found |= {number: one for (number, _), one in zip(members, decoded, strict=True)}
        return [found[number] for number in range(len(windows))]

    def _decode(self, group: list[_Work]) -> list[Decoded]:
        encoded = self._network.encode(np.stack([self._features(work.window.samples) for work in group]))
        if not group[0].window.language:
            for work, (language, probability) in zip(group, self._detected(encoded), strict=True):
                work.language, work.probability = language, probability
        self._generate(group, encoded)
        if len(group) == 1 and group[0].window.final and _nonsense(self._plain, group[0]):
            again = group[0]
            again.prompt, again.prefix = [], []
            self._generate(group, encoded, repeats=False)
        times = self._times(group, encoded)
        return [self._result(work, words) for work, words in zip(group, times, strict=True)]

    def _detected(self, encoded: Any) -> list[tuple[str, float]]:
        return self._network.languages(encoded) if self._network.multilingual else [("en", 1.0)]

    def _generate(self, group: list[_Work], encoded: Any, *, repeats: bool = True) -> None:
        prompts = []
        for work in group:
            tokens = self._tokens(work.language)
            before = [tokens.sot_prev, *work.prompt] if work.prompt else []
            prompts.append([*before, *tokens.sot_sequence, tokens.no_timestamps, *work.prefix])
        seconds = max(len(work.window.samples) for work in group) / MICROPHONE_RATE
        room = MOST_TOKENS - max(len(work.prefix) for work in group)
        wanted = Wanted(
            limit=max(1, min(room, round(LEAST_TOKENS + TOKENS_PER_SECOND * seconds))),
            suppressed=self._suppressed,
            suppressed_first=() if group[0].prefix else (*self._plain.encode(" ")[:1], self._plain.eot),
            repeats=repeats,
        )
        for work, generated in zip(group, self._network.generate(encoded, prompts, wanted), strict=True):
            work.generated = generated

    def _prepare(self, window: Window) -> _Work:
        if len(window.samples) > LONGEST:
            raise InvalidInput(f"expected at most {LONGEST} samples (30 s at 16 kHz), got {len(window.samples)}")
        work = _Work(window, language=window.language or "en")
        if window.prompt:
            work.prompt = self._plain.encode(" " + window.prompt.strip())[-PROMPT_TOKENS:]
        if window.prefix:
            work.prefix = self._plain.encode(" " + window.prefix.strip())[: MOST_TOKENS // 2]
        return work

    def _tokens(self, language: str) -> Tokenizer:
        multilingual = self._network.multilingual
        return Tokenizer(self._network.tokenizer, multilingual, task="transcribe", language=language)

    def _features(self, samples: Samples) -> npt.NDArray[np.float32]:
        """[mels, 3000], the same as if the sound went on with silence for 30 s."""
        sound = np.concatenate([samples.astype(np.float32) / 32768, np.zeros(2 * HOP, np.float32)])[:LONGEST]
        columns = self._extractor(sound, padding=0)[:, :FRAMES]
        silence = max((np.log10(1e-10) + 4) / 4, float(columns.max()) - 2)  # as the extractor clips it, 80 dB down
        features = np.full((columns.shape[0], FRAMES), silence, np.float32)
        features[:, : columns.shape[1]] = columns
        return features

    def _times(self, group: list[_Work], encoded: Any) -> list[tuple[Word, ...]]:
        texts = [_text_tokens(work) for work in group]
        if not any(work.window.final and text for work, text in zip(group, texts, strict=True)):
            return [() for _ in group]
        tokens = self._tokens(group[0].language)
        frames = [max(1, len(work.window.samples) // HOP) for work in group]
        # A row without a word still takes its place in the batch.
        filled = [text or [tokens.encode(" ")[0]] for text in texts]
        alignments = self._network.align(encoded, tokens.sot_sequence, filled, frames)
        return [
            tuple(_words(tokens, text, alignment)) if work.window.final and text else ()
            for work, text, alignment in zip(group, texts, alignments, strict=True)
        ]

    def _result(self, work: _Work, words: tuple[Word, ...]) -> Decoded:
        generated = work.generated
        assert generated is not None
        return Decoded(
            text=self._plain.decode(_text_tokens(work)).strip(),
            language=work.language,
            language_probability=round(work.probability, 4),
            no_speech=generated.no_speech,
            logprob=_mean_logprob(generated),
            words=words,
        )


def separator(language: str) -> str:
    """What stands between two words."""
    return "" if language in _SPACELESS else " "


def shifted(words: Sequence[Word], seconds: float) -> tuple[Word, ...]:
    """Words with their times counted from earlier on."""
    return tuple(
        Word(text=w.text, start=round(w.start + seconds, 3), end=round(w.end + seconds, 3), confidence=w.confidence)
        for w in words
    )


def _together(numbered: tuple[int, _Work]) -> tuple[int, int, str, int]:
    number, work = numbered
    language = work.window.language
    return len(work.prompt), len(work.prefix), language, 0 if language else number


def _mean_logprob(generated: Generated) -> float:
    return generated.logprob / (len(generated.tokens) + 1)


def _nonsense(tokens: Tokenizer, work: _Work) -> bool:
    assert work.generated is not None
    text = tokens.decode(_text_tokens(work))
    return compression(text) > MOST_COMPRESSED or _mean_logprob(work.generated) < LEAST_LOGPROB


def _text_tokens(work: _Work) -> list[int]:
    assert work.generated is not None
    return [*work.prefix, *work.generated.tokens]


def _words(tokens: Tokenizer, text: list[int], alignment: Alignment) -> Iterator[Word]:
    """The words of a text with their times, punctuation at the word before it."""
    starts: dict[int, float] = {}
    for token, position in alignment.path:
        starts.setdefault(token, position / POSITIONS_PER_SECOND)
    parts, parts_tokens = tokens.split_to_word_tokens(text)
    place = 0
    waiting: Word | None = None
    for part, part_tokens in zip(parts, parts_tokens, strict=True):
        end = place + len(part_tokens)
        word = Word(
            text=part.strip(),
            start=round(starts[place], 3),
            end=round(starts[end], 3),
            confidence=round(float(np.mean(alignment.probabilities[place:end])), 4),
        )
        place = end
        if waiting is not None and (not word.text or word.text in string.punctuation):
            waiting = Word(
                text=waiting.text + word.text, start=waiting.start, end=waiting.end, confidence=waiting.confidence
            )
            continue
        if waiting is not None and waiting.text:
            yield waiting
        waiting = word
    if waiting is not None and waiting.text:
        yield waiting

