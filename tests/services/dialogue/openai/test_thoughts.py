"""Thoughts are taken out of an answer, wherever its pieces are cut, and ordinary text is let through at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dialogue.openai.thoughts import ThoughtFilter, may_begin_with_thought

MARKED = {
    "<think>A greeting is due.</think>Nice day.": "Nice day.",
    "<thinking>A greeting is due.</thinking>Nice day.": "Nice day.",
    "<THINK>\nA greeting.\n</THINK>\n\nNice day.": "Nice day.",
    "<thought>A greeting is due.</thought>Nice day.": "Nice day.",
    "<reasoning>A greeting is due.</reasoning>Nice day.": "Nice day.",
    "<seed:think>A greeting is due.</seed:think>Nice day.": "Nice day.",
    "[THINK]A greeting is due.[/THINK]Nice day.": "Nice day.",
    "◁think▷A greeting is due.◁/think▷Nice day.": "Nice day.",
    "<|begin_of_thought|>Hm.<|end_of_thought|><|begin_of_solution|>Nice day.<|end_of_solution|>": "Nice day.",
    "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Nice day.<|END_RESPONSE|>": "Nice day.",
    "<|channel|>analysis<|message|>A greeting.<|end|><|start|>assistant<|channel|>final<|message|>Nice day.<|return|>":
        "Nice day.",
    "<|start|>assistant<|channel|>analysis<|message|>Hm.<|end|>"
    "<|start|>assistant<|channel|>commentary to=functions.x <|constrain|>json<|message|>{}<|call|>"
    "<|start|>assistant<|channel|>final<|message|>Nice day.": "Nice day.",
    "analysisA greeting is due.assistantfinalNice day.": "Nice day.",
    "<think>One.<think>Two.</think>Three.</think>Nice day.": "Nice day.",
    "<think>I could use <think> here.</think>Nice day.": "Nice day.",
    "Nice <think>Hm.</think>day.": "Nice day.",
    "<think></think>Nice day.": "Nice day.",
    "<think>Never closed": "",
    "Nice day.<|im_end|></s>": "Nice day.",
    '<think time="3">A greeting is due.</think>Nice day.': "Nice day.",
    "<THINKING depth = 'low' budget=2000 >A greeting.</THINKING >Nice day.": "Nice day.",
    "< think": "< think",
    "<think/>Nice day.": "Nice day.",
    '<think time="0"/>Nice day.': "Nice day.",
    "<think >A greeting is due.</think\n>Nice day.": "Nice day.",
    "<answer>Nice day.</answer>": "Nice day.",
    "<think>Hm.</think>\n<answer>\nNice day.</answer>": "Nice day.",
    '<final_answer type="text">Nice day.</final_answer>': "Nice day.",
    "<response>Nice day.": "Nice day.",
}  # fmt: skip
ORDINARY = (
    "If a<b and c>d, then <b>x</b> is <think-tank> or <thinker>.",
    "[Think about it] and [think] and [THINKER].",
    'The tag `<think>` opens a thought, and "</think>" closes it.',
    "Code:\n```\n<think>\n```\nThat was it.",
    "analysis of variance, Analysis, analysis: a word.",
    "1 < 2 <| 3 |> 4 [/TH",
    "An email <ada@example.com> <",
    "The <reason why> it is <thought leader> or <analysis of variance> and <think",
    "Write <answer>yes</answer> into the field, then </answer>.",
    "<think " + "very " * 40 + ">",
    '<reason a="[',
)


def filtered(pieces: list[str], *, begins_in_thought: bool = False) -> str:
    thoughts = ThoughtFilter(begins_in_thought=begins_in_thought)
    return "".join(thoughts.push(piece) for piece in pieces) + thoughts.flush()


def cut(text: str, size: int) -> list[str]:
    return [text[place : place + size] for place in range(0, len(text), size)]


@pytest.mark.parametrize("text", MARKED)
def test_thoughts_in_every_mark_are_taken_out_wherever_the_pieces_are_cut(text: str) -> None:
    assert {filtered(cut(text, size)) for size in range(1, len(text) + 1)} == {MARKED[text]}


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_let_through_whole(text: str) -> None:
    assert {filtered(cut(text, size)) for size in range(1, len(text) + 1)} == {text}


MARKS = ("<think>", "</think>", "<THINKING>", "[THINK]", "[/THINK]", "◁think▷", "<|channel|>", "<|message|>", "<|end|>",
         "<|start|>", "final", "analysis", "<|im_end|>", "assistantfinal", "</s>", "```", "\n", " ", "<answer>",
         '<think time="3">', '<think a="[', "<think ", "</think >", "</answer>")  # fmt: skip


@given(st.lists(st.sampled_from(MARKS) | st.text("<>[]/|thinkTHINK anlysis`\n", max_size=6), max_size=12))
def test_how_a_text_is_cut_changes_nothing(pieces: list[str]) -> None:
    assert filtered(pieces) == filtered(["".join(pieces)]) == filtered(list("".join(pieces)))


@given(st.text("abc <>[].,\n", max_size=60).map(lambda text: "x" + text))
def test_text_without_marks_is_held_back_for_a_few_characters_at_the_most(text: str) -> None:
    thoughts = ThoughtFilter()
    let_out = ""
    for place, letter in enumerate(text, 1):
        let_out += thoughts.push(letter)
        assert text[:place].startswith(let_out)
        assert place - len(let_out) <= 2
    assert let_out + thoughts.flush() == text


@given(st.lists(st.text("abc. ", min_size=1, max_size=8), min_size=1, max_size=6))
def test_a_thought_that_was_never_opened_is_taken_out_of_a_model_that_is_known_for_it(pieces: list[str]) -> None:
    assert filtered([*pieces, "</thi", "nk>", "Nice day."], begins_in_thought=True) == "Nice day."
    assert filtered([*pieces, "Nice day."], begins_in_thought=True) == ("".join(pieces) + "Nice day.").lstrip()


def test_the_marks_around_an_answer_are_left_out_where_a_thought_was_awaited() -> None:
    assert filtered(["Hm.</think>", "<answer>", "Nice day.</answer>"], begins_in_thought=True) == "Nice day."
    assert filtered(["<answer>", "Nice day.</answer>"], begins_in_thought=True) == "Nice day."


def test_a_thought_that_was_never_opened_is_noticed() -> None:
    thoughts = ThoughtFilter()
    said = thoughts.push("A greeting is due. </think>Nice day.") + thoughts.flush()
    assert thoughts.closed_unopened
    assert said.split("\n\n") == ["A greeting is due. ", "Nice day."]


def test_a_closing_mark_before_any_text_is_no_sign_of_that() -> None:
    thoughts = ThoughtFilter()
    assert thoughts.push("\n</think>\n\nNice day.") == "Nice day."
    assert not thoughts.closed_unopened


def test_an_answer_that_its_limit_cut_within_a_thought_has_none_of_it() -> None:
    thoughts = ThoughtFilter(begins_in_thought=True)
    assert thoughts.push("Hm, a greeting") + thoughts.flush(cut=True) == ""
    assert thoughts.thinks


@pytest.mark.parametrize(
    ("model", "thinks"),
    [("deepseek-r1:7b", True), ("QwQ-32B", True), ("qwen3-4b-thinking-2507", True), ("magistral-small", True),
     ("llama3", False), ("qwen2.5-coder", False), ("star1ight", False)],
)  # fmt: skip
def test_models_that_begin_in_a_thought_are_known_by_their_names(model: str, thinks: bool) -> None:
    assert may_begin_with_thought(model) == thinks
