"""The analytics' folder: Parquet files by table and day, and a state file that says how far they go.

    <data>/analytics/state.json
    <data>/analytics/<table>/day=YYYY-MM-DD/part-<first>-<last>.parquet

The numbers are stream sequences: the file has all rows that the events from the first to the last gave for that day.
A commit writes its files under their names first and the state last. A file that goes beyond the state is therefore of
a commit that a kill cut short: it is removed at the start, and made again from the log. A merged file spans those that
it is made of; those that are left when it is there are removed too. So each event counts once, wherever a kill comes.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from bus.errors import ConfigurationError, VisavisError
from projections.analytics import parquet
from projections.analytics.tables import TABLE_OF, TABLES, VERSION, Row

log = logging.getLogger(__name__)

MERGED_PARTS = 12
"""Files of a table and day, at which small ones are merged."""
_STATE = "state.json"
_PART = re.compile(r"(?P<source>part|dead)-(?P<first>\d+)-(?P<last>\d+)\.parquet")
FACTS, DEAD, DELIVERIES, MACHINE = "CONVERSATIONS", "DEAD", "DELIVERIES", "machine"
_encode = msgspec.json.Encoder().encode
SOURCES = (FACTS, DEAD, DELIVERIES, MACHINE)
"""Where rows come from: three streams, and samples of the machine, whose sequence is their time."""


class Position(Struct, frozen=True):
    """The last message of a stream whose rows are in files."""

    seq: int = 0
    time: int = 0
    """When it was stored, microseconds since 1970: together they tell a stream from another one."""


class State(Struct, frozen=True):
    """How far the files go."""

    version: int
    positions: dict[str, Position]
    """By source."""
    written_at: int = 0
    """Microseconds since 1970."""
    events: int = 0
    """Read so far, of all streams."""


class Part(NamedTuple):
    """A file of rows."""

    path: Path
    source: str
    first: int
    last: int


def source_of(table: str, prefix: str) -> str:
    """The source of the rows of a file, by its table and the first word of its name."""
    if prefix == "dead":
        return DEAD
    return {"deliveries": DELIVERIES, "machine": MACHINE}.get(table, FACTS)


def parts_of(folder: Path, table: str) -> dict[str, list[Part]]:
    """The files of a table by day, in order; without those that another one spans."""
    found: dict[str, list[Part]] = {}
    for day in sorted(folder.glob(f"{table}/day=*")):
        parts = sorted(_parts(day, table), key=lambda part: (part.source, part.first, -part.last))
        found[day.name.removeprefix("day=")] = [part for part in parts if not _is_spanned(part, parts)]
    return found


def _parts(day: Path, table: str) -> Iterator[Part]:
    for path in day.iterdir():
        match = _PART.fullmatch(path.name)
        if match is not None:
            yield Part(path, source_of(table, match["source"]), int(match["first"]), int(match["last"]))


def _is_spanned(part: Part, parts: Iterable[Part]) -> bool:
    return any(
        other.source == part.source and other.first <= part.first and part.last <= other.last and other != part
        for other in parts
    )


def read_state(folder: Path) -> State | None:
    """How far the files in a folder go; None where there are none that this version can read."""
    try:
        state = msgspec.json.decode((folder / _STATE).read_bytes(), type=State)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return state if state.version == VERSION else None


class Store:
    """The writer of the folder; there is one for each folder. Use within `lock`.

    Raises:
        ConfigurationError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            state = read_state(folder)
            if state is None:
                self._remove_tables()
                state = State(VERSION, {})
            self.state = state
            self._clean()
        except OSError as error:
            raise ConfigurationError(f"the analytics cannot be written to {folder}: {error}") from error

    def position(self, source: str) -> Position:
        return self.state.positions.get(source, Position())

    def begin_anew(self) -> None:
        """Forget all rows: they will be made from the log again."""
        (self.folder / _STATE).unlink(missing_ok=True)
        self._remove_tables()
        self.state = State(VERSION, {})

    def set_aside(self, now: int) -> Path:
        """Keep the files of a log that is gone, under another name, and begin anew; returns where they are.

        Args:
            now: microseconds since 1970.
        """
        moment = datetime.fromtimestamp(now / 1_000_000, UTC)
        kept = self.folder.with_name(f"{self.folder.name}-until-{moment:%Y%m%dT%H%M%S}")
        while kept.exists():
            kept = kept.with_name(kept.name + "x")
        self.folder.rename(kept)
        self.folder.mkdir()
        self.state = State(VERSION, {})
        return kept

    def commit(
        self, rows: Iterable[tuple[str, int, Row]], positions: dict[str, Position], *, events: int, now: int
    ) -> int:
        """Write rows into files and then the positions that they reach; returns the number of rows.

        Args:
            rows: the source of each, the time by which it is filed, and the row.
            positions: of the sources that went on.
            events: how many were read for it.
            now: microseconds since 1970.
        Raises:
            VisavisError: the folder cannot be written at the moment.
        """
        try:
            return self._commit(rows, positions, events, now)
        except OSError as error:
            detail = f"the analytics cannot be written to {self.folder}: {error.strerror}"
            raise VisavisError(detail, code="not_written", retryable=True) from error

    def _commit(
        self, rows: Iterable[tuple[str, int, Row]], positions: dict[str, Position], events: int, now: int
    ) -> int:
        # As lines from the start: rows as objects take several times their memory.
        grouped: dict[tuple[str, str, str], bytearray] = defaultdict(bytearray)
        count = 0
        for source, at, row in rows:
            grouped[TABLE_OF[type(row)], day_of(at), source] += _encode(row) + b"\n"
            count += 1
        for (table, day, source), lines in grouped.items():
            prefix = "dead" if source == DEAD else "part"
            name = f"{prefix}-{self.position(source).seq + 1}-{positions[source].seq}.parquet"
            target = self.folder / table / f"day={day}" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            parquet.write(TABLES[table], lines, target)
        reached = {**self.state.positions, **positions}
        self._write_state(State(VERSION, reached, now, self.state.events + events))
        for table, day in {(table, day) for table, day, _ in grouped}:
            self._merge(table, day)
        return count

    def erase(self, conversations: Collection[str]) -> None:
        """Remove the rows of these conversations from all files.

        Raises:
            VisavisError: the folder cannot be written at the moment.
        """
        for name, table in TABLES.items():
            if "conversation" in table.row.__struct_fields__:
                for path in sorted(self.folder.glob(f"{name}/day=*/*.parquet")):
                    parquet.remove_rows(path, "conversation", conversations)

    def _write_state(self, state: State) -> None:
        temporary = self.folder / f"{_STATE}.new"
        with temporary.open("wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self.folder / _STATE)
        self.state = state

    def _merge(self, table: str, day: str) -> None:
        """Merge the newest files of a day where there are many: each with those after it that are about its size."""
        folder = self.folder / table / f"day={day}"
        by_source: dict[str, list[Part]] = defaultdict(list)
        for part in sorted(_parts(folder, table), key=lambda part: part.first):
            by_source[part.source].append(part)
        for parts in by_source.values():
            if len(parts) < MERGED_PARTS:
                continue
            merged, size = [parts[-1]], parts[-1].path.stat().st_size
            for part in reversed(parts[:-1]):
                own = part.path.stat().st_size
                if own > 2 * size and len(merged) >= MERGED_PARTS // 2:
                    break
                merged.insert(0, part)
                size += own
            prefix = parts[-1].path.name.split("-")[0]
            target = folder / f"{prefix}-{merged[0].first}-{merged[-1].last}.parquet"
            try:
                parquet.merge([part.path for part in merged], target)
            except VisavisError as error:
                log.warning("files are not merged", extra={"folder": str(folder), "why": error.detail})
                continue  # all rows are there all the same
            for part in merged:
                part.path.unlink()

    def _clean(self) -> None:
        """Remove what a kill left: unfinished files, those beyond the state, and those that were merged."""
        for table in TABLES:
            for day in self.folder.glob(f"{table}/day=*"):
                for path in day.iterdir():
                    if not _PART.fullmatch(path.name):
                        path.unlink()
                parts = list(_parts(day, table))
                for part in parts:
                    # Samples of the machine are not on the log: they cannot be made again, and need not be.
                    is_beyond = part.source != MACHINE and part.last > self.position(part.source).seq
                    if is_beyond or _is_spanned(part, parts):
                        part.path.unlink()

    def _remove_tables(self) -> None:
        for table in TABLES.keys() - {MACHINE}:
            shutil.rmtree(self.folder / table, ignore_errors=True)


def day_of(at: int) -> str:
    """The day of a time in UTC, as YYYY-MM-DD."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d")


@contextmanager
def lock(folder: Path, *, patience: float = 2.0) -> Iterator[None]:
    """Make sure that no other process writes this folder, for as long as the context lasts.

    Args:
        patience: seconds to wait for one that only looks whether there is another.
    Raises:
        ConfigurationError: one does, or the lock cannot be written.
    """
    path = folder.with_name(f"{folder.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise ConfigurationError(f"the analytics cannot be written to {folder}: {error}") from error
    with file:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    detail = f"another process writes the analytics in {folder}"
                    raise ConfigurationError(detail, code="locked") from error
            time.sleep(0.05)
        yield
