"""Where utterances start and end, with synthetic probabilities and partial transcripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.listening.completeness import completeness
from services.gateway.listening.endpointing import (
    MAX_UTTERANCE,
    PRE_ROLL,
    WINDOW,
    Boundary,
    EndOfSpeech,
    Endpointer,
    StartOfSpeech,
)


def run(endpointer: Endpointer, *parts: tuple[float, int]) -> list[tuple[int, Boundary]]:
    """Push each probability for so many windows; returns every boundary with the number of its window."""
    found: list[tuple[int, Boundary]] = []
    window = 0
    for probability, count in parts:
        for _ in range(count):
            window += 1
            if (boundary := endpointer.push(probability)) is not None:
                found.append((window, boundary))
    return found


def in_utterance(*, silent_windows: int = 50, silence_ms: int = 510) -> Endpointer:
    """An endpointer after 20 windows of speech."""
    endpointer = Endpointer(silence_ms)
    run(endpointer, (0.0, silent_windows), (0.9, 20))
    assert endpointer.in_utterance
    return endpointer


def windows_until_end(endpointer: Endpointer) -> int:
    """Silent windows until the utterance ends."""
    for window in range(1, 100):
        if endpointer.push(0.0):
            return window
    raise AssertionError("the utterance never ended")


def test_an_utterance_has_its_pre_roll_and_its_end() -> None:
    found = run(Endpointer(510), (0.0, 50), (0.9, 20), (0.0, 40))
    assert found == [
        (56, StartOfSpeech(50 * WINDOW - PRE_ROLL)),
        (87, EndOfSpeech(speech_ended=70 * WINDOW, reason="silence")),
    ]


def test_a_knock_is_no_utterance() -> None:
    assert run(Endpointer(), (0.0, 20), (1.0, 4), (0.0, 20), (1.0, 5), (0.0, 20)) == []


def test_speech_with_a_short_gap_is_an_onset_at_its_first_window() -> None:
    found = run(Endpointer(), (0.0, 30), (0.9, 3), (0.1, 2), (0.9, 3))
    assert found == [(38, StartOfSpeech(30 * WINDOW - PRE_ROLL))]


def test_the_pre_roll_begins_no_earlier_than_the_stream() -> None:
    assert run(Endpointer(), (0.9, 6)) == [(6, StartOfSpeech(0))]


def test_a_pause_shorter_than_the_required_silence_belongs_to_the_utterance() -> None:
    found = run(Endpointer(510), (0.9, 20), (0.0, 15), (0.9, 20), (0.0, 20))
    assert [boundary for _, boundary in found] == [StartOfSpeech(0), EndOfSpeech(55 * WINDOW, "silence")]


def test_a_single_loud_window_does_not_interrupt_the_silence() -> None:
    found = run(Endpointer(510), (0.9, 20), (0.0, 10), (0.9, 1), (0.0, 20))
    assert found[-1] == (37, EndOfSpeech(20 * WINDOW, "silence"))


def test_a_voice_that_fades_goes_on_until_the_lower_threshold() -> None:
    endpointer = Endpointer(510)
    found = run(endpointer, (0.9, 20), (0.4, 10), (0.2, 20))
    assert found[-1][1] == EndOfSpeech(30 * WINDOW, "silence")


def test_a_complete_sentence_ends_after_300_ms() -> None:
    endpointer = in_utterance()
    endpointer.set_partial("what time is it")
    assert windows_until_end(endpointer) == 10


def test_a_complete_sentence_heard_during_the_silence_ends_at_once() -> None:
    endpointer = in_utterance()
    run(endpointer, (0.0, 12))
    endpointer.set_partial("what time is it")
    assert windows_until_end(endpointer) == 1


def test_an_unfinished_sentence_ends_later_than_one_that_tells_nothing() -> None:
    endpointer = in_utterance()
    endpointer.set_partial("i would like to know about the")
    assert windows_until_end(endpointer) == 30


def test_a_partial_transcript_that_lags_behind_the_speech_does_not_shorten_the_silence() -> None:
    endpointer = in_utterance()
    endpointer.set_partial("what time is it")
    run(endpointer, (0.9, 10))
    assert windows_until_end(endpointer) == 17


def test_a_partial_transcript_of_the_previous_utterance_does_not_count() -> None:
    endpointer = in_utterance()
    endpointer.set_partial("tell me about the")
    windows_until_end(endpointer)
    endpointer.set_partial("tell me about the")
    run(endpointer, (0.9, 20))
    assert windows_until_end(endpointer) == 17


@pytest.mark.parametrize(("partial", "windows"), [("ça va", 17), ("ça va?", 10), ("je voudrais,", 30)])
def test_in_a_language_without_word_lists_only_punctuation_counts(partial: str, windows: int) -> None:
    endpointer = Endpointer(510, language="fr")
    run(endpointer, (0.9, 20))
    endpointer.set_partial(partial)
    assert windows_until_end(endpointer) == windows


def test_positions_are_in_samples_whatever_the_window() -> None:
    found = run(Endpointer(512, window=512), (0.0, 50), (0.9, 20), (0.0, 40))
    assert found == [(56, StartOfSpeech(50 * 512 - PRE_ROLL)), (86, EndOfSpeech(70 * 512, "silence"))]


def test_a_complete_sentence_does_not_lengthen_a_silence_under_300_ms() -> None:
    endpointer = in_utterance(silence_ms=210)
    endpointer.set_partial("what time is it")
    assert windows_until_end(endpointer) == 7


def test_an_utterance_of_thirty_seconds_is_cut_and_the_next_one_does_not_overlap_it() -> None:
    found = [boundary for _, boundary in run(Endpointer(), (0.9, 1100), (0.0, 40))]
    assert found == [
        StartOfSpeech(0),
        EndOfSpeech(MAX_UTTERANCE, "too_long"),
        StartOfSpeech(MAX_UTTERANCE),
        EndOfSpeech(1100 * WINDOW, "silence"),
    ]


def test_a_muted_microphone_ends_the_utterance() -> None:
    endpointer = in_utterance()
    assert endpointer.stop("muted") == EndOfSpeech(70 * WINDOW, "muted")
    assert endpointer.stop("muted") is None
    assert not endpointer.in_utterance


@given(st.lists(st.floats(0, 1), max_size=400))
def test_starts_and_ends_alternate_and_never_overlap(probabilities: list[float]) -> None:
    endpointer = Endpointer(90)
    boundaries = [boundary for probability in probabilities if (boundary := endpointer.push(probability)) is not None]
    free_from = 0
    for place, boundary in enumerate(boundaries):
        assert isinstance(boundary, EndOfSpeech if place % 2 else StartOfSpeech)
        if isinstance(boundary, StartOfSpeech):
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
def test_these_read_undecided(text: str) -> None:
    assert completeness(text) == "undecided"


@pytest.mark.parametrize(
    "text",
    ["I would like to know about the.", "Well, um.", "Tell me about, uh", "Because."],
)
def test_a_full_stop_after_a_word_that_ends_no_sentence_does_not_count(text: str) -> None:
    assert completeness(text) == "unfinished"


@pytest.mark.parametrize("text", ["Who is she with?", "What is this for?", "Turn it on."])
def test_punctuation_after_other_small_words_counts(text: str) -> None:
    assert completeness(text) == "complete"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wie spät ist es?", "complete"),
        ("ja", "complete"),
        ("ich möchte gerne", "undecided"),
        ("ich möchte", "unfinished"),
        ("Erzähl mir von der.", "unfinished"),
        ("Ich, ähm.", "unfinished"),
    ],
)
def test_german_reads_like_this(text: str, expected: str) -> None:
    assert completeness(text, "de-DE") == expected


def test_an_utterance_may_have_ended_once_the_person_is_silent_and_the_transcript_is_current() -> None:
    endpointer = in_utterance()
    endpointer.set_partial("what time is it")
    assert not endpointer.may_have_ended
    run(endpointer, (0.0, 3))
    assert not endpointer.may_have_ended  # 90 ms: between two words
    run(endpointer, (0.0, 1))
    assert endpointer.may_have_ended
    run(endpointer, (0.9, 2))
    assert not endpointer.may_have_ended


def test_an_utterance_with_words_missing_from_the_transcript_has_not_ended() -> None:
    endpointer = in_utterance()
    endpointer.set_partial("what time")
    run(endpointer, (0.9, 20), (0.0, 6))
    assert not endpointer.may_have_ended
    endpointer.set_partial("what time is it")
    assert endpointer.may_have_ended


def test_half_a_sentence_has_not_ended() -> None:
    endpointer = in_utterance()
    run(endpointer, (0.0, 6))
    endpointer.set_partial("i would like to go to the")
    assert not endpointer.may_have_ended


def silent_windows(text: str, sound: float | None) -> int:
    """Silent windows until an utterance ends whose words and sound are known after seven of them."""
    endpointer = in_utterance()
    run(endpointer, (0.0, 7))
    if text:
        endpointer.set_partial(text)
    assert endpointer.silent_since == 70 * WINDOW
    if sound is not None:
        endpointer.set_turn_end(sound, 70 * WINDOW)
    return 7 + windows_until_end(endpointer)


@pytest.mark.parametrize("text", ["", "what time is it", "i would like to go to the", "no, no,"])
def test_the_surer_the_sound_the_sooner_the_end(text: str) -> None:
    waits = [silent_windows(text, probability) for probability in (0.01, 0.2, 0.5, 0.8, 0.99)]
    assert waits == sorted(waits, reverse=True)
    assert waits[0] > waits[-1]


def test_words_and_sound_that_agree_end_an_utterance_at_once_and_half_a_sentence_waits_long() -> None:
    assert silent_windows("what time is it", 0.98) == 8
    assert silent_windows("", None) == 17
    assert silent_windows("i would like to go to the", 0.02) > 45


def test_words_alone_and_sound_alone_end_an_utterance_no_sooner_than_after_300_ms() -> None:
    assert silent_windows("", 0.99) == 10
    assert silent_windows("yes", None) == 10


def test_a_judgement_of_an_earlier_silence_is_ignored() -> None:
    endpointer = in_utterance()
    run(endpointer, (0.0, 7), (0.9, 10))
    assert endpointer.silent_since is None
    endpointer.set_turn_end(0.01, 70 * WINDOW)
    assert windows_until_end(endpointer) == 17


def speak(endpointer: Endpointer, pause: int, phrases: int) -> None:
    """Phrases with a pause of so many windows inside; the last one is under way."""
    for _ in range(phrases):
        run(endpointer, (0.9, 20), (0.0, pause), (0.9, 20), (0.0, 60))
    run(endpointer, (0.9, 20))


def wait_after(pause: int) -> int:
    """Windows that a doubtful end takes after six phrases with such pauses."""
    endpointer = Endpointer(510)
    speak(endpointer, pause, 6)
    run(endpointer, (0.0, 6))
    endpointer.set_partial("tell me about stories")
    endpointer.set_turn_end(0.2, endpointer.silent_since or 0)
    return 6 + windows_until_end(endpointer)


def test_a_speaker_who_pauses_inside_phrases_is_given_more_time() -> None:
    assert wait_after(pause=12) > wait_after(pause=3)


def test_a_speaker_who_was_cut_is_given_more_time() -> None:
    assert wait_after(pause=20) > wait_after(pause=3)
