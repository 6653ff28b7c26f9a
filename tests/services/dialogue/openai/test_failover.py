"""Several endpoints in order, and waiting as a server asks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from bus.errors import ConfigurationError, EngineError
from bus.events import CharacterCreated
from bus.settings import Settings
from services.dialogue.engine import AnsweredBy, ChatRequest, Piece
from services.dialogue.openai.failover import LONGEST_WAIT, Failover, openai_engines
from tests.scripted_model_server import (
    DONE,
    Script,
    ScriptedModelServer,
    Tear,
    Wait,
    delta,
    json_response,
    serving,
    stream,
)

ADA = CharacterCreated(name="Ada", tagline="t", personality="p", greeting="g", look="l", voice="female")
REQUEST = ChatRequest(text="hello", at=1, character=ADA, seed=7)
GOOD = stream(delta("Nice day."), DONE)
BROKEN = json_response({"error": "out of order"}, status="500 Internal Server Error")


def busy(seconds: str) -> Script:
    return json_response({"error": "slow down"}, status="429 Too Many Requests", Retry_After=seconds)


class Clock:
    """Time that passes only where somebody sleeps, or a test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@asynccontextmanager
async def failover(
    *scripts: Script, **options: Any
) -> AsyncIterator[tuple[Failover, list[ScriptedModelServer], Clock]]:
    """An engine over one server for each script."""
    clock = Clock()
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(serving(script)) for script in scripts]
        urls = ", ".join(server.url for server in servers)
        models = ",".join(f"model{place}" for place in range(len(servers)))
        engines = openai_engines(Settings(llm_url=urls, llm_model=models))
        chat = Failover(engines, clock=clock, sleep=clock.sleep, **options)
        stack.push_async_callback(chat.close)
        yield chat, servers, clock


async def pieces(chat: Failover) -> list[Piece]:
    return [piece async for piece in chat.stream(REQUEST)]


async def test_the_first_endpoint_answers_and_says_so() -> None:
    async with failover(GOOD, GOOD) as (chat, servers, _):
        assert await pieces(chat) == [AnsweredBy(f"openai:model0@127.0.0.1:{servers[0].port}"), "Nice day."]
        assert [len(server.chats) for server in servers] == [1, 0]


@pytest.mark.parametrize(
    "script",
    [BROKEN, busy("600"), json_response({}, status="401 Unauthorized"), stream(DONE), stream(Tear())],
    ids=["fails", "is busy", "refuses the key", "answers nothing", "breaks off at once"],
)
async def test_where_one_fails_the_next_answers_and_the_one_that_failed_is_not_asked_first_again(
    script: Script,
) -> None:
    async with failover(script, GOOD) as (chat, servers, _):
        first, second = [await pieces(chat) for _ in range(2)]
        assert first == second == [AnsweredBy(f"openai:model1@127.0.0.1:{servers[1].port}"), "Nice day."]
        asked = len(servers[0].chats)
        await pieces(chat)
        assert (len(servers[0].chats), len(servers[1].chats)) == (asked, 3)
        assert chat.name == "openai:model1"


async def test_an_endpoint_that_failed_is_asked_first_again_after_its_rest() -> None:
    async with failover(BROKEN, GOOD, rest=60.0) as (chat, servers, clock):
        await pieces(chat)
        clock.now += 59
        await pieces(chat)
        assert len(servers[0].chats) == 1
        clock.now += 2
        servers[0].scripts = [GOOD]
        assert await pieces(chat) == [AnsweredBy(f"openai:model0@127.0.0.1:{servers[0].port}"), "Nice day."]


async def test_an_endpoint_without_a_first_word_in_time_is_passed_over() -> None:
    never = asyncio.Event()
    async with failover(stream(b": wait\n\n", Wait(never)), GOOD, patience=0.2) as (chat, servers, _):
        assert (await pieces(chat))[1:] == ["Nice day."]
        assert [len(server.chats) for server in servers] == [1, 1]


async def test_an_endpoint_that_is_not_there_is_passed_over() -> None:
    async with failover(GOOD, GOOD) as (_, servers, _clock):
        engines = openai_engines(Settings(llm_url=f"http://127.0.0.1:1/v1,{servers[0].url}", llm_model="m"))
        chat = Failover(engines)
        assert (await pieces(chat))[1:] == ["Nice day."]
        await chat.close()


async def test_an_answer_that_has_begun_is_not_begun_again_elsewhere_but_the_next_try_is() -> None:
    async with failover(stream(delta("Nice "), Tear()), GOOD) as (chat, servers, _):
        with pytest.raises(EngineError) as caught:
            await pieces(chat)
        assert caught.value.retryable
        assert [len(server.chats) for server in servers] == [1, 0]
        assert (await pieces(chat))[1:] == ["Nice day."]
        assert [len(server.chats) for server in servers] == [1, 1]


async def test_a_refusal_of_content_is_not_taken_elsewhere() -> None:
    async with failover(stream(delta(finish="content_filter"), DONE), GOOD) as (chat, servers, _):
        with pytest.raises(EngineError) as caught:
            await pieces(chat)
        assert caught.value.code == "llm_refused"
        assert [len(server.chats) for server in servers] == [1, 0]


async def test_where_all_fail_the_error_names_each() -> None:
    async with failover(BROKEN, json_response({}, status="401 Unauthorized")) as (chat, servers, _):
        with pytest.raises(EngineError) as caught:
            await pieces(chat)
    assert all(str(server.port) in caught.value.detail for server in servers)
    assert caught.value.retryable


# Waiting


async def test_a_server_that_asks_to_wait_is_asked_again_as_it_said() -> None:
    async with failover(busy("15")) as (chat, servers, clock):
        servers[0].scripts.append(GOOD)
        assert (await pieces(chat))[1:] == ["Nice day."]
        assert clock.slept == [15.0]
        assert len(servers[0].chats) == 2


async def test_a_longer_wait_is_told_at_once_and_until_then_nothing_is_asked() -> None:
    async with failover(busy("90")) as (chat, servers, clock):
        for _ in range(2):
            with pytest.raises(EngineError) as caught:
                await pieces(chat)
            assert (caught.value.code, caught.value.retryable) == ("llm_busy", False)
        assert (clock.slept, len(servers[0].chats)) == ([], 1)
        clock.now += 90
        servers[0].scripts = [GOOD]
        assert (await pieces(chat))[1:] == ["Nice day."]


@pytest.mark.parametrize("seconds", ["0", "7"])
async def test_a_server_that_asks_again_and_again_is_not_waited_for_without_end(seconds: str) -> None:
    async with failover(busy(seconds)) as (chat, _servers, clock):
        with pytest.raises(EngineError) as caught:
            await pieces(chat)
        assert caught.value.code == "llm_busy"
        assert sum(clock.slept) <= LONGEST_WAIT


# The settings


def test_each_endpoint_has_its_model_and_its_key() -> None:
    settings = Settings(llm_url="http://a:1/v1, http://b:2/v1", llm_model="one,two", llm_key=",secret")
    assert [(engine.address, engine.model) for engine in openai_engines(settings)] == [
        ("a:1/v1", "one"),
        ("b:2/v1", "two"),
    ]


def test_one_model_is_asked_of_all_endpoints() -> None:
    engines = openai_engines(Settings(llm_url="http://a:1/v1,http://b:2/v1", llm_model="same"))
    assert [engine.model for engine in engines] == ["same", "same"]


@pytest.mark.parametrize(
    ("setting", "values"),
    [("VISAVIS_LLM_KEY", {"llm_key": "for-whom"}), ("VISAVIS_LLM_MODEL", {"llm_model": "a,b,c"})],
)
def test_an_entry_that_may_be_for_another_endpoint_is_a_configuration_error(setting: str, values: Any) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        openai_engines(Settings(llm_url="http://a:1/v1,http://b:2/v1", **values))


def test_a_proxy_that_cannot_be_used_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="ALL_PROXY"):
        openai_engines(
            Settings(llm_url="https://models.example.com/v1"), environment={"ALL_PROXY": "socks://127.0.0.1:1"}
        )
