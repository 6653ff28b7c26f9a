"""Generates docs/settings.md from the settings: `python -m visavis.generate.settings_page`; `--check` compares."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.inspect import IntType, StructType, type_info

from bus import settings
from bus.settings import PREFIX, Settings
from visavis.doctor_checks import SERVICES_WITH_ENGINES
from visavis.generate.output import field_docstring, table_cell, write_or_check

TARGET = Path(__file__).parents[2] / "docs" / "settings.md"

_INTRODUCTION = f"""\
# Settings

Generated from `bus/settings.py` by `python -m visavis.generate.settings_page`. Do not edit.

A setting is an environment variable. Each process reads all of them once, when it starts. A variable that begins with
`{PREFIX}` and is no setting, or a value out of range, stops the program, which names it. Give the same settings to
every service that works on the same data: each one brings the limits of the streams to what its own settings say.
"""
_ENGINES = """\
## Engines

What an engine setting may name, the best first: `auto` takes the first one that can run. `visavis doctor` says which.
"""


def render_page() -> str:
    """The text of the page."""
    meanings = _documentation()
    rows = ["| variable | default | values | what it sets |", "|---|---|---|---|"]
    kinds = type_info(Settings)
    assert isinstance(kinds, StructType)
    for field in kinds.fields:
        variable = f"`{variable_name(field.name)}`"
        meaning = table_cell(meanings[field.name])
        rows.append(f"| {variable} | {_default(field.default)} | {_values(field.type)} | {meaning} |")
    engines = ["| variable | engines |", "|---|---|"]
    for service in SERVICES_WITH_ENGINES:
        names = ", ".join(f"`{name}`" for name in engine_names(service))
        engines.append(f"| `{variable_name(f'{service}_engine')}` | {names} |")
    return "\n".join([_INTRODUCTION, *rows, "", _ENGINES, *engines, ""])


def variable_name(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def engine_names(service: str) -> list[str]:
    """Names of a service's engines, in order of preference. Imports the service, loads no engine."""
    table: Any = importlib.import_module(f"services.{service}.__main__").ENGINES
    return [engine.name for engine in table]


def _documentation() -> dict[str, str]:
    """The docstring of each field, from the source."""
    (body,) = ast.parse(inspect.getsource(settings.Settings)).body
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: field_docstring(after)
        for field, after in zip(body.body, [*body.body[1:], None], strict=True)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def _default(value: object) -> str:
    if value == "":
        return "empty"
    return f"`{value}`{_size(value)}"


def _size(value: object) -> str:
    """A large number of bytes in GiB or MiB, in brackets."""
    if isinstance(value, int) and value >= 1 << 20 and value % (1 << 20) == 0:
        return f" ({value >> 30} GiB)" if value % (1 << 30) == 0 else f" ({value >> 20} MiB)"
    return ""


def _values(kind: msgspec.inspect.Type) -> str:
    if not isinstance(kind, IntType):
        return "text"
    least = f"{kind.ge}{_size(kind.ge)}"
    span = f"{least} or more" if kind.le is None else f"{least} to {kind.le}"
    return span if kind.multiple_of is None else f"{span}, a multiple of {kind.multiple_of}"


def main(arguments: Sequence[str] | None = None, *, target: Path = TARGET) -> int:
    """Write the page, or compare it with the one on disk; returns the exit status."""
    return write_or_check("visavis.generate.settings_page", target, render_page(), arguments)


if __name__ == "__main__":
    sys.exit(main())
