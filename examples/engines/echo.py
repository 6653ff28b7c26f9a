"""A chat engine that says what it was told."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bus.settings import Settings
from services.dialogue.engine import ChatRequest


class Echo:
    """ChatEngine: a request to the text of an answer, in pieces."""

    name = "echo"
    deterministic = True
    writes_slowly = False

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        yield f"[happy] {request.character.name} heard: "
        for word in request.text.split():
            yield f"{word} "


def load(settings: Settings) -> Echo:
    return Echo()
