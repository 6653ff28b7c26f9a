"""Folds a conversation again: from what a restart would read at each fact, and against what the gateway has stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from projections.conversation import Conversation, fold, fold_all
from projections.replay.build import TimelineBuilder, build_timeline
from projections.view import changes, view
from visavis.verify.decisions import Decision, Fact, compared

_CONVERSATION = "the conversation after a restart, and on the page"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Conversation).decode


def fold_decisions(facts: Sequence[Fact], stored: Conversation | None) -> Iterator[Decision]:
    """Whether each fold comes to the same, however it gets there.

    Args:
        stored: the conversation as a read model has it, which may lack the newest facts; None: there is none.
    """
    if not facts:
        return
    yield from _resumed(facts)
    conversation = facts[0][1].conversation
    builder = TimelineBuilder(conversation)
    for seq, event in facts:
        builder.add(seq, event)
    whole = build_timeline(conversation, facts)
    seq, event = facts[-1]
    told = _same(builder.timeline() == whole, ": built at once it is another one")
    yield compared("fold", seq, event, "the timeline", f"the timeline{told}")
    if stored is not None:
        known = [fact for fact in facts if fact[0] <= stored.seq]
        seq, event = known[-1] if known else facts[0]
        folded = fold_all(Conversation(id=conversation), known)
        told = "" if folded == stored else f": {_difference(stored, folded)}"
        yield compared("fold", seq, event, "the read model's conversation", f"the read model's conversation{told}")


def _resumed(facts: Sequence[Fact]) -> Iterator[Decision]:
    """Where a turn begins, and at the end: the conversation as after a restart, and as a page has it that is told only
    what each fact has changed."""
    state = resumed = Conversation(id=facts[0][1].conversation)
    page = list(view(state).turns)
    for place, (seq, event) in enumerate(facts, start=1):
        before, state, resumed = state, fold(state, seq, event), fold(resumed, seq, event)
        for changed in changes(before, state).turns or ():
            page[changed.place : changed.place + 1] = [changed.turn]
        if len(state.turns) > len(before.turns) or place == len(facts):
            told = "" if resumed == state else f": {_difference(resumed, state)}"
            told += _same(tuple(page) == view(state).turns, ": the page shows something else")
            yield compared("fold", seq, event, _CONVERSATION, f"{_CONVERSATION}{told}")
            resumed = _decode(_encode(state))


def _same(equal: bool, otherwise: str) -> str:
    return "" if equal else otherwise


def _difference(one: Conversation, other: Conversation) -> str:
    """The first field in which two conversations differ."""
    for field in msgspec.structs.fields(Conversation):
        if getattr(one, field.name) != getattr(other, field.name):
            return f"{field.name} differs"
    return ""
