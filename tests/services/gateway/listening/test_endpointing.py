"""Where phrases begin and end, told window by window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.listening.completeness import Completeness, completeness
from services.gateway.listening.endpointing import (
    LONGEST,
    PRE_ROLL,
    WINDOW,
    Boundary,
    Ended,
    Endpointer,
    Started,
)


def run(endpointer: Endpointer, *parts: tuple[float, int]) -> list[tuple[int, Boundary]]:
    """Push probabilities, each for so many windows; gives every boundary with the number of its window."""
    found: list[tuple[int, Boundary]] = []
    window = 0
    for probability, count in parts:
        for _ in range(count):
            window += 1
            found += [(window, boundary) for boundary in endpointer.push(probability)]
    return found


def started(*, silent_windows: int = 50, wait_ms: int = 510) -> Endpointer:
    """An endpointer in the middle of a phrase of 20 windows."""
    endpointer = Endpointer(wait_ms)
    run(endpointer, (0.0, silent_windows), (0.9, 20))
    assert endpointer.speaking
    return endpointer


def windows_until_end(endpointer: Endpointer) -> int:
    """Silent windows until the phrase is over."""
    for window in range(1, 100):
        if endpointer.push(0.0):
            return window
    raise AssertionError("the phrase never ended")


def test_a_phrase_is_found_with_its_pre_roll_and_its_end() -> None:
    found = run(Endpointer(510), (0.0, 50), (0.9, 20), (0.0, 40))
    assert found == [
        (56, Started(50 * WINDOW - PRE_ROLL)),
        (87, Ended(speech_ended=70 * WINDOW, reason="silence")),
    ]


def test_a_knock_is_no_phrase() -> None:
    assert run(Endpointer(), (0.0, 20), (1.0, 4), (0.0, 20), (1.0, 5), (0.0, 20)) == []


def test_speech_with_a_hole_in_its_first_quarter_second_is_an_onset_at_its_first_window() -> None:
    found = run(Endpointer(), (0.0, 30), (0.9, 3), (0.1, 2), (0.9, 3))
    assert found == [(38, Started(30 * WINDOW - PRE_ROLL))]


def test_the_pre_roll_begins_no_earlier_than_the_stream() -> None:
    assert run(Endpointer(), (0.9, 6)) == [(6, Started(0))]


def test_a_pause_shorter_than_the_wait_belongs_to_the_phrase() -> None:
    found = run(Endpointer(510), (0.9, 20), (0.0, 15), (0.9, 20), (0.0, 20))
    assert [boundary for _, boundary in found] == [Started(0), Ended(55 * WINDOW, "silence")]


def test_a_single_loud_window_does_not_prolong_the_wait() -> None:
    found = run(Endpointer(510), (0.9, 20), (0.0, 10), (0.9, 1), (0.0, 20))
    assert found[-1] == (37, Ended(20 * WINDOW, "silence"))


def test_a_voice_that_fades_goes_on_until_the_lower_threshold() -> None:
    endpointer = Endpointer(510)
    found = run(endpointer, (0.9, 20), (0.4, 10), (0.2, 20))
    assert found[-1][1] == Ended(30 * WINDOW, "silence")


def test_a_complete_sentence_ends_after_300_ms() -> None:
    endpointer = started()
    endpointer.hint("what time is it")
    assert windows_until_end(endpointer) == 10


def test_a_complete_sentence_heard_during_the_silence_ends_at_once() -> None:
    endpointer = started()
    run(endpointer, (0.0, 12))
    endpointer.hint("what time is it")
    assert windows_until_end(endpointer) == 1


def test_an_unfinished_sentence_is_waited_for_900_ms() -> None:
    endpointer = started()
    endpointer.hint("i would like to know about the")
    assert windows_until_end(endpointer) == 30


def test_a_text_that_lags_behind_the_speech_does_not_cut_it_short() -> None:
    endpointer = started()
    endpointer.hint("what time is it")
    run(endpointer, (0.9, 10))
    assert windows_until_end(endpointer) == 17


def test_a_hint_of_the_phrase_before_is_forgotten() -> None:
    endpointer = started()
    endpointer.hint("tell me about the")
    windows_until_end(endpointer)
    endpointer.hint("tell me about the")
    run(endpointer, (0.9, 20))
    assert windows_until_end(endpointer) == 17


@pytest.mark.parametrize(("partial", "windows"), [("ça va", 17), ("ça va?", 10), ("je voudrais,", 30)])
def test_of_hints_in_another_language_only_the_marks_count(partial: str, windows: int) -> None:
    endpointer = Endpointer(510, language="fr")
    run(endpointer, (0.9, 20))
    endpointer.hint(partial)
    assert windows_until_end(endpointer) == windows


def test_a_detector_with_other_windows_gives_positions_in_samples_all_the_same() -> None:
    found = run(Endpointer(512, window=512), (0.0, 50), (0.9, 20), (0.0, 40))
    assert found == [(56, Started(50 * 512 - PRE_ROLL)), (86, Ended(70 * 512, "silence"))]


def test_a_wait_shorter_than_300_ms_is_not_made_longer_by_a_complete_sentence() -> None:
    endpointer = started(wait_ms=210)
    endpointer.hint("what time is it")
    assert windows_until_end(endpointer) == 7


def test_a_phrase_of_thirty_seconds_is_cut_and_the_next_one_does_not_overlap_it() -> None:
    found = [boundary for _, boundary in run(Endpointer(), (0.9, 1100), (0.0, 40))]
    assert found == [
        Started(0),
        Ended(LONGEST, "too_long"),
        Started(LONGEST),
        Ended(1100 * WINDOW, "silence"),
    ]


def test_a_muted_microphone_ends_the_phrase() -> None:
    endpointer = started()
    assert endpointer.stop("muted") == Ended(70 * WINDOW, "muted")
    assert endpointer.stop("muted") is None
    assert not endpointer.speaking


@given(st.lists(st.floats(0, 1), max_size=400))
def test_starts_and_ends_take_turns_and_never_overlap(probabilities: list[float]) -> None:
    endpointer = Endpointer(90)
    boundaries = [boundary for probability in probabilities for boundary in endpointer.push(probability)]
    free_from = 0
    for place, boundary in enumerate(boundaries):
        assert isinstance(boundary, Ended if place % 2 else Started)
        if isinstance(boundary, Started):
            assert boundary.sample >= free_from
            free_from = boundary.sample
        else:
            assert free_from < boundary.speech_ended <= len(probabilities) * WINDOW
            free_from = boundary.speech_ended


@pytest.mark.parametrize(
    "text",
    ["what time is it", "Goodbye", "yes", "thank you", "tell me a story", "I am fine.", "stop", "good morning"],
)
def test_these_read_complete(text: str) -> None:
    assert completeness(text) == "complete"


@pytest.mark.parametrize(
    "text",
    ["tell me about the", "i think that", "um", "what is", "well", "hello,", "I want...", "because", "i would like to"],
)
def test_these_read_unfinished(text: str) -> None:
    assert completeness(text) == "unfinished"


@pytest.mark.parametrize("text", ["", "  ", "story", "what are you thinking about", "seven eight"])
def test_of_these_nothing_can_be_said(text: str) -> None:
    assert completeness(text) == "open"


@pytest.mark.parametrize(
    "text",
    ["I would like to know about the.", "Well, um.", "Tell me about, uh", "Because."],
)
def test_a_full_stop_after_a_word_that_ends_no_sentence_is_not_believed(text: str) -> None:
    assert completeness(text) == "unfinished"


@pytest.mark.parametrize("text", ["Who is she with?", "What is this for?", "Turn it on."])
def test_a_mark_after_other_small_words_is(text: str) -> None:
    assert completeness(text) == "complete"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wie spät ist es?", "complete"),
        ("ja", "complete"),
        ("ich möchte gerne", "open"),
        ("ich möchte", "unfinished"),
        ("Erzähl mir von der.", "unfinished"),
        ("Ich, ähm.", "unfinished"),
    ],
)
def test_german_reads_so(text: str, expected: str) -> None:
    assert completeness(text, "de-DE") == expected


def test_a_phrase_may_be_over_once_all_is_understood_and_nothing_is_said() -> None:
    endpointer = started()
    endpointer.hint("what time is it")
    assert not endpointer.may_be_over
    run(endpointer, (0.0, 3))
    assert not endpointer.may_be_over  # 90 ms: between two words
    run(endpointer, (0.0, 1))
    assert endpointer.may_be_over
    run(endpointer, (0.9, 2))
    assert not endpointer.may_be_over


def test_a_phrase_whose_last_words_are_not_understood_yet_is_not_taken_for_over() -> None:
    endpointer = started()
    endpointer.hint("what time")
    run(endpointer, (0.9, 20), (0.0, 6))
    assert not endpointer.may_be_over
    endpointer.hint("what time is it")
    assert endpointer.may_be_over


def test_half_a_sentence_is_not_taken_for_over() -> None:
    endpointer = started()
    run(endpointer, (0.0, 6))
    endpointer.hint("i would like to go to the")
    assert not endpointer.may_be_over


@pytest.mark.parametrize(
    ("words", "sounds", "windows"),
    [
        ("what time is it", "complete", 10),
        ("what time is it", "open", 10),
        ("what time is it", "unfinished", 17),
        ("i would like to go to the", "unfinished", 30),
        ("i would like to go to the", "complete", 17),
        ("", "complete", 10),
        ("", "unfinished", 30),
    ],
)
def test_words_and_sound_decide_together_and_not_where_they_disagree(
    words: str, sounds: Completeness, windows: int
) -> None:
    endpointer = started()
    endpointer.hint(words)
    run(endpointer, (0.0, 7))
    assert endpointer.silent_since == 70 * WINDOW
    endpointer.sounds(sounds, 70 * WINDOW)
    assert 7 + windows_until_end(endpointer) == windows


def test_a_judgement_of_an_earlier_silence_does_not_count() -> None:
    endpointer = started()
    run(endpointer, (0.0, 7), (0.9, 10))
    assert endpointer.silent_since is None
    endpointer.sounds("unfinished", 70 * WINDOW)
    assert windows_until_end(endpointer) == 17
