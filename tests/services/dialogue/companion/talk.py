"""A conversation with the companion, as the dialogue service would have it."""

from __future__ import annotations

from datetime import UTC, datetime

from bus.events import CharacterCreated
from projections.conversation import Message
from services.dialogue.companion.engine import answer
from services.dialogue.engine import ChatRequest
from services.dialogue.segmenter import segments_of

NOON = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
ADA = CharacterCreated(
    name="Ada",
    tagline="Curious, warm and to the point",
    personality="You are Ada, a warm and curious companion in your thirties. You speak in short, clear sentences.",
    greeting="Hi.",
    look="ada",
    voice="female",
)


class Talk:
    """Keeps the history between the person's sentences.

    Args:
        seed: of the first reply; each further one has its own, as in the service.
    """

    def __init__(
        self, language: str = "en", *, now: datetime = NOON, seed: int = 0, character: CharacterCreated = ADA,
        others: tuple[str, ...] = ("Bo", "Cleo"),
    ) -> None:  # fmt: skip
        self.language, self.now, self.character, self.others = language, now, character, others
        self.history: list[Message] = []
        self._seed = seed

    def tagged(self, text: str) -> str:
        """The reply with its tags; becomes part of the history."""
        request = ChatRequest(
            text=text,
            at=int(self.now.timestamp() * 1_000_000),
            language=self.language,
            character=self.character,
            others=self.others,
            history=tuple(self.history),
            seed=self._seed,
        )
        said = answer(request, self.now)
        self._seed = self._seed * 31 + 7
        spoken = " ".join(segment.text for segment in segments_of(said, self.language))
        self.history += [Message("user", text), Message("assistant", spoken)]
        return said

    def say(self, *texts: str) -> str:
        """What is heard of the reply to the last of the texts."""
        for text in texts:
            self.tagged(text)
        return self.history[-1].text

    @property
    def replies(self) -> list[str]:
        return [message.text for message in self.history if message.role == "assistant"]


def say(text: str, language: str = "en", *, now: datetime = NOON, seed: int = 0) -> str:
    """The first reply of a conversation."""
    return Talk(language, now=now, seed=seed).say(text)
