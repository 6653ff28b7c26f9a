"""The Markdown of a reply stays whole on record; the voice gets its words and signs, and no code."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.dialogue.segmenter import CHUNK, ReplySegmenter, Segment, segments_of


def document(segments: list[Segment]) -> str:
    return "".join(one.space_before + one.text for one in segments).strip()


def spoken(text: str) -> list[str]:
    return [one.spoken_text for one in segments_of(text) if one.spoken_text]


def shown(text: str) -> list[str]:
    return [one.text for one in segments_of(text) if not one.spoken_text]


BLOCKS = {
    "code": "```sql\nSELECT name FROM guests WHERE paid = 0;\n\nSELECT 1. Then;\n```",
    "tildes": "~~~\na. B. C\n~~~",
    "code of four marks": "````md\n```\ninner\n```\n````",
    "indented code": "    x = 1\n    y = 2",
    "a table": "| Name | Age |\n|:-----|----:|\n| Ada. Yes | 36 |\n| Bo | 7 |",
    "a table without edges": "Name | Age\n--- | ---\nAda | 36",
    "a rule": "---",
    "a rule of stars": "* * *",
    "a formula": "$$\nx^2 + y^2. = z\n$$",
    "a formula on a line": "\\[ a = b \\]",
    "an environment": "\\begin{align}\na &= b. c\n\\end{align}",
    "HTML": "<table>\n<tr><td>Hi. There</td></tr>\n</table>",
    "a comment": "<!-- Not. For you -->",
    "a script": "<script>\nalert(1). b;\n</script>",
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("First this.\n\n", ""), ("", "\n\nThen that."), ("First this.\n\n", "\n\nThen that. And more.")],
)
@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_a_block_is_shown_in_its_form_and_not_spoken(block: str, before: str, after: str, size: int) -> None:
    text = before + block + after
    segmenter = ReplySegmenter()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    found = [one for piece in pieces for one in segmenter.push(piece)] + segmenter.flush()
    assert document(found) == text.strip()
    prose = f"{before}{after}".split()
    assert " ".join(one.spoken_text for one in found if one.spoken_text).split() == prose


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("# Plan\n\n1. **Buy** milk\n2. Call [Ann](https://example.org/x) `now`\n- *Sleep*\n> done",
         ["Plan", "1. Buy milk", "2. Call Ann now", "Sleep", "done"]),
        ("Line.<br>Line.", ["Line.", "Line."]),
        ("**Hello there. How are you?** Good.", ["Hello there.", "How are you?", "Good."]),
        ("*One. Two. Three.*", ["One.", "Two.", "Three."]),
        ("It is **very\nbold** here.", ["It is very", "bold here."]),
        ("- [x] Milk\n- [ ] Tea", ["Milk", "Tea"]),
        ("See ![a cat](cat.png).", ["See a cat."]),
        ("See [this](javascript:go(1)) and [that](file:///C:/a).", ["See this and that."]),
        ("See ![a cat](data:text/html;base64,aGk=).", ["See a cat."]),
        ("[See this. And that](https://example.org/a). Good.", ["See this. And that.", "Good."]),
        ("Run `a.b(). C` now. Ok.", ["Run a.b(). C now.", "Ok."]),
        ("Tom &amp; Ann, 5 &lt; 6, \\*not\\* bold.", ["Tom & Ann, 5 < 6, *not* bold."]),
        ("a <b>bold</b> move", ["a bold move"]),
        ("a < b and c > d", ["a < b and c > d"]),
        ("The claim.[^1] Next one.", ["The claim.", "Next one."]),
        ("1. One\n   ```py\n   x=1\n   ```\n   Then this.\n2. Two", ["1. One", "Then this.", "2. Two"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\nThat is it.", ["That is it."]),
        ("Use a | b. It is fine.", ["Use a | b. It is fine."]),
        ("Title\n=====\nText.", ["Title", "Text."]),
        ("Line one\\\nLine two  \nLine three", ["Line one", "Line two", "Line three"]),
        ("$$5 is no formula. Is it?\n\nNo.", ["$$5 is no formula.", "Is it?", "No."]),
        ("- -5 °C\n- +3 °C", ["-5 °C", "+3 °C"]),
    ],
)  # fmt: skip
def test_the_voice_gets_the_words_of_the_structure(written: str, words: list[str]) -> None:
    assert spoken(written) == words


@pytest.mark.parametrize(
    "text",
    [
        "It was −12 °C at night.", "6 × 7 = 42.", "It costs ₹250.", "10^6, 3**4, № 3 and ¼.",
        "2**3 and 4**5 are numbers.", "2*3*4, a*b*c and 3 * 4.",
        "snake_case_name and __init__ here.", "~5 to ~6 km.", "5 > 4 and 3 < 4.",
        "C# and F#.",
        "50 % of $5 & £3 + €2.", "#1 of 3/4 @ home.", "The train leaves (platform 8).", "The run took 01:45:20.",
        "Buy an 8D lens.", "x² + y³ ≠ √2 ± 1.", "It costs $5 and $6.", "I have $1.5 million (or $2).", "A ∧ B → C",
    ],
)  # fmt: skip
def test_signs_that_carry_meaning_survive(text: str) -> None:
    assert " ".join(spoken(text)) == text.replace("__init__", "init")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("The area is $a^2$ here.", "The area is a^2 here."),
        ("It is \\(\\frac{1}{2} \\times 10^{6}\\).", "It is 1 / 2 × 10^6."),
        ("About $90^\\circ$ or $\\pi \\approx 3.14$.", "About 90° or π ≈ 3.14."),
        ("So $\\sqrt{2} \\le 2$.", "So √2 ≤ 2."),
    ],
)
def test_a_formula_in_a_sentence_is_said_by_its_signs(written: str, words: str) -> None:
    assert spoken(written) == [words]


def test_long_code_is_shown_in_parts_while_it_is_written() -> None:
    segmenter = ReplySegmenter()
    lines = [f"print({number})" for number in range(200)]
    found = segmenter.push("```py\n" + "\n".join(lines))
    assert found
    assert all(len(one.text) < 2 * CHUNK and not one.spoken_text for one in found)
    found += segmenter.push("\n```\nDone.") + segmenter.flush()
    assert document(found) == "```py\n" + "\n".join(lines) + "\n```\nDone."
    assert [one.spoken_text for one in found if one.spoken_text] == ["Done."]


def test_a_wrapped_line_goes_on_and_a_verse_does_not() -> None:
    wrapped = "This line was wrapped by somebody after sixty characters or so\nand goes on. Here is more."
    assert spoken(wrapped) == [wrapped.split(". ")[0].replace("\n", " ") + ".", "Here is more."]
    assert spoken("Roses are red\nViolets are blue") == ["Roses are red", "Violets are blue"]


def test_prose_comes_as_early_as_without_markdown() -> None:
    segmenter = ReplySegmenter()
    came = {}
    for place, char in enumerate("Yes, I do. It is `x`. **Good** old days. Then\nmore."):
        for one in segmenter.push(char):
            came[one.text] = place
    assert came == {"Yes, I do.": 11, "It is `x`.": 22, "**Good** old days.": 40, "Then": 45}


MARKS = st.sampled_from(
    ["**", "*", "_", "`", "```", "\n", "\n\n", "# ", "- ", "1. ", "> ", "|", "---", "$", "$$", "[", "](http://a.b)",
     "]", "(", ")", "<br>", "~~", "\\", " ", "  \n", "\t", "    ", "&amp;", "\r\n", "|--|--|\n", "[happy]", "~~~"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["Yes", "no.", "3.14", "−12", "°C", "×", "₹250", "¼", "हूँ।", "أنت؟", "好。", "e.g.", "Dr.", "x^2", "END?", "!"]
)
TEXTS = st.lists(MARKS | WORDS, max_size=40).map("".join)


@given(TEXTS, st.lists(st.integers(1, 9), min_size=1, max_size=60))
def test_where_the_stream_is_cut_makes_no_difference(text: str, sizes: list[int]) -> None:
    segmenter = ReplySegmenter()
    found, at = [], 0
    for size in itertools.cycle(sizes):
        if at >= len(text):
            break
        found += segmenter.push(text[at : at + size])
        at += size
    assert found + segmenter.flush() == segments_of(text)


@given(TEXTS)
def test_the_record_is_what_the_model_wrote(text: str) -> None:
    text = text.replace("[happy]", "")
    assert document(segments_of(text)) == text.replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n")


@given(TEXTS)
@example("* 1. 1. **1. ")
@example("* 1. 1. x")
def test_every_letter_digit_and_sign_is_spoken_or_shown_in_order(text: str) -> None:
    """Of a segment with a voice: none is lost but those of addresses and entities, and none is made up."""
    text = text.replace("[happy]", "").replace("](http://a.b)", "]").replace("&amp;", "&").replace("<br>", " ")
    for one in segments_of(text):
        if one.spoken_text:
            assert meaning(one.spoken_text) == meaning(one.text)


def meaning(text: str) -> str:
    return "".join(re.findall(r"[^\W_]|[−°×₹]", text))
