"""Tools of a real MCP server in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

pytest.importorskip("mcp", reason="the extra tools is not installed")

from services.dialogue.engine import ToolCall
from services.dialogue.tools.configuration import ToolServer
from services.dialogue.tools.mcp_servers import McpTools
from tests.fakes import FakeReader

EXAMPLE = ToolServer(
    name="example",
    command=sys.executable,
    args=("-m", "tests.services.dialogue.tools.example_server"),
    env={"PYTHONPATH": os.pathsep.join(sys.path)},
)


@asynccontextmanager
async def connected(*servers: ToolServer, waits_for: str = "add") -> AsyncIterator[McpTools]:
    # Only a failed call makes it look at the server again.
    tools = McpTools(servers, retry_seconds=0.05, check_seconds=3600)

    async def run() -> None:
        async for _ in tools.run(FakeReader()):
            pass

    task = asyncio.create_task(run())
    try:
        await listed(tools, waits_for)
        yield tools
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def listed(tools: McpTools, name: str) -> None:
    async with asyncio.timeout(60):
        while name not in [tool.name for tool in tools.definitions()]:
            await asyncio.sleep(0.02)


async def test_a_tool_is_listed_with_its_arguments_and_called() -> None:
    async with connected(EXAMPLE) as tools:
        definition = next(tool for tool in tools.definitions() if tool.name == "add")
        assert definition.description == "The sum of two numbers."
        assert '"other"' in definition.parameters
        assert await tools.call(ToolCall("add", '{"one": 2, "other": 3}')) == ("5", False)


FAILURES = (
    (ToolCall("fail", "{}"), "the well is dry"),
    (ToolCall("add", '{"one": "two"}'), "other"),
    (ToolCall("add", "[1, 2]"), "no JSON object"),
    (ToolCall("add", "{one: 2"), "no JSON object"),
    (ToolCall("unknown", "{}"), "no tool unknown"),
)


async def test_a_call_that_fails_is_a_result_that_says_why() -> None:
    async with connected(EXAMPLE) as tools:
        results = [(await tools.call(call), reason) for call, reason in FAILURES]
    assert [failed for (_, failed), _ in results] == [True] * len(FAILURES)
    assert [text for (text, _), reason in results if reason not in text] == []


async def test_a_server_that_dies_in_a_call_is_started_again() -> None:
    async with connected(EXAMPLE) as tools:
        _, failed = await tools.call(ToolCall("leave", "{}"))
        assert failed
        async with asyncio.timeout(60):
            while await tools.call(ToolCall("add", '{"one": 2, "other": 3}')) != ("5", False):
                await asyncio.sleep(0.05)


async def test_a_server_that_cannot_be_started_takes_no_other_with_it(tmp_path: Path) -> None:
    absent = ToolServer(name="absent", command=str(tmp_path / "absent"))
    async with connected(absent, EXAMPLE) as tools:
        assert await tools.call(ToolCall("add", '{"one": 2, "other": 3}')) == ("5", False)
