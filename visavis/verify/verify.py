"""Makes every decision of a conversation again, in the order of the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bus.events import CharacterCreated, ConversationCopied, Event
from projections.conversation import Conversation
from visavis.verify.decisions import Decision
from visavis.verify.folds import fold_decisions
from visavis.verify.interruptions import interruption_decisions
from visavis.verify.listening import listening_decisions
from visavis.verify.playing import playing_decisions
from visavis.verify.words import answer_decisions


def verify(
    facts: Sequence[tuple[int, Event]],
    *,
    characters: Mapping[str, CharacterCreated] | None = None,
    stored: Conversation | None = None,
    redacted: bool = False,
) -> list[Decision]:
    """All decisions of one conversation, each made again from the log alone.

    Args:
        facts: of the conversation, with their stream sequences, in order.
        characters: those of the log; None: unknown.
        stored: the conversation as a read model has it.
        redacted: the words are unreadable.
    """
    first: dict[str, tuple[int, Event]] = {}
    for seq, event in facts:
        first.setdefault(event.id, (seq, event))  # of a fact that is on the log twice, the first counts
    facts = list(first.values())
    copied = [event.body for _, event in facts if isinstance(event.body, ConversationCopied)]
    redacted = redacted or any(one.redacted for one in copied)
    found = [*listening_decisions(facts), *fold_decisions(facts, stored)]
    if not any(one.how == "rerun" for one in copied):  # a rerun has other words, and nobody has heard its answers
        found += [
            *playing_decisions(facts),
            *interruption_decisions(facts, redacted=redacted),
            *answer_decisions(facts, characters, redacted=redacted),
        ]
    return sorted(found, key=lambda one: one.seq)
