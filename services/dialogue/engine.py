"""The interface of a chat engine, and the request that it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from bus.events import CharacterCreated
from projections.conversation import Message


class ChatRequest(Struct, frozen=True, kw_only=True):
    """The person's words and everything that an answer to them may use."""

    text: str
    at: int
    """When the person said it, microseconds since 1970, UTC: the only clock that an engine has."""
    language: str = "en"
    character: CharacterCreated
    """The character that answers."""
    others: tuple[str, ...] = ()
    """Names of the other characters."""
    history: tuple[Message, ...] = ()
    """Earlier messages as far as they were heard, oldest first."""
    reply_so_far: tuple[str, ...] = ()
    """Sentences of this reply that are on the log already, with the space before each: the answer continues there."""
    language_model: Literal["none", "busy", "english"] = "none"
    """For an engine that answers in place of a language model, why: there is none, it loads or is too slow at the
    moment, or it speaks English only."""
    tools: tuple[ToolDefinition, ...] = ()
    """Tools that the engine may ask for."""
    exchanges: tuple[ToolExchange, ...] = ()
    """Calls of this reply with their results: the answer continues after them, and after `reply_so_far`."""
    seed: int = 0
    """32 bits; the same for every attempt at the same reply."""


class ToolDefinition(Struct, frozen=True):
    """A tool that a language model may ask for."""

    name: str
    description: str
    parameters: str
    """JSON schema of its arguments."""


class ToolCall(Struct, frozen=True):
    """A language model asks for a tool."""

    name: str
    arguments: str
    """A JSON object, as the model wrote it."""


class ToolExchange(Struct, frozen=True):
    """A call of a tool and its result, within the reply that is being made."""

    call: str
    """Id of the call."""
    name: str
    arguments: str
    result: str
    said: str = ""
    """What the character said in this reply before the call, and after the call before."""


class Tools(Protocol):
    """Tools that a language model may ask for."""

    def definitions(self) -> tuple[ToolDefinition, ...]:
        """The tools that can be called now, in an order that does not change."""
        ...

    async def call(self, call: ToolCall) -> tuple[str, bool]:
        """The result of a tool in words or JSON, and whether it failed. Never raises, and ends within a bound."""
        ...


class AnsweredBy(Struct, frozen=True):
    """Which of several engines writes the answer that follows."""

    engine: str


class Tokens(Struct, frozen=True):
    """What an answer took, as the endpoint counts it; 0: not told."""

    prompt: int = 0
    """Tokens that the model read."""
    reply: int = 0
    """Tokens that it wrote, its thoughts included."""

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.prompt + other.prompt, self.reply + other.reply)


Piece: TypeAlias = str | AnsweredBy | ToolCall | Tokens


class ChatEngine(Protocol):
    """Answers a request, streaming the text.

    Asynchronous, unlike the other engines: a language model is awaited on a socket and not on a processor, and an
    interruption must be able to end that wait at once.
    """

    @property
    def name(self) -> str:
        """The engine's name on the log, with its model where it has one."""
        ...

    @property
    def deterministic(self) -> bool:
        """Whether the same request always gets the same text, from its beginning; `reply_so_far` is then ignored."""
        ...

    @property
    def writes_slowly(self) -> bool:
        """Whether the first sentence takes so long that its first phrase is better spoken by itself."""
        ...

    def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        """Yields pieces of the answer, of any length; tags such as `[happy]` set the emotion.

        An engine that asks several others says before the pieces which one writes them. Where the model asks for
        tools, the calls come after the text; the answer continues in a request that has their results. An engine that
        knows what the answer took says so last.

        Raises:
            EngineError: there is no answer, or the stream broke off; says whether another attempt can help.
        """
        ...
