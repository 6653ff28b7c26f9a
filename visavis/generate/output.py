"""Shared by the generators of files: reads docstrings of fields, writes or compares the file."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Sequence
from pathlib import Path


def field_docstring(node: ast.stmt | None) -> str:
    """The docstring of a field, given the statement after the field, on one line; empty for any other statement."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def table_cell(text: str) -> str:
    """Text escaped for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def write_or_check(module: str, target: Path, text: str, arguments: Sequence[str] | None) -> int:
    """The command line of a generator: writes the file; with `--check`, compares it instead.

    Returns:
        The exit status: 1 where the compared file is not current.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=f"Generate {target.name}.")
    parser.add_argument("--check", action="store_true", help="write nothing, exit with 1 where the file is not current")
    check = parser.parse_args(arguments).check
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return 0
    if check:
        print(f"{target.name} is not current; run `python -m {module}`", file=sys.stderr)
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(f"wrote {target.name}", file=sys.stderr)
    return 0
