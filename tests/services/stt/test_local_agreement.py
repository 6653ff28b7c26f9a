"""Words are shown when they have settled."""

from __future__ import annotations

from services.stt.local_agreement import StablePrefix


def told(*hypotheses: str, agreeing: int = 3) -> list[str | None]:
    stable = StablePrefix(agreeing)
    return [stable.push(hypothesis.split()) for hypothesis in hypotheses]


def test_a_word_is_shown_once_it_was_heard_three_times_running() -> None:
    assert told("what", "what", "what", "what time", "what time", "what time") == [
        None, None, "what", None, None, "what time",
    ]  # fmt: skip


def test_words_that_flicker_are_not_shown() -> None:
    assert told("to", "too", "to", "two", "to", "too") == [None] * 6


def test_a_hypothesis_that_shrinks_takes_nothing_back() -> None:
    assert told("a b", "a b", "a b", "a", "a", "a", "", "a b") == [None, None, "a b", None, None, None, None, None]


def test_other_words_replace_those_shown() -> None:
    assert told("a b", "a b", "a b", "a c", "a c", "a c")[-1] == "a c"
