"""The dialogue service as a process: `python -m services.dialogue`."""

from __future__ import annotations

import sys

from bus.process.engines import Engine, choose
from bus.settings import Settings
from bus.work.runner import serve
from bus.work.service import Service
from services.dialogue.companion.engine import Companion
from services.dialogue.engine import Chat
from services.dialogue.openai import OpenAI
from services.dialogue.service import TAKES, Dialogue, failed


def _openai_missing(settings: Settings) -> str | None:
    return None if settings.llm_url else "VISAVIS_LLM_URL is not set"


def _openai(settings: Settings) -> Chat:
    return OpenAI(settings.llm_url, model=settings.llm_model, key=settings.llm_key)


ENGINES: tuple[Engine[Chat], ...] = (
    Engine("openai", _openai_missing, _openai),
    Engine("companion", lambda settings: None, lambda settings: Companion()),
)


def build(settings: Settings) -> Service:
    choice = choose(ENGINES, settings.dialogue_engine, settings, setting="VISAVIS_DIALOGUE_ENGINE")
    chat = choice.engine.make(settings)
    dialogue = Dialogue(chat)
    return Service(
        name="dialogue",
        takes=TAKES,
        handle=dialogue.reply,
        # What gives the same answer at once whenever it is asked need not be asked ahead.
        background=dialogue.listen if settings.llm_ahead == "on" and not chat.repeatable else None,
        engine=choice.engine.name,
        failed=failed,
        # Conversations wait for a socket here, not for a processor.
        slots=32,
    )


if __name__ == "__main__":
    sys.exit(serve(build))
