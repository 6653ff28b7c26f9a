"""The turns that something happened in lately, and where each of them is."""

from __future__ import annotations

import pytest

from bus.events import CommandRecognised, Event, Fact, MessageReceived, PlaybackFinished, PlaybackProgress, ReplyEnded
from projections.replay.build import build_timeline
from projections.replay.recent_turns import RecentTurn, RecentTurns, Stage
from tests.projections.replay.conversations import BEGAN, CONVERSATION, facts, interruption, opening, spoken_turn

SECOND = 1_000_000


def recent(events: list[tuple[int, Event]], quiet: int = 60 * SECOND) -> RecentTurns:
    turns = RecentTurns(quiet)
    for seq, event in events:
        turns.add(seq, event.at, event)
    return turns


def turn_of(*bodies: Fact) -> RecentTurn:
    events = [
        (seq, Event(id=f"e{seq}", at=BEGAN + seq * SECOND, conversation="c", turn="t", body=body))
        for seq, body in enumerate(bodies, 1)
    ]
    [turn] = recent(events)
    return turn


def test_the_steps_are_those_of_the_conversations_timeline() -> None:
    events = [*opening(), *facts("t1", spoken_turn(), interruption(), first=3)]
    [turn] = recent(events)
    [expected] = build_timeline(CONVERSATION, events).turns
    assert (turn.timeline(), turn.conversation, turn.first_sequence, turn.character, turn.is_whole) == (
        expected, CONVERSATION, 3, "ada", True
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, Stage("speaking", BEGAN + 450_000, None)),
        (2, Stage("transcript", BEGAN + 2_000_000, None)),
        (3, Stage("first_sentence", BEGAN + 2_060_000, None)),
        (5, Stage("writing", BEGAN + 2_080_000, None)),
        (7, Stage("first_audio", BEGAN + 2_080_000, 0)),
        (8, Stage("synthesis", BEGAN + 2_150_000, 0)),
        (9, Stage("playback", BEGAN + 2_170_000, 0)),
        (16, Stage("playback", BEGAN + 3_300_000, 1)),
    ],
)
def test_a_turn_is_at_the_step_that_began_last(count: int, expected: Stage) -> None:
    [turn] = recent(list(facts("t1", spoken_turn()))[:count])
    assert turn.stage() == expected


def test_a_turn_is_over_when_it_was_interrupted_or_has_nothing_left_to_do() -> None:
    [interrupted] = recent(list(facts("t1", spoken_turn(), interruption())))
    assert interrupted.stage() is None
    written = MessageReceived(message="m", text="hello")
    assert turn_of(written).stage() == Stage("first_sentence", BEGAN + SECOND, None)
    assert turn_of(written, ReplyEnded(reply="r", sentences=0)).stage() is None
    assert turn_of(written, CommandRecognised(name="stop")).stage() is None


def test_a_turn_whose_beginning_is_not_known_is_not_whole() -> None:
    assert not turn_of(ReplyEnded(reply="r", sentences=0)).is_whole


def test_progress_is_kept_once() -> None:
    def progress(samples: int) -> PlaybackProgress:
        return PlaybackProgress(session="w", speech="s", reply="r", index=0, samples=samples)

    finished = PlaybackFinished(session="w", speech="s", reply="r", index=0, samples=3, complete=True)
    turn = turn_of(progress(1), progress(2), finished)
    assert [one.body for one in turn.facts] == [progress(2), finished]
    assert turn.last_sequence == 3


def test_quiet_turns_are_taken_out_the_oldest_first() -> None:
    turns = RecentTurns(10)
    body = MessageReceived(message="m", text="hello")
    for seq, (turn, stored) in enumerate([("a", 0), ("b", 5), ("a", 8), (None, 9)], 1):
        turns.add(seq, stored, Event(id=f"e{seq}", at=0, conversation="c", turn=turn, body=body))
    assert turns.pop_quiet(14) == []
    assert [one.id for one in turns.pop_quiet(18)] == ["b", "a"]
    assert list(turns) == []
