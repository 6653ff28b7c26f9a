"""Recognition context: what a recogniser may expect, from the names of the characters and recent words of the
conversation."""

from __future__ import annotations

from dataclasses import dataclass

from cachetools import LRUCache

from bus.work.service import Reader
from projections.characters import visible_to
from projections.conversation import Conversation, Message, fold_all, heard_messages
from projections.language import language_in_use
from services.characters import known_characters
from services.command_phrases import Phrase, command_phrases

CACHED_CONVERSATIONS = 256
"""Folded conversations kept in memory; for any other one all facts are read again."""
MAX_HISTORY = 240
"""Characters of recent messages in the prompt: the last two or three sentences."""


MAX_NAMES = 40
"""Characters that a recogniser listens for in commands: each name adds a hundred phrases."""


@dataclass(frozen=True)
class Expected:
    """What a recogniser may expect of the next utterance; see `services.stt.engine.Transcriber.open`."""

    prompt: str = ""
    phrases: tuple[Phrase, ...] = ()
    language: str = ""


class RecognitionContext:
    """Reads from the log what to expect; caches the conversations that it has folded."""

    def __init__(self) -> None:
        self._cache: LRUCache[str, Conversation] = LRUCache(CACHED_CONVERSATIONS)

    async def expected(self, conversation: str, reader: Reader) -> Expected:
        """What to expect of the next utterance of a conversation."""
        state = self._cache.get(conversation) or Conversation(id=conversation)
        state = fold_all(state, await reader.facts(conversation, after=state.seq))
        self._cache[conversation] = state
        characters = visible_to(state.person, await known_characters(reader))
        names = [character.name for character in characters.values()]
        phrases = command_phrases(tuple(names[:MAX_NAMES]))
        return Expected(build_prompt(names, heard_messages(state)), phrases, language_in_use(state))


def build_prompt(names: list[str], messages: list[Message]) -> str:
    """Character names, then the newest messages, written as text that could precede the utterance. Pure.

    The newest words come last because a recogniser truncates a long prompt from the front.
    """
    history = ""
    for message in reversed(messages[-4:]):
        longer = f"{' '.join(message.text.split())} {history}".strip()
        if len(longer) > MAX_HISTORY:
            break
        history = longer
    name_list = f"Visavis, {', '.join(names)}." if names else ""
    return f"{name_list} {history}".strip()
