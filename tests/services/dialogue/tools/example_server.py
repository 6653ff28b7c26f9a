"""A small MCP server for tests, over its standard input and output, run with `python -m`."""

from __future__ import annotations

import os

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("example")


@server.tool()
def add(one: int, other: int) -> int:
    """The sum of two numbers."""
    return one + other


@server.tool()
def fail() -> str:
    """Fails always."""
    raise ToolError("the well is dry")


@server.tool()
def leave() -> str:
    """Ends the server in the middle of the call."""
    os._exit(3)


if __name__ == "__main__":
    server.run("stdio")
