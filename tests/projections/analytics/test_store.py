"""The files: written once whatever is killed, merged, and read by nothing but SELECTs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bus.errors import ConfigurationError, InvalidInput, NotFound
from projections.analytics import store as store_module
from projections.analytics.database import Database, parse_prices
from projections.analytics.store import FACTS, MACHINE, Position, Store, lock, parts_of, read_state
from projections.analytics.tables import TABLES, MachineRow, Row, TakeoverRow, TokenRow, column_types

DAY = 86_400_000_000
EVENTS = 6


class Killed(BaseException):
    """In place of a SIGKILL."""


def rows(first: int, last: int) -> list[tuple[str, int, Row]]:
    """A row for each event, on two days."""
    found: list[tuple[str, int, Row]] = []
    for seq in range(first, last + 1):
        at = (seq % 2) * DAY + seq
        row = TakeoverRow(conversation="c", event=f"e{seq}", began=at, service="stt", work="w", seq=seq)
        found.append((FACTS, at, row))
    return found


def write_all(folder: Path, *, batch: int = 2) -> None:
    """Go on from where the files end, to the last event."""
    store = Store(folder)
    while (after := store.position(FACTS).seq) < EVENTS:
        last = min(after + batch, EVENTS)
        store.commit(rows(after + 1, last), {FACTS: Position(last, last)}, events=last - after, now=last)


def stored(folder: Path) -> list[int]:
    """The sequences of all rows in the files, as often as they are there."""
    import duckdb

    files = [str(part.path) for parts in parts_of(folder, "takeovers").values() for part in parts]
    found = duckdb.connect(":memory:").execute("SELECT seq FROM read_parquet($1) ORDER BY seq", [files])
    return [seq for (seq,) in found.fetchall()]


def test_each_event_counts_once_wherever_the_writer_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MERGED_PARTS", 3)
    steps_left = 0

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal steps_left
            steps_left -= 1
            if steps_left < 0:
                raise Killed
            return act(*arguments, **options)

        return step

    for where, name in ((os, "fsync"), (Path, "rename"), (Path, "unlink"), (Path, "write_bytes")):
        monkeypatch.setattr(where, name, counted(getattr(where, name)))
    kills = 0
    while True:
        folder = tmp_path / str(kills)
        steps_left = kills
        try:
            write_all(folder)
            break
        except Killed:
            kills += 1
        steps_left = 1 << 30
        write_all(folder, batch=3)
        assert stored(folder) == list(range(1, EVENTS + 1)), kills
    assert kills > 25
    steps_left = 1 << 30
    assert stored(folder) == list(range(1, EVENTS + 1))
    assert {len(parts) for parts in parts_of(folder, "takeovers").values()} <= {1, 2, 3}


def test_another_version_begins_anew_and_keeps_the_samples_of_the_machine(tmp_path: Path) -> None:
    store = Store(tmp_path)
    sample = MachineRow(process="p", began=5, service="stt", engine="e", host="h", seq=5)
    store.commit([*rows(1, 2), (MACHINE, 5, sample)], {FACTS: Position(2, 2), MACHINE: Position(5, 5)}, events=2, now=1)
    state = tmp_path / "state.json"
    state.write_bytes(state.read_bytes().replace(b'"version":1', b'"version":0'))
    assert read_state(tmp_path) is None
    assert Store(tmp_path).position(FACTS).seq == 0
    assert {path.parent.parent.name for path in tmp_path.glob("*/day=*/*.parquet")} == {"machine"}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write_all(tmp_path)
    (part, *_), *_ = parts_of(tmp_path, "takeovers").values()
    whole = part.path.read_bytes()
    for damaged in (b"", whole[:100], whole[:-4]):
        part.path.write_bytes(damaged)
        with pytest.raises(ConfigurationError, match=rf"{part.path.name} is damaged; `visavis analytics rebuild`"):
            Database(tmp_path, {})


def test_a_log_that_is_gone_is_kept_beside(tmp_path: Path) -> None:
    store = Store(tmp_path / "analytics")
    store.commit(rows(1, 2), {FACTS: Position(2, 2)}, events=2, now=1)
    kept = store.set_aside(1_700_000_000_000_000)
    assert kept.name == "analytics-until-20231114T221320"
    assert stored(kept) == [1, 2]
    assert Store(tmp_path / "analytics").position(FACTS) == Position()


def test_only_one_process_writes(tmp_path: Path) -> None:
    with (
        lock(tmp_path / "analytics"),
        pytest.raises(ConfigurationError, match="another process"),
        lock(tmp_path / "analytics", patience=0),
    ):
        pass


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    folder = tmp_path_factory.mktemp("it's") / "analytics"
    store = Store(folder)
    newer = TakeoverRow(conversation="c", event="e1", began=DAY + 1, service="tts", work="w", seq=9)
    priced = [("openai:m@h:1", "m", "a"), ("openai:n@h:1", "n", "b"), ("local:q", "q", "c")]
    tokens = [
        TokenRow(
            conversation="c", turn="t", reply=reply, began=1, engine=engine, model=model, prompt_tokens=1_000_000,
            reply_tokens=500_000, seq=9,
        )
        for engine, model, reply in priced
    ]  # fmt: skip
    store.commit(rows(1, 8), {FACTS: Position(8, 8)}, events=8, now=1)
    added: list[tuple[str, int, Row]] = [(FACTS, DAY + 1, newer), *((FACTS, 1, row) for row in tokens)]
    store.commit(added, {FACTS: Position(9, 9)}, events=1, now=1)
    return Database(folder, parse_prices("m=0.25/2, openai:m@h:1=1/4.00, n=2/0"), time_limit=1.0)


def test_a_newer_row_takes_the_place_of_an_older_one(database: Database) -> None:
    answer = database.select("SELECT seq, service FROM takeovers WHERE event IN ('e1', 'e2') ORDER BY seq")
    assert answer.rows == [(2, "stt"), (9, "tts")]
    for table in TABLES.values():
        assert database.select(f"SELECT * FROM {table.name} LIMIT 0").columns == (*column_types(table.row), "day")


def test_prices_go_by_the_most_exact_name(database: Database) -> None:
    assert database.select("SELECT model, cost FROM cost ORDER BY model").rows == [("m", 3.0), ("n", 2.0), ("q", None)]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY takeovers TO '{folder}/x.csv'",
        "SELECT 1; COPY takeovers TO '{folder}/x.csv'",
        "EXPLAIN ANALYZE COPY takeovers TO '{folder}/x.csv'",
        "CREATE TABLE x AS SELECT 1",
        "DROP VIEW takeovers",
        "DELETE FROM prices",
        "SET enable_external_access = true",
        "ATTACH '{folder}/x.db'",
        "INSTALL httpfs",
        "PRAGMA version",
        "SELECT * FROM read_text('{folder}/secret')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '{folder}/state.json'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT getenv('HOME')",
        "SELECT count(*) FROM range(1000000000) a, range(1000000000) b",
        "SELECT list(range) FROM range(300000000)",
        "SELECT 1 FROM nowhere",
        "not sql",
        "",
    ],
)
def test_sql_reads_the_tables_and_nothing_else(database: Database, tmp_path: Path, sql: str) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "state.json").write_text("{}")
    with pytest.raises(InvalidInput) as caught:
        database.select(sql.format(folder=tmp_path))
    assert "\n" not in caught.value.detail
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret", "state.json"]
    assert database.select("SELECT 1").rows == [(1,)]


def test_without_tables_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="visavis analytics rebuild"):
        Database(tmp_path, {})


@pytest.mark.parametrize("setting", ["m", "m=1", "m=a/b", "=1/2", "m=-1/2", "m=nan/1", "m=1/2/3", "m=inf/1"])
def test_prices_that_are_none_are_refused(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="VISAVIS_LLM_PRICES"):
        parse_prices(setting)
