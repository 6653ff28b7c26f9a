"""Finds the phrase of a closed list that fits a sound best, with the decoder of Moonshine.

The phrases form a tree of tokens. The search follows every branch that is not yet much less likely than what the
network heard; so it finds the best phrase for certain, and most sounds are nothing like a phrase after one token.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from services.stt.moonshine.network import Caches, Heard, Token

MAX_BRANCHES = 16
"""Branches that are followed at once, the likeliest."""
MOST_MORE, MOST_MORE_LETTERS = 1.25, 3
"""Letters that may be heard for each letter of a phrase, and beside: a command that is misheard is rarely longer."""
_KEPT_WORDS = 2_000


class Decoder(Protocol):
    """What the search asks of `MoonshineNetwork`, see there."""

    def step(
        self, tokens: Sequence[int], hidden: npt.NDArray[np.float32], mask: npt.NDArray[np.int64], caches: Caches
    ) -> tuple[npt.NDArray[np.float32], Caches]: ...

    def end_logprob(self, logprobs: npt.NDArray[np.float32]) -> float: ...

    def is_mark(self, token: int) -> bool: ...


@dataclass
class PhraseTree:
    """A node of the tree: the phrase that ends here, if one does, and the nodes after it by their tokens."""

    phrase: str = ""
    least: float = 0.0
    """Ratio that it must have, see `Fit.ratio`."""
    lowest: float = 0.0
    """The least ratio of this phrase and of all that begin with it."""
    after: dict[int, PhraseTree] = field(default_factory=dict)

    def add(self, phrase: str, tokens: Sequence[int], least: float) -> None:
        """Add a phrase and its least ratio, a negative number; another phrase with the same tokens is replaced."""
        node = self
        node.lowest = min(node.lowest, least)
        for token in tokens:
            node = node.after.setdefault(token, PhraseTree())
            node.lowest = min(node.lowest, least)
        node.phrase, node.least = phrase, least


@dataclass(frozen=True)
class Fit:
    """A phrase and how well it fits a sound."""

    phrase: str
    tokens: tuple[Token, ...]
    ratio: float
    """Logarithm of its likelihood divided by that of what the network heard; 0: the same words."""


@dataclass(frozen=True)
class _Branch:
    node: PhraseTree
    tokens: tuple[Token, ...]
    logprob: float
    row: int
    """Its row in the caches of the step that led to it."""

    def longer(self, token: int, node: PhraseTree, logprob: float, row: int) -> _Branch:
        return _Branch(node, (*self.tokens, Token(token, math.exp(logprob))), self.logprob + logprob, row)


def best_phrase(network: Decoder, heard: Heard, tree: PhraseTree) -> Fit | None:
    """The phrase with the highest ratio of those that have their least ratio; None where none has."""
    reference = heard_logprob(network, heard)
    branches = _grown([_Branch(tree, (), 0.0, 0)], [heard.first_logprobs], reference)
    caches = heard.first_caches
    best: Fit | None = None
    while branches:
        rows = [branch.row for branch in branches]
        chosen = {name: value[rows] for name, value in caches.items()}
        last = [branch.tokens[-1].id for branch in branches]
        logprobs, caches = network.step(last, heard.hidden, heard.mask, chosen)
        for branch, following in zip(branches, logprobs, strict=True):
            ratio = branch.logprob + network.end_logprob(following) - reference
            if branch.node.phrase and ratio >= branch.node.least and (best is None or ratio > best.ratio):
                best = Fit(branch.node.phrase, branch.tokens, ratio)
        branches = _grown(branches, logprobs, reference)
    return best


def is_beginning_only(phrase: str, heard: str) -> bool:
    """Whether more was heard than a phrase accounts for: "Could you say that again to my mother" is no command.

    The network finds the end after the phrase hardly less likely than the words that follow, so that its likelihood
    alone does not tell.
    """
    return _letters(heard) > MOST_MORE * _letters(phrase) + MOST_MORE_LETTERS


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def heard_logprob(network: Decoder, heard: Heard) -> float:
    """Logarithm of the likelihood of what the network heard, whatever punctuation mark ends it."""
    words = len(heard.tokens)
    while words and network.is_mark(heard.tokens[words - 1].id):
        words -= 1
    return sum(math.log(max(token.probability, 1e-9)) for token in heard.tokens[:words]) + heard.end_logprobs[words]


def _grown(branches: Sequence[_Branch], logprobs: Iterable[npt.NDArray[np.float32]], reference: float) -> list[_Branch]:
    """The branches one token longer, without those whose phrases are all too unlikely."""
    longer = [
        branch.longer(token, node, float(following[token]), row)
        for row, (branch, following) in enumerate(zip(branches, logprobs, strict=True))
        for token, node in branch.node.after.items()
    ]
    kept = [branch for branch in longer if branch.logprob >= reference + branch.node.lowest]
    return sorted(kept, key=lambda branch: -branch.logprob)[:MAX_BRANCHES]


class PhraseSpeller:
    """Spells phrases in the tokens of a vocabulary, as byte pair encoding does: the earliest pairs are joined first."""

    def __init__(self, vocabulary: Sequence[bytes]) -> None:
        # Single letters stand twice in the vocabulary, as bytes and as letters; the network writes letters.
        self._ids = {content: id_ for id_, content in enumerate(vocabulary)}
        self._words: LRUCache[str, list[int]] = LRUCache(_KEPT_WORDS)

    def tree(self, phrases: Iterable[tuple[str, float]]) -> PhraseTree:
        """The tree of phrases with their least ratios; a phrase with a letter that the vocabulary lacks is left out."""
        tree = PhraseTree()
        for phrase, least in phrases:
            spelled = [self._tokens(word) for word in phrase.split()]
            if all(spelled):
                tree.add(phrase, list(itertools.chain(*spelled)), least)
        return tree

    def _tokens(self, word: str) -> list[int]:
        """The tokens of a word and the space before it; empty where a letter has none."""
        if word not in self._words:
            parts = [letter.encode() for letter in f"▁{word}"]
            while (place := self._earliest_pair(parts)) is not None:
                parts[place : place + 2] = [parts[place] + parts[place + 1]]
            known = all(part in self._ids for part in parts)
            self._words[word] = [self._ids[part] for part in parts] if known else []
        return self._words[word]

    def _earliest_pair(self, parts: Sequence[bytes]) -> int | None:
        """Where the two parts are whose joining stands first in the vocabulary; None where none can be joined."""
        pairs = [left + right for left, right in itertools.pairwise(parts)]
        known = [(self._ids[pair], place) for place, pair in enumerate(pairs) if pair in self._ids]
        return min(known)[1] if known else None
