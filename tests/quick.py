"""Which tests are quick: those that start no NATS server and load no engine. `make quick` runs them.

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
SERVERS = ("tests.nats_servers", "visavis.nats")
"""Modules that start a NATS server."""


@cache
def slow_modules() -> tuple[str, ...]:
    """Modules that a quick test does not import: engines, and what starts a server."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one["name"] == CONTRACT)
    return (*contract["forbidden_modules"], *SERVERS)


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
    """Whether a test needs neither a NATS server nor an engine."""
    if "nats_server" in getattr(item, "fixturenames", ()):
        return False
    return not any(f"{name}.".startswith(f"{slow}.") for name in imported(item.path) for slow in slow_modules())
