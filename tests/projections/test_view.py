"""The page never folds facts: applying the changes that come with them makes the same view."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given

from bus import events
from bus.events import Event, PlaybackProgress
from projections.conversation import Conversation, fold, fold_all
from projections.view import Changes, changes, view
from tests.fakes import event as on_record
from tests.projections import every_fact
from tests.projections.test_naive import Logs

EMPTY = Conversation(id="c")
LOG = every_fact.log()


def plain(value: msgspec.Struct) -> Any:
    """As it is on the wire."""
    return msgspec.json.decode(msgspec.json.encode(value))


def applied(shown: Any, seq: int, changed: Any) -> Any:
    """What the page does (`applyChanges` in its `conversationView.ts`)."""
    turns = list(shown["turns"])
    for one in changed.get("turns", []):
        turns[one["place"] : one["place"] + 1] = [one["turn"]]
    head = {name: value for name, value in changed.items() if name != "turns"}
    return shown | head | {"seq": seq, "turns": turns}


def check(log: list[tuple[int, Event]]) -> None:
    """Applied one after another, the changes make the view after every fact."""
    state = Conversation(id="c")
    shown = plain(view(state))
    for seq, event in log:
        before, state = state, fold(state, seq, event)
        shown = applied(shown, seq, plain(changes(before, state)))
        assert shown == plain(view(state)), f"after {event.body} at {seq}"


def test_every_kind_of_fact_occurs_in_the_log() -> None:
    # Whoever sees a conversation is cut off when it is erased, and finds none: there is no view after that.
    erasing = {events.ConversationErasureRequested, events.ConversationErased}
    assert {type(event.body) for _, event in LOG} == set(events.Fact.__args__) - erasing


def test_the_changes_of_each_fact_make_the_view_after_it() -> None:
    check(LOG)


@given(Logs)
def test_so_they_do_in_any_log(log: list[tuple[int, Event]]) -> None:
    check(log)


@given(Logs)
def test_the_changes_of_many_facts_at_once_make_the_view_after_the_last(log: list[tuple[int, Event]]) -> None:
    middle = len(log) // 2
    before = fold_all(EMPTY, log[:middle])
    after = fold_all(before, log[middle:])
    assert applied(plain(view(before)), after.seq, plain(changes(before, after))) == plain(view(after))


def test_only_what_a_fact_changed_is_sent() -> None:
    seen = set()
    state = EMPTY
    for seq, event in LOG:
        before, state = state, fold(state, seq, event)
        changed = changes(before, state)
        old, new = plain(view(before)), plain(view(state))
        for name in Changes.__struct_fields__:
            assert (name in plain(changed)) == (old[name] != new[name]), f"{name} after {event.body}"
        if changed.turns:
            assert [one.turn.id for one in changed.turns] == [
                turn["id"] for place, turn in enumerate(new["turns"]) if old["turns"][place : place + 1] != [turn]
            ]
        seen.update(plain(changed))
    assert seen == {"title", "character", "faces", "turns"}  # the language is English before and after


def test_a_turn_that_looks_the_same_is_not_sent_again() -> None:
    before = fold_all(EMPTY, LOG)
    progress = PlaybackProgress(session="s1", speech="r1-0", reply="r1", index=0, samples=10**9)
    after = fold(before, before.seq + 1, on_record(progress, turn="t1"))
    assert after.turns != before.turns
    assert changes(before, after) == Changes()
