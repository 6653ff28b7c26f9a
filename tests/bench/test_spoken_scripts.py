"""The checks of spoken dialogues find what is wrong, and only that."""

from __future__ import annotations

import pytest

from bench.spoken_scripts import (
    SCRIPTS,
    Check,
    Turn,
    answers,
    commanded,
    count,
    cut,
    every_reply_ended,
    hears,
    nothing_stale,
    turns_of,
    whole,
)
from bus.events import (
    Body,
    Event,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    UtteranceDiscarded,
    UtteranceStarted,
)

FINISHED = PlaybackFinished(session="s", speech="p", reply="r", index=0, samples=1, complete=True)


def log(*bodies: tuple[str, int, Body]) -> list[Turn]:
    """Turns of a log of (turn, time, fact)."""
    return turns_of(
        Event(id=f"e{number}", at=at, conversation="c", turn=turn, body=body)  # type: ignore[arg-type]
        for number, (turn, at, body) in enumerate(bodies)
    )


def answered(turn: str, at: int, question: str, answer: str) -> list[tuple[str, int, Body]]:
    return [
        (turn, at, MessageReceived(message=turn, text=question)),
        (turn, at + 1, ReplyStarted(reply="r", character="ada", engine="companion")),
        (turn, at + 2, ReplySentence(reply="r", index=0, text=answer, character="ada")),
        (turn, at + 3, ReplyEnded(reply="r", sentences=1)),
        (turn, at + 4, PlaybackStarted(session="s", speech="p", reply="r", index=0, video=True)),
        (turn, at + 9, FINISHED),
    ]


def test_a_reply_that_was_played_to_its_end_passes_every_check_of_a_plain_turn() -> None:
    turns = log(*answered("t", 0, "what is your name", "I am Ada."))
    in_turn = (count(1), hears(0, "NAME"), answers(0, "ada"), whole(0), commanded(0, ""))
    assert [check(turns) for check in (*in_turn, nothing_stale, every_reply_ended)] == [""] * 7


@pytest.mark.parametrize(
    "check", [count(2), hears(0, "time"), answers(0, "Milo"), cut(0), commanded(0, "stop"), whole(1)]
)
def test_what_is_not_so_is_said(check: Check) -> None:
    assert check(log(*answered("t", 0, "what is your name", "I am Ada.")))


def test_a_sentence_that_begins_after_the_next_phrase_is_stale() -> None:
    first, second = answered("t1", 0, "what can you do", "A lot."), answered("t2", 3, "what is your name", "I am Ada.")
    assert "what can you do" in nothing_stale(log(*first, *second))


def test_a_reply_without_an_end_is_found_and_an_interrupted_one_is_not() -> None:
    begun = answered("t", 0, "what can you do", "A lot.")[:3]
    assert "what can you do" in every_reply_ended(log(*begun))
    cut_short: tuple[str, int, Body] = ("t", 5, ReplyInterrupted(reply="r", heard="", by="message"))
    assert every_reply_ended(log(*begun, cut_short)) == ""
    assert cut(0)(log(*begun, cut_short)) == ""


def test_a_sound_without_words_is_no_turn() -> None:
    started = UtteranceStarted(utterance="u", session="s")
    assert log(("t", 0, started), ("t", 1, UtteranceDiscarded(utterance="u", reason="no_words"))) == []


def test_scripts_have_names_of_their_own_and_something_to_check() -> None:
    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS) >= 20
    assert all(script.steps and script.checks for script in SCRIPTS)
