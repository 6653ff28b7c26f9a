"""Which tests are quick: those that start no server and no other process, and load no engine. `make quick` runs them.

The rule reads what a test asks for, so that a new test needs no entry anywhere: its fixtures, and the imports of its
module. What counts as an engine is written down once, in the import rules of pyproject.toml.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACT = "the logic of a service imports no engine"
STARTERS = (
    "subprocess", "tests.nats_servers", "visavis.nats", "visavis.up", "services.dialogue.tools.mcp_servers",
    "services.stt.__main__", "services.tts.__main__", "services.channels.recordings.decoding",
    "services.pictures.decoding",
    "tests.services.channels.telegram_double", "tests.services.channels.whatsapp_double", "tests.chaos",
    "tests.cluster", "tests.soak.run",
)  # fmt: skip
"""Modules that start a server or another process, or load the engines of a service."""


@cache
def slow_modules() -> tuple[str, ...]:
    """Modules that a quick test does not import: engines, and what starts one or a server."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one["name"] == CONTRACT)
    return (*contract["forbidden_modules"], *STARTERS)


@cache
def imported(module: Path) -> frozenset[str]:
    """Names that a file imports: modules, and what it takes from them as `module.name`."""
    return frozenset(_imports(ast.parse(module.read_text())))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_quick(item: pytest.Item) -> bool:
    """Whether a test needs no server, no other process and no engine."""
    if "nats_server" in getattr(item, "fixturenames", ()):
        return False
    return not any(f"{name}.".startswith(f"{slow}.") for name in imported(item.path) for slow in slow_modules())
