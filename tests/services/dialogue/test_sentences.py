"""Sentences are complete, come early, and can be spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dialogue.sentences import FIRST_MAX_LENGTH, MAX_LENGTH, SentenceSplitter, strip_markup


def split(text: str, language: str = "en", size: int = 3) -> list[str]:
    splitter = SentenceSplitter(language)
    found: list[str] = []
    for start in range(0, len(text), size):
        found += splitter.push(text[start : start + size])
    return found + splitter.flush()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there. How are you? Fine!", ["Hello there.", "How are you?", "Fine!"]),
        ("Dr. Smith met Mr. J. Jones. They talked.", ["Dr. Smith met Mr. J. Jones.", "They talked."]),
        ("Pi is 3.14 and not 3. Really.", ["Pi is 3.14 and not 3.", "Really."]),
        ("See No. 5 for that. I said no. Then I left.", ["See No. 5 for that.", "I said no.", "Then I left."]),
        ("We use tools, e.g. a log. It helps.", ["We use tools, e.g. a log.", "It helps."]),
        ("It is 5 p.m. Let us go.", ["It is 5 p.m.", "Let us go."]),
        ("Well... maybe not. Hm... Yes.", ["Well... maybe not.", "Hm...", "Yes."]),
        ("He said “Stop!” and left. Why?", ["He said “Stop!” and left.", "Why?"]),
        ("“Really?” She smiled.", ["“Really?”", "She smiled."]),
        ("What?! No way.", ["What?!", "No way."]),
        ("Version 2.16.2 is out. Good.", ["Version 2.16.2 is out.", "Good."]),
        ("Visit example.org/a.html. Bye.", ["Visit example.org/a.html.", "Bye."]),
        ("你好。我是阿达！你呢？", ["你好。", "我是阿达！", "你呢？"]),
        ("[happy] Hi. [sad] I must go.", ["[happy] Hi.", "[sad] I must go."]),
        ("No stop at the end", ["No stop at the end"]),
        ("all lower case. nothing else. ok", ["all lower case.", "nothing else.", "ok"]),
        ("", []),
        ("...", []),
    ],
)
def test_a_text_is_split_at_the_ends_of_sentences(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Heute ist der 3. Mai. Schön!", ["Heute ist der 3. Mai.", "Schön!"]),
        ("Das ist z.B. Obst. Oder z. B. Brot.", ["Das ist z.B. Obst.", "Oder z. B. Brot."]),
        ("Es war 1989. Danach kam viel.", ["Es war 1989.", "Danach kam viel."]),
        ("Du bist Jan. Das weiß ich.", ["Du bist Jan.", "Das weiß ich."]),
    ],
)
def test_german_has_ordinals_and_abbreviations_of_its_own(text: str, expected: list[str]) -> None:
    assert split(text, "de") == expected


def test_a_list_in_markdown_becomes_sentences_without_markup() -> None:
    text = "# Plan\n\n1. **Buy** milk\n2. Call [Ann](https://example.org/x) `now`\n- *Sleep* 😴\n> done"
    assert split(text) == ["Plan", "Buy milk", "Call Ann now", "Sleep", "done"]


def test_signs_that_are_no_markdown_stay() -> None:
    assert strip_markup("2 * 3 = 6 and snake_case_name") == "2 * 3 = 6 and snake_case_name"


def test_a_sentence_is_complete_with_the_first_character_after_it() -> None:
    splitter = SentenceSplitter()
    assert splitter.push("Hello there.") == []
    assert splitter.push(" H") == ["Hello there."]


def test_a_long_first_sentence_starts_with_a_clause() -> None:
    start = "Well, when I think about that question for a while, I would say it depends,"
    splitter = SentenceSplitter()
    found = splitter.push(f"{start} mostly on the weather and on how")
    assert found == [start]
    later = "And then, after a while, of course, there is so much more to say about it, as you know, that I"
    assert splitter.push(f" it goes. {later}") == ["mostly on the weather and on how it goes."]


def test_nothing_is_longer_than_the_limit_even_without_a_stop() -> None:
    found = split("word " * 200)
    assert max(map(len, found)) <= MAX_LENGTH
    assert " ".join(found) == " ".join(["word"] * 200)
    assert max(map(len, split("x" * 1000))) <= MAX_LENGTH


@given(st.text(alphabet="aB3 .!?,…\n\"')", max_size=400), st.integers(1, 7))
def test_the_size_of_the_pieces_only_matters_for_clauses(text: str, size: int) -> None:
    """Where nothing is too long, the same sentences come out however the text was cut."""
    if max(map(len, text.split("\n")), default=0) < FIRST_MAX_LENGTH:
        assert split(text, size=size) == split(text, size=max(1, len(text)))


@given(st.text(alphabet="abC .!?,。3\n", max_size=600))
def test_no_word_is_lost_or_made_up(text: str) -> None:
    letters = [c for c in text if c.isalpha()]
    assert [c for sentence in split(text) for c in sentence if c.isalpha()] == letters
