"""What a recogniser is told before it listens: the names that may come, and what was said before."""

from __future__ import annotations

from collections import OrderedDict

from bus.work.service import Reader
from projections.characters import visible_to
from projections.conversation import Conversation, Message, fold_all, heard_messages
from services.characters import current_characters

REMEMBERED = 256
"""Conversations kept in memory as they are; of others all facts are read again."""
LONGEST = 240
"""Characters of what was said before: the last two or three sentences."""


class Said:
    """Follows the conversations that somebody speaks in."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Conversation] = OrderedDict()

    async def prompt(self, conversation: str, reader: Reader) -> str:
        """Names and last words of a conversation, as a text that could stand before what comes."""
        state = self._known.pop(conversation, None) or Conversation(id=conversation)
        state = fold_all(state, await reader.facts(conversation, after=state.seq))
        self._known[conversation] = state
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        characters = visible_to(state.person, await current_characters(reader))
        return prompt_of([one.name for one in characters.values()], heard_messages(state))


def prompt_of(names: list[str], messages: list[Message]) -> str:
    """Pure part of `Said.prompt`.

    The names come first and the newest words last: of a prompt that is too long a recogniser reads the end.
    """
    said = ""
    for message in reversed(messages[-4:]):
        longer = f"{message.text.strip()} {said}".strip()
        if len(longer) > LONGEST:
            break
        said = longer
    listed = f"Visavis, {', '.join(names)}." if names else ""
    return f"{listed} {said}".strip()
