"""Shared by the generators of files: reads docstrings of fields, writes or compares the file."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import Literal, get_args, get_origin


def field_docstring(node: ast.stmt | None) -> str:
    """The docstring of a field, given the statement after the field, on one line; empty for any other statement."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def inline_literals(annotation: ast.expr, module: ModuleType, *, keep: Collection[str] = ()) -> ast.expr:
    """An annotation with the values of each alias of a `Literal` in place of its name.

    Args:
        module: in whose namespace the names are looked up.
        keep: names that stay.
    """

    class Inliner(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            alias = None if node.id in keep else getattr(module, node.id, None)
            if get_origin(alias) is not Literal:
                return node
            return ast.parse(f"Literal[{', '.join(map(repr, get_args(alias)))}]", mode="eval").body

    inlined: ast.expr = Inliner().visit(annotation)
    return inlined


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
