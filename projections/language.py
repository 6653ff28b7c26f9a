"""The language that a person last used in a conversation."""

from __future__ import annotations

from projections.conversation import Conversation


def language_in_use(conversation: Conversation, *, before_turn: str | None = None) -> str:
    """The BCP-47 tag of the language that the person last used, at first the one of the conversation.

    Args:
        before_turn: id of a turn; what was said before it only.
    """
    language = conversation.language
    for turn in conversation.turns:
        if turn.id == before_turn:
            break
        if turn.reply is not None and turn.reply.language:
            language = turn.reply.language
    return language
