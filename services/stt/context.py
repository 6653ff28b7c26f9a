"""Recognition context: the prompt that biases a recogniser towards names and recent words of the conversation."""

from __future__ import annotations

from cachetools import LRUCache

from bus.work.service import Reader
from projections.characters import visible_to
from projections.conversation import Conversation, Message, fold_all, heard_messages
from services.characters import current_characters

CACHED_CONVERSATIONS = 256
"""Folded conversations kept in memory; for any other one all facts are read again."""
MAX_HISTORY = 240
"""Characters of recent messages in the prompt: the last two or three sentences."""


class RecognitionContext:
    """Builds recognition prompts from the log; caches the conversations that it has folded."""

    def __init__(self) -> None:
        self._cache: LRUCache[str, Conversation] = LRUCache(CACHED_CONVERSATIONS)

    async def prompt(self, conversation: str, reader: Reader) -> str:
        """The prompt for the next utterance of a conversation."""
        state = self._cache.get(conversation) or Conversation(id=conversation)
        state = fold_all(state, await reader.facts(conversation, after=state.seq))
        self._cache[conversation] = state
        characters = visible_to(state.person, await current_characters(reader))
        return build_prompt([character.name for character in characters.values()], heard_messages(state))


def build_prompt(names: list[str], messages: list[Message]) -> str:
    """Character names, then the newest messages, written as text that could precede the utterance. Pure.

    The newest words come last because a recogniser truncates a long prompt from the front.
    """
    history = ""
    for message in reversed(messages[-4:]):
        longer = f"{message.text.strip()} {history}".strip()
        if len(longer) > MAX_HISTORY:
            break
        history = longer
    name_list = f"Visavis, {', '.join(names)}." if names else ""
    return f"{name_list} {history}".strip()
