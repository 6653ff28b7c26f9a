"""The file that names tool servers, in the shape that other programs use for it too."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from bus.errors import ConfigurationError


class ToolServer(Struct, frozen=True, kw_only=True):
    """One server: a command, or the URL of one that runs."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    url: str = ""


def read_tool_servers(
    path: str, *, find_module: Callable[[str], object | None] = importlib.util.find_spec
) -> list[ToolServer]:
    """The servers in a file: `{"mcpServers": {"clock": {"command": "…", "args": []}, "mail": {"url": "…"}}}`.

    Raises:
        ConfigurationError: the file cannot be read, names no server in this shape, or the package mcp is missing.
    """
    if find_module("mcp") is None:
        raise ConfigurationError("VISAVIS_TOOLS needs the package mcp: `pip install -c constraints.txt -e '.[tools]'`")
    try:
        value = json.loads(Path(path).read_text())
    except OSError as error:
        raise ConfigurationError(f"VISAVIS_TOOLS={path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"VISAVIS_TOOLS={path}: expected JSON; {error}") from error
    servers = value.get("mcpServers") if isinstance(value, dict) else None
    if not isinstance(servers, dict) or not servers:
        raise ConfigurationError(f"VISAVIS_TOOLS={path}: expected an object `mcpServers` with one entry a server")
    return [_server(path, name, entry) for name, entry in servers.items()]


def _server(path: str, name: str, entry: Any) -> ToolServer:
    fields = entry if isinstance(entry, dict) else {}
    command, url = fields.get("command", ""), fields.get("url", "")
    args, env = fields.get("args", []), fields.get("env", {})
    if not isinstance(command, str) or not isinstance(url, str) or bool(command) == bool(url):
        raise ConfigurationError(f"VISAVIS_TOOLS={path}: {name}: expected either a `command` or a `url`")
    if not isinstance(args, list) or not isinstance(env, dict):
        raise ConfigurationError(f"VISAVIS_TOOLS={path}: {name}: expected a list `args` and an object `env`")
    variables = {str(key): str(value) for key, value in env.items()}
    return ToolServer(name=name, command=command, args=tuple(map(str, args)), env=variables, url=url)
