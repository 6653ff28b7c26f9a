"""Builds a read model from the log in a new file, several times as fast as following the log does.

A turn is encoded and written once for thousands of events, nothing waits for the disk, and the search index is filled
at the end. The conversations are equal to those of `ReadModel.apply_records`, whose file this becomes. A process that
was killed goes on at its last commit.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cachetools import LRUCache

from bus.codec import decode_event
from bus.errors import ConfigurationError, UndecodableEvent, VisavisError
from projections import read_model_tables as tables
from projections.conversation import Conversation, Turn, fold
from projections.read_model import ReadModel
from projections.read_model_tables import Record

log = logging.getLogger(__name__)

COMMIT_EVERY = 20_000
"""Events folded in memory before they are written."""
_FOLDING, _INDEXING, _COMPLETE = 0, 1, 2
"""Stages of a file, in SQLite's user_version."""
_INDEXED_AT_ONCE = 5_000
"""Turns that are put into the search index in one transaction."""


def building_path(target: Path) -> Path:
    """Where the file of this version is built that is to take the place of `target`."""
    return target.with_name(f"{target.name}.v{tables.VERSION}.building")


def open_read_model(target: Path) -> ReadModel:
    """The read model to serve: a file that was built to its end and not put in place yet, or what is there.

    What builds of other versions have left is removed, and what is left of a build that is needed no more.

    Raises: see `ReadModel`.
    """
    building = building_path(target)
    try:
        if is_complete(building):
            tables.put_in_place(building, target)
        model = ReadModel(target)
        unfinished = model.version != tables.VERSION or not model.position
        for path in target.parent.glob(f"{target.name}.v*.building*"):
            if not (unfinished and path.name.startswith(building.name)):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write the read model {target}: {error}") from error
    return model


def is_complete(path: Path) -> bool:
    """Whether a file was built to its end, by this version."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (stage,) = db.execute("PRAGMA user_version").fetchone()
            return bool(stage == _COMPLETE and tables.stored_version(db) == tables.VERSION)
    except sqlite3.Error:
        return False


class ReadModelBuilder:
    """A read model that is being built. For one thread.

    Args:
        path: of the new file; one that was begun and is of this version is continued, any other replaced.
    Raises:
        ConfigurationError: the file cannot be written.
    """

    def __init__(self, path: Path, *, commit_every: int = COMMIT_EVERY, cached_conversations: int = 512) -> None:
        self.path = path
        self._commit_every = commit_every
        self._db = self._open()
        self.position, self.last_event, self.undecodable = tables.stored_position(self._db)
        self._changed: dict[str, Conversation] = {}
        """Conversations that have changed since the last commit."""
        self._written: dict[str, tuple[Turn, ...]] = {}
        """Their turns as they are in the file."""
        self._clean: LRUCache[str, Conversation] = LRUCache(cached_conversations)
        self._uncommitted = 0
        self._committed = self.position

    @property
    def is_indexing(self) -> bool:
        """Whether the file takes no more events, because its search index is being filled."""
        return bool(self._db.execute("PRAGMA user_version").fetchone()[0] != _FOLDING)

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.path, isolation_level=None)
            try:
                begun = tables.stored_version(db) == tables.VERSION
            except sqlite3.DatabaseError:
                begun = False
            if not begun:
                db.close()
                tables.remove_database(self.path)
                db = sqlite3.connect(self.path, isolation_level=None)
                db.executescript(f"BEGIN; {tables.TABLES} COMMIT;")
                db.execute("INSERT INTO position VALUES (?, 0, '', 0)", (tables.VERSION,))
            # After a power cut the file may be damaged, and is built again; a killed process damages nothing.
            db.executescript("PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")
            db.execute(tables.OVERWRITE_DELETED)
            return db
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"cannot write the read model {self.path}: {error}") from error

    def close(self) -> None:
        """Close the file without what was not committed."""
        self._db.close()

    def restart(self) -> None:
        """Begin anew with an empty file."""
        self._db.close()
        tables.remove_database(self.path)
        self._changed, self._written, self._uncommitted = {}, {}, 0
        self._clean.clear()
        self._db = self._open()
        self.position, self.last_event, self.undecodable, self._committed = 0, "", 0, 0

    def add(self, records: Iterable[Record]) -> None:
        """Decode and fold records, in order; those that are in the file already change nothing."""
        changed = self._changed
        for record in records:
            sequence = record.sequence
            if sequence <= self.position:
                continue
            self._uncommitted += 1
            self.position = sequence
            try:
                event = decode_event(record.data)
            except UndecodableEvent as error:
                log.warning("event does not decode, skipped", extra={"seq": sequence, "why": error.detail[:200]})
                self.undecodable += 1
                self.last_event = ""
                continue
            self.last_event = event.id
            before = changed.get(event.conversation) or self._begin_change(event.conversation)
            changed[event.conversation] = fold(before, sequence, event)
        if self._uncommitted >= self._commit_every:
            self.commit()

    def _begin_change(self, name: str) -> Conversation:
        found = self._clean.pop(name, None) or tables.load(self._db, name)
        self._written[name] = found.turns if found is not None else ()
        return found or Conversation(id=name)

    def commit(self) -> None:
        """Write what was folded.

        Raises:
            VisavisError: the disk is full, or the like.
        """
        turns = (
            (name, place, tables.encode(turn))
            for name, after in self._changed.items()
            for place, turn in _changed_turns(self._written[name], after.turns)
        )
        with self._transaction():
            for name, after in self._changed.items():
                if after.erased:
                    tables.forget_turns(self._db, name)
            self._db.executemany(tables.PUT_TURN, turns)
            self._db.executemany(tables.PUT_CONVERSATION, map(tables.conversation_row, self._changed.values()))
            position = (self.position, self.last_event, self.undecodable)
            self._db.execute("UPDATE position SET seq = ?, event = ?, undecodable = ?", position)
        self._clean.update(self._changed)
        self._changed, self._written, self._uncommitted, self._committed = {}, {}, 0, self.position

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with tables.transaction(self._db, self.path, self._committed):
                yield
        except sqlite3.Error as error:
            raise VisavisError(f"cannot write the read model {self.path}: {error}", code="not_written") from error

    def finish(self) -> None:
        """Write all, fill the search index, and make it a whole file that `ReadModel` opens; closes it.

        Raises:
            VisavisError: the disk is full, or the like.
        """
        self.commit()
        self._changed, self._clean = {}, LRUCache(1)
        with self._transaction():
            self._db.execute(f"PRAGMA user_version = {_INDEXING}")
        (done,) = self._db.execute("SELECT coalesce(max(rowid), 0) FROM turn_text").fetchone()
        while (row := self._index_after(done)) is not None:
            done = row
        self._db.executescript("PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL;")
        with self._transaction():
            self._db.execute(f"PRAGMA user_version = {_COMPLETE}")
        self._db.close()  # writes the log of changes into the file
        _sync(self.path)

    def _index_after(self, done: int) -> int | None:
        """Put the turns after a row into the search index, some thousands; returns the last row, None: none is left."""
        rows = self._db.execute(
            "SELECT row, data FROM turns WHERE row > ? ORDER BY row LIMIT ?", (done, _INDEXED_AT_ONCE)
        ).fetchall()
        texts = ((row, tables.searchable_text(tables.decode_turn(data))) for row, data in rows)
        with self._transaction():
            self._db.executemany("INSERT INTO turn_text (rowid, text) VALUES (?, ?)", (one for one in texts if one[1]))
        return rows[-1][0] if rows else None


def _changed_turns(before: tuple[Turn, ...], after: tuple[Turn, ...]) -> Iterator[tuple[int, Turn]]:
    """Places and turns that are new or another object: the fold leaves untouched turns as they are."""
    known = len(before)
    for place, turn in enumerate(after):
        if place >= known or before[place] is not turn:
            yield place, turn


def _sync(path: Path) -> None:
    """Write a file to the disk before another is given up for it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
