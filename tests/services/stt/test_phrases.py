"""The search for a phrase that fits a sound, with a decoder of a few tokens, and the spelling of phrases."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from services.models.catalogue import MOONSHINE
from services.stt.moonshine.network import Caches, Heard, Token, read_vocabulary
from services.stt.moonshine.phrases import PhraseSpeller, PhraseTree, best_phrase, is_beginning_only
from tests import real_models

END, STOP, TALKING, SIGNS, GO = range(5)
AFTER = {
    (): {STOP: 0.6, GO: 0.4},
    (STOP,): {END: 0.3, TALKING: 0.1, SIGNS: 0.6},
    (GO,): {END: 1.0},
    (STOP, TALKING): {END: 1.0},
    (STOP, SIGNS): {END: 0.5, GO: 0.5},
}
"""How likely each token is after the ones before it."""


class FewTokens:
    """A decoder whose caches hold the tokens so far; counts its rows."""

    def __init__(self) -> None:
        self.rows = 0

    def step(
        self, tokens: Sequence[int], hidden: npt.NDArray[np.float32], mask: npt.NDArray[np.int64], caches: Caches
    ) -> tuple[npt.NDArray[np.float32], Caches]:
        self.rows += len(tokens)
        so_far = np.concatenate([caches["tokens"], np.array(tokens, np.float32)[:, None]], axis=1)
        return np.stack([logprobs(tuple(int(token) for token in row)) for row in so_far]), {"tokens": so_far}

    def end_logprob(self, logprobs: npt.NDArray[np.float32]) -> float:
        return float(logprobs[END])

    def is_mark(self, token: int) -> bool:
        return False


def logprobs(so_far: tuple[int, ...]) -> npt.NDArray[np.float32]:
    return np.array([math.log(AFTER[so_far].get(token, 1e-6)) for token in range(5)], np.float32)


def heard(*tokens: int) -> Heard:
    """A sound of which the decoder heard these tokens."""
    beginnings = [tokens[:length] for length in range(len(tokens) + 1)]
    return Heard(
        tuple(Token(token, AFTER[before][token]) for before, token in zip(beginnings, tokens, strict=False)),
        tuple(float(logprobs(before)[END]) for before in beginnings),
        np.zeros((1, 1, 1), np.float32),
        np.ones((1, 1), np.int64),
        logprobs(()),
        {"tokens": np.zeros((1, 0), np.float32)},
    )


def tree(least: float, **phrases: tuple[int, ...]) -> PhraseTree:
    found = PhraseTree()
    for phrase, tokens in phrases.items():
        found.add(phrase, tokens, least)
    return found


def test_the_likeliest_phrase_is_found_with_its_ratio() -> None:
    fit = best_phrase(FewTokens(), heard(STOP, SIGNS), tree(-3.0, stop=(STOP,), stop_talking=(STOP, TALKING)))
    assert fit is not None
    assert (fit.phrase, [token.id for token in fit.tokens]) == ("stop", [STOP])
    assert fit.ratio == pytest.approx(math.log(0.3 / (0.6 * 0.5)), abs=1e-5)


def test_a_phrase_that_was_heard_has_the_ratio_0() -> None:
    fit = best_phrase(FewTokens(), heard(STOP, TALKING), tree(-1.0, stop_talking=(STOP, TALKING)))
    assert fit is not None
    assert fit.ratio == pytest.approx(0.0, abs=1e-5)


def test_no_phrase_fits_where_all_are_below_the_least_ratio() -> None:
    assert best_phrase(FewTokens(), heard(STOP, SIGNS), tree(-1.0, stop_talking=(STOP, TALKING))) is None


def test_each_phrase_has_a_least_ratio_of_its_own() -> None:
    phrases = tree(-1.0, stop_talking=(STOP, TALKING))
    phrases.add("stop", (STOP,), -3.0)
    fit = best_phrase(FewTokens(), heard(STOP, SIGNS), phrases)
    assert fit is not None
    assert fit.phrase == "stop"


def test_a_branch_is_left_as_soon_as_it_is_too_unlikely() -> None:
    decoder = FewTokens()
    assert best_phrase(decoder, heard(STOP, SIGNS), tree(-3.0, talking=(TALKING, STOP, STOP))) is None
    assert decoder.rows == 0


def test_phrases_are_spelled_by_the_pairs_that_stand_first() -> None:
    vocabulary = ["▁".encode(), b"a", b"b", b"ab", "▁a".encode(), "▁ab".encode(), b"a"]
    spelled = PhraseSpeller(vocabulary).tree([("ab a", -1.0), ("ba", -1.0), ("abc", -1.0)])
    assert list(spelled.after) == [5, 0]
    assert spelled.after[5].after[4].phrase == "ab a"
    assert spelled.after[0].after[2].after[6].phrase == "ba"


@real_models.needs(MOONSHINE)
def test_names_are_spelled_as_the_network_writes_them() -> None:
    vocabulary = read_vocabulary(real_models.folder(MOONSHINE) / "tokenizer.bin")
    node, spelled = PhraseSpeller(vocabulary).tree([("Switch to Milo", -1.0)]), []
    while node.after:
        (token,) = node.after
        spelled.append(vocabulary[token].decode())
        node = node.after[token]
    assert spelled == ["▁Switch", "▁to", "▁Mil", "o"]


def test_a_phrase_with_more_after_it_is_only_the_beginning() -> None:
    assert is_beginning_only("Can you repeat that", "Can you repeat that joke about the penguin?")
    assert is_beginning_only("Say it again", "Say it again tomorrow.")
    assert not is_beginning_only("Say it again, please", "Stay it a gain, please.")
    assert not is_beginning_only("Switch to Milo", "Switched to my low.")
