"""From what a model writes, in pieces of any size, to what a voice says: nothing that carries meaning is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dialogue.segmenter import ReplySegmenter, Segment
from services.tts.text.spoken_form import to_spoken_form


def segments(text: str, language: str = "en", size: int = 1) -> list[Segment]:
    segmenter = ReplySegmenter(language)
    found = [one for at in range(0, len(text), size) for one in segmenter.push(text[at : at + size])]
    return found + segmenter.flush()


def said(text: str, language: str = "en", size: int = 1) -> list[str]:
    """What the voice says of each sentence."""
    voiced = [one.spoken_text for one in segments(text, language, size) if one.spoken_text]
    return [to_spoken_form(words, language) for words in voiced]


@pytest.mark.parametrize(
    ("language", "written", "voice"),
    [
        ("en", "Ask.\n```sql\nSELECT name FROM guests WHERE paid = 0;\n```\nThat is all.", "Ask.|That is all."),
        ("en", "| Name | Age |\n|---|---|\n| Ada | 36 |\n\nSo it is.", "So it is."),
        ("en", "Line.<br>Line.", "Line.|Line."),
        ("en", "The area is $a^2$.", "The area is a squared."),
        ("en", "It was −12 °C at night.", "It was minus twelve degrees Celsius at night."),
        ("en", "6 × 7 = 42", "six times seven equals forty-two"),
        ("en", "It costs ₹250.", "It costs two hundred and fifty rupees."),
        ("en", "10^6", "ten to the power of six"),
        ("en", "3**4", "three to the power of four"),
        ("en", "№ 3", "number three"),
        ("en", "¼", "a quarter"),
        ("en", "The train leaves (platform 8).", "The train leaves (platform eight)."),
        ("en", "*waves happily* Hello there! (sighs deeply) All right.", "Hello there!|All right."),
        ("en", "*smiles* Hello there.", "Hello there."),
        ("en", "[sad]\nThe vase is broken.", "The vase is broken."),
        ("en", "Press [Enter] now.", "Press [Enter] now."),
        ("en", "The answer is (none).", "The answer is (none)."),
        ("hi", "मैं घर पर हूँ। बारिश हो रही है।", "मैं घर पर हूँ।|बारिश हो रही है।"),
        ("ar", "أين أنت؟ هل أنت بخير؟ نعم.", "أين أنت؟|هل أنت بخير؟|نعم."),
        ("hi", "न्‍याय", "न्‍याय"),
        ("en", "It costs **€7** or £9.", "It costs seven euros or nine pounds."),
        ("de", "Wir kommen am *3. Oktober*. Gut.", "Wir kommen am dritten Oktober.|Gut."),
    ],
)
def test_what_is_written_is_what_is_said(language: str, written: str, voice: str) -> None:
    for size in (1, 4, 1000):
        assert said(written, language, size) == voice.split("|")


PARTS = {
    "apple": "apple", "pear": "pear", "because": "because", "−12 °C": "minus twelve degrees celsius",
    "₹250": "two hundred and fifty rupees", "6 × 7": "six times seven", "10^6": "ten to the power of six",
    "€7": "seven euros", "¼": "a quarter", "50 %": "fifty percent", "3**4": "three to the power of four",
    "№ 3": "number three",
}  # fmt: skip
DRESSES = ("{}", "**{}**", "*{}*", "[{}](https://example.org/a_b)", "***{}***", "~~{}~~")
LINES = ("{}", "- {}", "1. {}", "# {}", "> {}", "{}  ", "   {}")
SHOWN = ("", "\n\n```py\nx = 1. Not this\n```\n\n", "\n\n| a | b |\n|---|---|\n| not. | this |\n\n", "\n\n---\n\n")


@st.composite
def replies(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Markdown, and the words that a voice says of it."""
    lines, words = [], []
    for _ in range(draw(st.integers(1, 5))):
        line = draw(st.sampled_from(LINES))
        words += re.findall(r"\d+", line)
        parts = []
        for part in draw(st.lists(st.sampled_from(list(PARTS)), min_size=1, max_size=5)):
            parts += ["and then", draw(st.sampled_from(DRESSES)).format(part), "too"]
            words += ["and", "then", *PARTS[part].split(), "too"]
        lines.append(line.format(" ".join(parts) + draw(st.sampled_from((".", "!", "", "?")))))
        lines.append(draw(st.sampled_from(SHOWN)) or draw(st.sampled_from(("\n", "\n\n"))))
    return "".join(lines), ["one" if word == "1" else word for word in words]


@given(replies(), st.integers(1, 9))
def test_every_word_number_and_sign_of_a_generated_reply_is_said_in_order(
    reply: tuple[str, list[str]], size: int
) -> None:
    written, words = reply
    voice = " ".join(said(written, size=size)).lower()
    assert re.findall(r"[a-z]+", voice) == [part for word in words for part in re.findall(r"[a-z]+", word)]


@pytest.mark.parametrize("space", [*" \x1c\x1f\x85\xa0\u2028\u3000"])
def test_spaces_of_every_kind_are_passed_over_and_kept(space: str) -> None:
    text = f"One.{space}{space}Two.{space} Three.\n{space}"
    found = segments(text)
    assert [one.text for one in found] == ["One.", "Two.", "Three."]


@given(st.text(max_size=60), st.integers(1, 5))
def test_any_text_at_all_is_on_record_whole(text: str, size: int) -> None:
    found = segments(text, size=size)
    whole = "".join(one.space_before + one.text for one in found)
    if not re.search(r"[\[(<*_\0\r]", text):  # mood tags are taken out, line ends are made alike
        assert "".join(whole.split()) == "".join(text.split())
