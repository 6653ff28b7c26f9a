"""Words become stable once successive hypotheses agree on them."""

from __future__ import annotations

from services.stt.local_agreement import LocalAgreement


def stable(*hypotheses: str, n: int = 3) -> list[str | None]:
    """The result of each push."""
    agreement = LocalAgreement(n)
    return [agreement.push(hypothesis.split()) for hypothesis in hypotheses]


def test_a_word_is_stable_after_three_agreeing_hypotheses() -> None:
    assert stable("what", "what", "what", "what time", "what time", "what time") == [
        None, None, "what", None, None, "what time",
    ]  # fmt: skip


def test_flickering_words_are_not_stable() -> None:
    assert stable("to", "too", "to", "two", "to", "too") == [None] * 6


def test_a_shorter_hypothesis_does_not_change_the_prefix() -> None:
    assert stable("a b", "a b", "a b", "a", "a", "a", "", "a b") == [None, None, "a b", None, None, None, None, None]


def test_different_words_replace_the_prefix() -> None:
    assert stable("a b", "a b", "a b", "a c", "a c", "a c")[-1] == "a c"
