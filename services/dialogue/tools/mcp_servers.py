"""Calls tools of MCP servers: each server is kept running and connected by a task of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from bus.work.service import Output, Reader
from services.dialogue.engine import ToolCall, ToolDefinition
from services.dialogue.tools.configuration import ToolServer

log = logging.getLogger(__name__)

CALL_TIMEOUT = 30.0
"""Seconds for a tool to return."""
RETRY_SECONDS = 5.0
"""Pause before a server that failed is started or connected again."""
CHECK_SECONDS = 30.0
"""Pause between two looks at a server's list of tools, by which a lost server is noticed."""
MAX_RESULT = 8_000
"""Characters of a result that the model gets."""


class McpTools:
    """The tools of several servers. See `Tools`.

    Args:
        servers: in order; of two tools with the same name the first one is used.
        call_timeout, retry_seconds, check_seconds: seconds.
    """

    def __init__(
        self,
        servers: Sequence[ToolServer],
        *,
        call_timeout: float = CALL_TIMEOUT,
        retry_seconds: float = RETRY_SECONDS,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._servers = tuple(servers)
        self._call_timeout = call_timeout
        self._retry_seconds = retry_seconds
        self._check_seconds = check_seconds
        self._clients: dict[str, Client] = {}
        self._listed: dict[str, tuple[ToolDefinition, ...]] = {}
        self._doubted: dict[str, asyncio.Event] = {}
        """Set for a server in which a call has failed: it may be lost."""

    def definitions(self) -> tuple[ToolDefinition, ...]:
        found: dict[str, ToolDefinition] = {}
        for server in self._servers:
            for tool in self._listed.get(server.name, ()):
                found.setdefault(tool.name, tool)
        return tuple(found.values())

    async def call(self, call: ToolCall) -> tuple[str, bool]:
        name = next(
            (s.name for s in self._servers if any(t.name == call.name for t in self._listed.get(s.name, ()))), ""
        )
        client = self._clients.get(name)
        if client is None:
            return f"There is no tool {call.name} now.", True
        try:
            arguments = json.loads(call.arguments)
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            return f"The arguments are no JSON object: {call.arguments[:200]}", True
        try:
            async with asyncio.timeout(self._call_timeout):
                result = await client.call_tool(call.name, arguments)
        except TimeoutError:
            return f"{call.name} did not answer within {self._call_timeout:g} s.", True
        except Exception as error:  # noqa: BLE001 - whatever a tool does, the conversation goes on
            self._doubted[name].set()
            return f"{call.name} failed: {error}"[:MAX_RESULT], True
        return _text_of(result)[:MAX_RESULT], bool(result.is_error)

    async def run(self, reader: Reader) -> AsyncIterator[Output]:
        """Keep all servers connected, for ever. Outputs nothing. See `bus.work.service.Service.background`."""
        async with asyncio.TaskGroup() as tasks:
            for server in self._servers:
                tasks.create_task(self._keep(server))
        return
        yield

    async def _keep(self, server: ToolServer) -> None:
        while True:
            try:
                await self._serve(server)
            except Exception as error:  # noqa: BLE001 - a library's groups of errors; the server is tried again
                reason = _innermost(error)
                log.warning("tool server fails", extra={"server": server.name, "why": reason})
            finally:
                self._clients.pop(server.name, None)
                self._listed.pop(server.name, None)
            await asyncio.sleep(self._retry_seconds)

    async def _serve(self, server: ToolServer) -> None:
        """Connect a server and follow its list of tools, until it fails."""
        place: Any = server.url or StdioServerParameters(
            command=server.command, args=list(server.args), env=server.env or None
        )
        async with Client(place) as client:
            self._clients[server.name] = client
            doubted = self._doubted[server.name] = asyncio.Event()
            while True:
                async with asyncio.timeout(self._call_timeout):
                    listed = (await client.list_tools(cache_mode="bypass")).tools
                tools = tuple(
                    ToolDefinition(tool.name, tool.description or "", json.dumps(tool.input_schema, sort_keys=True))
                    for tool in listed
                    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool.name)
                )
                if tools != self._listed.get(server.name):
                    log.info("tools", extra={"server": server.name, "tools": ", ".join(one.name for one in tools)})
                    self._listed[server.name] = tools
                doubted.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._check_seconds):
                        await doubted.wait()


def _text_of(result: Any) -> str:
    """The words of a result; other contents are named."""
    parts = [block.text if block.type == "text" else f"({block.type})" for block in result.content]
    if not parts and result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False)
    return "\n".join(parts) or "(nothing)"


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"[:200]
