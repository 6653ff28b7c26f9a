"""What a chat engine is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct

from bus.events import CharacterCreated
from projections.conversation import Message


class Exchange(Struct, frozen=True, kw_only=True):
    """What a person said and all that an answer may draw on."""

    text: str
    at: int
    """When it was said, microseconds since 1970, UTC: the only clock that an engine has."""
    language: str = "en"
    character: CharacterCreated
    """Who answers."""
    others: tuple[str, ...] = ()
    """Names of the other characters."""
    history: tuple[Message, ...] = ()
    """What was heard before, oldest first."""
    told: tuple[str, ...] = ()
    """Sentences of this answer that are on record already: go on after them."""
    seed: int = 0
    """32 bits; the same exchange has the same."""


class Chat(Protocol):
    """Answers an exchange, piece by piece as the words come.

    Asynchronous, unlike the other engines: the real one waits for a socket and not for a processor, and an
    interruption must be able to end that wait at once.
    """

    @property
    def name(self) -> str:
        """For the record: the engine, and its model where it has one."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether the same exchange always gets the same words, from the first one; `told` is then of no account."""
        ...

    def stream(self, exchange: Exchange) -> AsyncIterator[str]:
        """Pieces of text of any length, which make sentences when put together; `[happy]` and the like set the mood.

        Raises:
            EngineError: there is no answer, or it broke off; says whether trying again can help.
        """
        ...
