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
    redacted = redacted or any(isinstance(event.body, ConversationCopied) and event.body.redacted for _, event in facts)
    found = [
        *listening_decisions(facts),
        *playing_decisions(facts),
        *interruption_decisions(facts, redacted=redacted),
        *answer_decisions(facts, characters, redacted=redacted),
        *fold_decisions(facts, stored),
    ]
    return sorted(found, key=lambda one: one.seq)
