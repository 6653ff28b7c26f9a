"""Two states of a projection are compared field by field."""

from __future__ import annotations

import msgspec

from projections.conversation import Conversation, fold
from projections.differences import Difference, differences, readable
from tests.projections.every_fact import log


def state(until: int) -> object:
    conversation = Conversation(id="c1")
    for seq, event in log():
        if seq <= until:
            conversation = fold(conversation, seq, event)
    return msgspec.to_builtins(conversation)


def test_equal_states_do_not_differ() -> None:
    assert list(differences(state(60), state(60))) == []


def test_items_are_compared_by_what_names_them_and_not_by_their_place() -> None:
    before = {"turns": [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}]}
    after = {"turns": [{"id": "b", "text": "z"}, {"id": "c", "text": "new"}]}
    assert list(differences(before, after)) == [
        Difference(path=("turns", "a"), before={"id": "a", "text": "x"}, kind="removed"),
        Difference(path=("turns", "b", "text"), before="y", after="z"),
        Difference(path=("turns", "c"), after={"id": "c", "text": "new"}, kind="added"),
    ]


def test_differences_are_read_turn_by_turn() -> None:
    last = max(seq for seq, _ in log())
    before = min(seq for seq, event in log() if event.turn == "t4") - 1
    lines = list(readable(list(differences(state(before), state(last)))))
    turns = [line for line in lines if line.startswith("turn ")]
    assert len(turns) == len(set(turns))  # each turn is named once
    assert "~ title: 'What is the time' → 'Lighthouses'" in lines
    place = lines.index("turn t3")
    assert lines[place + 1 : place + 3] == [
        "  ~ person.text: '' → 'can you hear me'",
        "  ~ person.state: 'discarded' → 'final'",
    ]
    assert any(line.startswith("+ turns.t4: {id 't4', at 44000000, person {kind 'speech', text") for line in lines)


def test_values_that_appear_or_vanish_are_told() -> None:
    assert list(readable(list(differences({"a": 1, "b": None}, {"b": {"c": 2}, "d": [1, "x"]})))) == [
        "- a: 1",
        "~ b: None → {c 2}",
        "+ d: [1, 'x']",
    ]
