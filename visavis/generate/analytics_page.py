"""Generates docs/analytics-tables.md: `python -m visavis.generate.analytics_page`; `--check` compares."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path

from projections.analytics import tables
from projections.analytics.tables import TABLES, Table, column_types
from visavis.generate.output import field_docstring, table_cell, write_or_check

TARGET = Path(__file__).parents[2] / "docs" / "analytics-tables.md"

_INTRODUCTION = """\
# Tables of the analytics

Generated from `projections/analytics/tables.py` by `python -m visavis.generate.analytics_page`. Do not edit.
[analytics.md](analytics.md) says how they are made and read.

Times are UTC. In every table `seq` is the sequence, in its stream, of the newest event that the row tells of; `copied`
says whether it belongs to a copied conversation; `day` (DATE) is the day of the first event, by which files are
foldered. No table has people's words, or ids of persons, chats and accounts.
"""
_COMMON = {
    "conversation": "Id of the conversation.", "turn": "Id of the turn.", "began": "When it began, by its first event.",
    "copied": "Whether it belongs to a copied conversation.", "seq": "Sequence of the newest event that the row tells.",
}  # fmt: skip


def render_page() -> str:
    """The text of the page."""
    documented = _documentation()
    parts = [_INTRODUCTION, *(_section(table, documented[table.row.__name__]) for table in TABLES.values())]
    return "\n".join(parts)


def _section(table: Table, documented: dict[str, str]) -> str:
    about = " ".join((inspect.getdoc(table.row) or "").split())
    lines = [f"## {table.name}\n", f"{about} One row for each {', '.join(f'`{name}`' for name in table.key)}.\n"]
    lines += ["| column | type | meaning |", "|---|---|---|"]
    for name, kind in column_types(table.row).items():
        meaning = documented.get(name) or _COMMON.get(name, "")
        lines.append(f"| `{name}` | {kind} | {table_cell(meaning)} |")
    return "\n".join([*lines, ""])


def _documentation() -> dict[str, dict[str, str]]:
    """The docstring of each column of each row, from the source."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(tables)).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {
                field.target.id: field_docstring(after)
                for field, after in zip(node.body, [*node.body[1:], None], strict=True)
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            }
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    return write_or_check("visavis.generate.analytics_page", TARGET, render_page(), arguments)


if __name__ == "__main__":
    sys.exit(main())
