"""The dialogue service as a process: `python -m services.dialogue`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from bus.process.engines import EngineOption, choose_engine
from bus.settings import DETECT_LANGUAGE, Settings
from bus.work.runner import run_service_process
from bus.work.service import Output, Reader, Service
from services.dialogue.companion.engine import Companion
from services.dialogue.engine import ChatEngine, ChatRequest
from services.dialogue.finished import is_finished
from services.dialogue.language.detector import guess_language
from services.dialogue.local_model import files as local_files
from services.dialogue.local_model.engine import FIRST_TOKEN_TIMEOUT, HISTORY_CHARACTERS, MAX_TOKENS, LocalModel
from services.dialogue.openai import OpenAI
from services.dialogue.openai.failover import Failover, openai_engines
from services.dialogue.service import CONSUMES, Dialogue
from services.dialogue.tools.configuration import read_tool_servers

if TYPE_CHECKING:
    from services.dialogue.tools.mcp_servers import McpTools


def _openai_missing(settings: Settings) -> str | None:
    return None if settings.llm_url else "VISAVIS_LLM_URL is not set"


def _openai(settings: Settings) -> ChatEngine:
    return Failover(openai_engines(settings))


def _local(settings: Settings) -> ChatEngine:
    return local_chat(settings)


def local_chat(settings: Settings, zone: tzinfo | None = None) -> LocalModel:
    """The chat engine of the local model, with the companion where that is the better one.

    Args:
        zone: time zone of the companion's clock; None: the machine's own.
    """
    name = local_files.name(settings)
    client = OpenAI(
        local_files.url(settings),
        model=name,
        first_token_timeout=FIRST_TOKEN_TIMEOUT,
        history_characters=HISTORY_CHARACTERS,
        max_tokens=MAX_TOKENS,
    )
    companion = Companion(zone)

    def answer_instead(request: ChatRequest) -> str | None:
        if not settings.llm_file and is_left_to_companion(request.language):
            return companion.answer(replace(request, language_model="english"))
        return companion.certain_answer(request)

    return LocalModel(client, companion, f"local:{name}", answer_instead=answer_instead)


def is_left_to_companion(language: str) -> bool:
    """Whether the companion speaks a language and the model of the catalogue does so badly: see docs/dialogues.md."""
    return language.lower().split("-")[0] == "de"


ENGINES: tuple[EngineOption[ChatEngine], ...] = (
    EngineOption("openai", _openai_missing, _openai),
    EngineOption("local", local_files.why_unavailable, _local),
    EngineOption("companion", lambda settings: None, lambda settings: Companion()),
)


Background: TypeAlias = Callable[[Reader], AsyncIterator[Output]]


def together(parts: Sequence[Background]) -> Background:
    """Several background tasks of a service as one; they output nothing."""

    async def exhaust(outputs: AsyncIterator[Output]) -> None:
        async for output in outputs:
            raise TypeError(f"a background task of dialogue outputs nothing, got {type(output).__name__}")

    async def run(reader: Reader) -> AsyncIterator[Output]:
        async with asyncio.TaskGroup() as tasks:
            for part in parts:
                tasks.create_task(exhaust(part(reader)))
        return
        yield

    return run


def _tools(settings: Settings) -> McpTools | None:
    """The tools that the settings name.

    Raises:
        ConfigurationError: their file or their package is missing.
    """
    if not settings.tools:
        return None
    servers = read_tool_servers(settings.tools)
    from services.dialogue.tools.mcp_servers import McpTools

    return McpTools(servers)


def build(settings: Settings) -> Service:
    choice = choose_engine(ENGINES, settings.dialogue_engine, settings, setting="VISAVIS_DIALOGUE_ENGINE")
    chat = choice.option.load(settings)
    local = chat if isinstance(chat, LocalModel) else None
    tools = _tools(settings)
    # A language in the settings is the one that people use here, whatever their words look like.
    detects = settings.language in ("", DETECT_LANGUAGE)
    if detects:
        guess_language("")  # loads its model before somebody waits for it
    dialogue = Dialogue(
        chat,
        tools=tools,
        prepare_request=local.prepare if local else None,
        guess_language=guess_language if detects else None,
    )
    background: list[Background] = []
    # A deterministic engine answers at once: nothing is gained by asking it early.
    if settings.llm_ahead == "on" and not chat.deterministic:
        background.append(dialogue.speculate)
    if local:
        background.append(dialogue.prepare)
    if tools is not None:
        background.append(tools.run)
    return Service(
        name="dialogue",
        consumes=CONSUMES,
        handle=dialogue.reply,
        background=together(background) if background else None,
        engine=choice.option.name,
        serving=local.serving if local else str,
        note=local.note if local else str,
        on_failure=dialogue.failure_facts,
        forget=dialogue.forget,
        is_finished=is_finished,
        # Work items wait for a socket here, not for a processor.
        concurrency=32,
    )


if __name__ == "__main__":
    sys.exit(run_service_process(build))
