"""Mood tags and stage directions are acted and not spoken; all other brackets and emphasis are words."""

from __future__ import annotations

import pytest

from services.dialogue.segmenter import segments_of
from services.dialogue.stage_directions import Acted, act


@pytest.mark.parametrize(
    ("written", "text", "emotion"),
    [
        ("[happy] Hello there.", "Hello there.", "happy"),
        ("[ Happy ]: Hello.", "Hello.", "happy"),
        ("[emotion: SAD] Oh no.", "Oh no.", "sad"),
        ("[mood=angry] No.", "No.", "angry"),
        ("[sad, worried] Oh.", "Oh.", "sad"),
        ("(surprised) Really?", "Really?", "surprised"),
        ("<angry/> Stop it.", "Stop it.", "angry"),
        ("Well done [joy]!", "Well done!", "happy"),
        ("[happy] One [sad] two.", "One two.", "happy"),
        ("[wistful] Long ago.", "Long ago.", "sad"),
        ("[fröhlich] Guten Tag.", "Guten Tag.", "happy"),
        ("[happy]", "", "happy"),
        ("[happy face] Hi.", "Hi.", "happy"),
        ("**[happy]** Hi.", "Hi.", "happy"),
        ("*[Sad]:* Oh.", "Oh.", "sad"),
        ("<happy>Hi.</happy>", "Hi.", "happy"),
    ],
)
def test_a_mood_tag_is_found_in_every_form_that_models_write(written: str, text: str, emotion: str) -> None:
    assert act(written) == Acted(text, text, emotion)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "said", "emotion"),
    [
        ("*waves happily* Hello there!", "Hello there!", "happy"),
        ("(sighs deeply) All right.", "All right.", "sad"),
        ("*smiles* Nice.", "Nice.", "happy"),
        ("*smiles* hello there", "hello there", "happy"),
        ("_laughs_ Good one.", "Good one.", "happy"),
        ("[laughs] Good one.", "Good one.", "happy"),
        ("[chuckles softly] Yes.", "Yes.", "happy"),
        ("*tilts head* Hm.", "Hm.", None),
        ("*leans in and whispers* Listen.", "Listen.", None),
        ("*with a warm smile* Come in.", "Come in.", "happy"),
        ("Well, *sighs* I suppose.", "Well, I suppose.", "sad"),
        ("I know... (sighs) maybe.", "I know... maybe.", "sad"),
        ("That is it. *gasps*", "That is it.", "surprised"),
        ("*lächelt* Hallo.", "Hallo.", "happy"),
        ("*seufzt tief* Na gut.", "Na gut.", "sad"),
        ("*sourit* Bonjour.", "Bonjour.", "happy"),
        ("**waves happily** Hello.", "Hello.", "happy"),
        ("（笑）そうです。", "そうです。", "happy"),
        ("*叹气* 好吧。", "好吧。", "sad"),
        ("(*smiles*) Good.", "Good.", "happy"),
        ("*frowns, then shrugs* Maybe.", "Maybe.", "sad"),
    ],
)
def test_a_direction_stays_in_the_text_and_is_not_spoken(written: str, said: str, emotion: str | None) -> None:
    assert act(written) == Acted(written, said, emotion)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written",
    [
        "Press [Enter] now.",
        "Set it to [normal] mode.",
        "The answer is [none].",
        "The [content] field is empty.",
        "**Smiles** are free.",
        "**Takes** one to know one.",
        "**Laughs per minute** is a measure.",
        "The answer is (none).",
        "The train leaves (platform 8).",
        "(he sighs a lot)",
        "My dog (barks at everything) is fun.",
        "It is *very* important.",
        "*very* important",
        "*Smiles* are free.",
        "She *smiles* a lot.",
        "*always* be kind.",
        "*Look* at this.",
        "I (really) mean it.",
        "It takes 2*3*4 steps [see page 4].",
        "`*smiles*` and `[happy]` are what I write.",
        "See [happy](https://example.org) there.",
        "*Pride and Prejudice* is a novel.",
        "Fill in [your name] here.",
        "[1] is the source.",
        "He was (I think) late.",
        "*The cats* sleep.",
    ],
)
def test_other_brackets_and_emphasis_are_words(written: str) -> None:
    assert act(written) == Acted(written, written, None)


def moods(text: str) -> list[tuple[str, str, str | None]]:
    return [(one.text, one.spoken_text, one.emotion) for one in segments_of(text)]


@pytest.mark.parametrize("apart", ["\n", "\n\n", " ", "\r\n", "  \n"])
def test_a_tag_alone_sets_the_mood_of_what_follows(apart: str) -> None:
    assert moods(f"[sad]{apart}The vase is broken. It was old.") == [
        ("The vase is broken.", "The vase is broken.", "sad"),
        ("It was old.", "It was old.", None),
    ]


def test_a_direction_alone_is_shown_and_sets_the_mood() -> None:
    assert moods("*laughs*\nNo.") == [("*laughs*", "", "happy"), ("No.", "No.", None)]


def test_every_sentence_has_the_direction_before_it() -> None:
    assert moods("*waves happily* Hello there! (sighs deeply) All right.") == [
        ("*waves happily* Hello there!", "Hello there!", "happy"),
        ("(sighs deeply) All right.", "All right.", "sad"),
    ]


def test_a_direction_with_a_stop_in_it_is_not_torn_apart() -> None:
    assert moods("*she smiles. then nods.* Yes.")[0][0].startswith("*she smiles. then nods.*")
