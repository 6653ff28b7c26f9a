"""The choice of the chat engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bus.errors import ConfigurationError, EngineError
from bus.events import MessageReceived, ReplyFailed
from bus.settings import Settings
from bus.work.service import Output, Reader
from services.dialogue.__main__ import ENGINES, build, together
from services.dialogue.service import CONSUMES
from tests.fakes import FakeReader, event


def test_without_an_endpoint_the_companion_is_chosen() -> None:
    service = build(Settings())
    assert (service.name, service.engine, service.consumes) == ("dialogue", "companion", CONSUMES)
    asked = event(MessageReceived(message="m", text="hello"), turn="t")
    failed = list(service.on_failure(asked, EngineError("it is away")))
    assert [type(fact) for fact in failed] == [ReplyFailed]


def test_with_an_endpoint_the_language_model_is_chosen() -> None:
    assert build(Settings(llm_url="http://127.0.0.1:11434/v1")).engine == "openai"


def test_the_companion_can_be_chosen_beside_an_endpoint() -> None:
    assert build(Settings(llm_url="http://127.0.0.1:11434/v1", dialogue_engine="companion")).engine == "companion"


def test_the_error_of_an_engine_without_its_endpoint_names_the_setting() -> None:
    with pytest.raises(ConfigurationError, match="VISAVIS_LLM_URL"):
        build(Settings(dialogue_engine="openai"))


def test_the_companion_is_the_last_choice() -> None:
    assert [engine.name for engine in ENGINES] == ["openai", "local", "companion"]


async def test_background_tasks_of_one_service_run_side_by_side() -> None:
    met = asyncio.Barrier(2)

    async def wait(reader: Reader) -> AsyncIterator[Output]:
        await met.wait()
        return
        yield

    async with asyncio.timeout(5):
        assert [output async for output in together([wait, wait])(FakeReader())] == []
