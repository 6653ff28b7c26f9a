"""Writes rows into Parquet files, with DuckDB: a file is complete under its name, or not there.

DuckDB is imported at the first write: a process that has nothing to write does not pay for it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bus.errors import VisavisError
from projections.analytics.tables import Table, column_types

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT = "64MB"
_OPTIONS = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480"


@cache
def _connection() -> DuckDBPyConnection:
    import duckdb

    return duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT, "temp_directory": ""})


def write(table: Table, rows: bytes | bytearray, target: Path) -> None:
    """Write rows into a file, in place of one of that name.

    Args:
        rows: JSON, a line each.
    """
    lines = target.with_name(f"{target.name}.rows")
    lines.write_bytes(rows)
    types = column_types(table.row)
    read = ", ".join(f"'{name}': '{'BIGINT' if kind == 'TIMESTAMP' else kind}'" for name, kind in types.items())
    columns = ", ".join(
        f'make_timestamp("{name}") AS "{name}"' if kind == "TIMESTAMP" else f'"{name}"' for name, kind in types.items()
    )
    source = f"read_json({quoted(lines)}, format = 'newline_delimited', columns = {{{read}}})"
    _copy(f"SELECT {columns} FROM {source}", target)
    lines.unlink()


def merge(parts: Sequence[Path], target: Path) -> None:
    """Write the rows of several files into one, all of them: to find the newest of each key takes memory with the
    number of rows, and readers do that anyway."""
    listed = ", ".join(map(quoted, parts))
    read = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    _copy(f"SELECT * FROM {read}", target)


def remove_rows(path: Path, column: str, values: Collection[str]) -> None:
    """Write a file anew without the rows that have one of these values in a column; one without such rows stays."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in sorted(values))
    source = f"read_parquet({quoted(path)}, hive_partitioning = false)"
    found = _connection().execute(f'SELECT count(*) FROM {source} WHERE "{column}" IN ({listed})').fetchone()
    if found is not None and found[0]:
        _copy(f'SELECT * FROM {source} WHERE "{column}" IS NULL OR "{column}" NOT IN ({listed})', path)


def newest(table: Table) -> str:
    """The clause that leaves of each key the newest row."""
    key = ", ".join(f'"{name}"' for name in table.key)
    return f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY seq DESC) = 1"


def _copy(query: str, target: Path) -> None:
    temporary = target.with_name(f"{target.name}.new")
    from duckdb import Error

    try:
        _connection().execute(f"COPY ({query}) TO {quoted(temporary)} ({_OPTIONS})")
    except Error as error:
        detail = f"the analytics cannot be written to {target.parent}: {str(error).splitlines()[0]}"
        raise VisavisError(detail, code="not_written", retryable=True) from error
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.rename(target)


def quoted(path: Path) -> str:
    """A path as a string in SQL."""
    return "'" + str(path).replace("'", "''") + "'"
