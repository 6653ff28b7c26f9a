"""Reads the tables: DuckDB in memory with a view for each, which can read the tables' files and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from bus.errors import ConfigurationError, InvalidInput, NotFound, VisavisError
from projections.analytics.parquet import newest, quoted
from projections.analytics.store import parts_of, read_state
from projections.analytics.tables import TABLES, column_types

TIME_LIMIT = 30.0
"""Seconds that a question may take."""
MEMORY_LIMIT = "512MB"
MOST_ROWS = 100_000
"""Rows of an answer; the rest is left out."""
_NO_DATA = (
    "there are no analytics in {folder} yet: they are written while `visavis up` runs with VISAVIS_ANALYTICS=on; "
    "`visavis analytics rebuild` makes them now, from the log of a running NATS"
)


class Answer(NamedTuple):
    """The rows of an answer."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    cut: bool = False
    """Whether there were more rows."""

    def records(self) -> list[dict[str, Any]]:
        """Each row by column, of values that JSON has; times in ISO 8601, UTC."""
        return [dict(zip(self.columns, map(_plain, row), strict=True)) for row in self.rows]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def parse_prices(setting: str) -> dict[str, tuple[float, float]]:
    """Prices of a million tokens read and written, by model or engine: of `gpt-5-mini=0.25/2.00, …`.

    Raises:
        ConfigurationError: an entry has another form.
    """
    found: dict[str, tuple[float, float]] = {}
    for entry in filter(None, map(str.strip, setting.split(","))):
        name, _, prices = entry.rpartition("=")
        try:
            read, written = (float(price) for price in prices.split("/"))
        except ValueError:
            read = written = -1.0
        if not name.strip() or not (0 <= read < float("inf") and 0 <= written < float("inf")):
            raise ConfigurationError(f"VISAVIS_LLM_PRICES: expected name=read/written, such as m=0.25/2, got {entry!r}")
        found[name.strip()] = (read, written)
    return found


class Database:
    """The tables of a folder, as they are now. Use it for a few questions and close it.

    Args:
        prices: of a million tokens read and written, by the name of a model or engine, for the view `cost`. They are
            applied when a question is asked: a price that changes needs nothing to be made anew.
        time_limit: seconds that a question may take.
    Raises:
        NotFound: there are no tables of this version; says what to do.
        ConfigurationError: a file is damaged; names it.
    """

    def __init__(
        self, folder: Path, prices: Mapping[str, tuple[float, float]], *, time_limit: float = TIME_LIMIT
    ) -> None:
        if read_state(folder) is None:
            raise NotFound(_NO_DATA.format(folder=folder))
        self._time_limit = time_limit
        self._db = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": MEMORY_LIMIT, "temp_directory": ""})
        files: list[Path] = []
        try:
            for name in TABLES:
                files += self._add_view(folder, name)
        except duckdb.Error as error:
            self._db.close()
            raise _unreadable(folder, error) from error
        self._add_cost(prices)
        # From here on it opens these files only, and nothing can allow it more.
        self._db.execute(f"SET allowed_paths = [{', '.join(map(quoted, files))}]")
        for setting in ("enable_external_access = false", "lock_configuration = true"):
            self._db.execute(f"SET {setting}")

    def _add_view(self, folder: Path, name: str) -> list[Path]:
        """A view of the newest rows of a table; returns its files."""
        table = TABLES[name]
        files = [part.path for parts in parts_of(folder, name).values() for part in parts]
        columns = {**column_types(table.row), "day": "DATE"}
        empty = ", ".join(f'NULL::{kind} AS "{column}"' for column, kind in columns.items())
        query = f"SELECT {empty} WHERE false"
        if files:
            listed = ", ".join(map(quoted, files))
            read = f"read_parquet([{listed}], hive_partitioning = true, union_by_name = true)"
            # All rows of a key lie in the folder of one day, so a condition on the day leaves out whole files.
            key = ", ".join(f'"{column}"' for column in table.key)
            clause = newest(table).replace(key, f"day, {key}", 1)
            query = f"{query} UNION ALL BY NAME SELECT * FROM {read} {clause}"
        self._db.execute(f"CREATE VIEW {name} AS {query}")
        return files

    def _add_cost(self, prices: Mapping[str, tuple[float, float]]) -> None:
        self._db.execute("CREATE TABLE prices (name VARCHAR, prompt DOUBLE, reply DOUBLE)")
        for name, (read, written) in prices.items():
            self._db.execute("INSERT INTO prices VALUES (?, ?, ?)", [name, read, written])
        # The most exact name wins: the engine with its endpoint, the engine, the model.
        self._db.execute(
            "CREATE VIEW cost AS SELECT t.*, (t.prompt_tokens * p.prompt + t.reply_tokens * p.reply) / 1e6 AS cost"
            " FROM tokens t LEFT JOIN prices p ON p.name = coalesce("
            " (SELECT name FROM prices WHERE name = t.engine LIMIT 1),"
            " (SELECT name FROM prices WHERE name = split_part(t.engine, '@', 1) LIMIT 1),"
            " (SELECT name FROM prices WHERE name = t.model LIMIT 1))"
        )

    def close(self) -> None:
        self._db.close()

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Answer:
        """The answer to one SELECT.

        Raises:
            InvalidInput: it is no SELECT, is wrong, wants what it may not have, or takes too long or too much memory.
        """
        try:
            statements = duckdb.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise InvalidInput("expected one SELECT: the tables are read, and never changed")
            with self._limited():
                found = self._db.execute(statements[0], list(parameters) or None)
                columns = tuple(column[0] for column in found.description or ())
                rows = found.fetchmany(MOST_ROWS + 1)
        except duckdb.InterruptException as error:
            raise InvalidInput(f"the question took longer than {self._time_limit:g} s", code="too_slow") from error
        except duckdb.OutOfMemoryException as error:
            raise InvalidInput(f"the question needs more than {MEMORY_LIMIT} of memory", code="too_large") from error
        except duckdb.IOException as error:
            # Files were merged meanwhile.
            detail = f"the tables changed, ask again: {_line(error)}"
            raise VisavisError(detail, code="changed", retryable=True) from error
        except duckdb.Error as error:
            raise InvalidInput(_line(error)) from error
        return Answer(columns, rows[:MOST_ROWS], len(rows) > MOST_ROWS)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        timer = threading.Timer(self._time_limit, self._db.interrupt)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _unreadable(folder: Path, error: duckdb.Error) -> VisavisError:
    """What is wrong where a table cannot be opened: files were merged meanwhile, or one is damaged."""
    for name in TABLES:
        for part in (part for parts in parts_of(folder, name).values() for part in parts):
            try:
                duckdb.execute("SELECT 1 FROM parquet_metadata(?) LIMIT 1", [str(part.path)])
            except duckdb.Error:
                if part.path.exists():
                    return ConfigurationError(f"{part.path} is damaged; `visavis analytics rebuild` makes it anew")
    return VisavisError(f"the tables changed, ask again: {_line(error)}", code="changed", retryable=True)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
