"""The read model on disk: conversations folded from the log, in SQLite, with the position in the stream.

Conversations and position change in one transaction, so a process that was killed continues at its file's position.
The file is disposable: deleting it costs a rebuild, never data. Only one process writes a file; others may read it
meanwhile.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from cachetools import LRUCache

from bus.codec import decode_event
from bus.dropped import drop
from bus.errors import ConfigurationError, NotFound, UndecodableEvent, VisavisError
from bus.events import Event
from projections import read_model_queries as queries
from projections import read_model_tables as tables
from projections.conversation import Conversation, Turn
from projections.conversation_end import KEPT, ConversationEnd, Ids
from projections.read_model_queries import ConversationSummary, SearchHit
from projections.read_model_tables import READABLE_VERSIONS, VERSION, Record, put_in_place

log = logging.getLogger(__name__)

CACHED_CONVERSATIONS = 4096
"""Of which the newest turns are kept, some 15 kB each, because they will be gone on with."""
_WHOLE = 32
"""Conversations that are kept as a whole, because somebody looks at them."""

_REBUILD = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""No such table, damaged, not a database: cured by a rebuild, unlike others (locked, read-only, no space)."""



class _Change:
    """A conversation while a batch is folded into it.

    Args:
        end: is changed.
    """

    __slots__ = ("end", "first", "turns")

    def __init__(self, end: ConversationEnd) -> None:
        self.end = end
        self.turns: tuple[Turn, ...] = end.state.turns
        """As they are in the file."""
        self.first = end.first
        """Place of the first of them."""


class ReadModel:
    """The conversations as folded so far. Safe to call from any thread: a lock serialises the calls.

    Args:
        path: the file; created where it is missing, recreated where it is damaged or of a version that this program
            cannot read.
        read_only: read a snapshot of a file that another process may be writing.
        cached_conversations: folded conversations kept in memory.
    Raises:
        NotFound: read_only, and there is no readable file of this version.
        ConfigurationError: the file cannot be written.
    """

    def __init__(
        self, path: Path, *, read_only: bool = False, cached_conversations: int = CACHED_CONVERSATIONS
    ) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._ends: LRUCache[str, ConversationEnd] = LRUCache(cached_conversations)
        self._read_only = read_only
        self._db = self._open_read_only() if read_only else self._open()
        # Who reads waits for no writer: a batch takes longer than a picture may be late.
        self._reading = threading.RLock()
        self._reader = self._db if read_only else self._connect()
        self._whole: LRUCache[str, Conversation] = LRUCache(_WHOLE)
        self.version = tables.stored_version(self._db)
        """Of the file: this program's own, or one that it can read."""
        self.position, self.last_event, self.undecodable = tables.stored_position(self._db)
        self._inode = path.stat().st_ino

    # Opening and closing

    def _open_read_only(self) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            db.execute("BEGIN")  # all reads see one snapshot
            version = tables.stored_version(db)
        except sqlite3.Error as error:
            raise NotFound(f"there is no read model in {self.path}: {error}") from error
        if version != VERSION and version not in READABLE_VERSIONS:
            raise NotFound(f"the read model in {self.path} is of version {version}, this program wants {VERSION}")
        return db

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            db = self._connect()
            try:
                version = tables.stored_version(db)
                if version == VERSION or version in READABLE_VERSIONS:
                    return db
                log.warning(
                    "read model is of another version, rebuilding it",
                    extra={"path": str(self.path), "version": version},
                )
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode not in _REBUILD:
                    raise
                if self.path.stat().st_size:
                    extra = {"path": str(self.path), "why": str(error)}
                    log.warning("read model is damaged, rebuilding it", extra=extra)
            db.close()
            return self._fresh()
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"cannot write the read model {self.path}: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        # The module begins no transactions by itself: `_transaction` does.
        db = sqlite3.connect(self.path, timeout=5.0, isolation_level=None, check_same_thread=False)
        db.execute(tables.OVERWRITE_DELETED)
        return db

    def _fresh(self) -> sqlite3.Connection:
        tables.remove_database(self.path)
        db = self._connect()
        # Not synced at every commit: after a power cut the file lacks some events, which are read from the log again.
        db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {tables.TABLES}")
        db.execute("INSERT INTO position VALUES (?, 0, '', 0)", (VERSION,))
        return db

    def close(self) -> None:
        with self._lock, self._reading:
            self._reader.close()
            self._db.close()

    def has_its_file(self) -> bool:
        """Whether the file under its path is the one that was opened, and was not removed or replaced."""
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def reset(self) -> None:
        """Delete everything, for a log other than the one that was folded."""
        with self._lock, self._reading:
            self._close_files()
            self._db = self._fresh()
            self._reader = self._connect()
            self.position, self.last_event, self.undecodable = 0, "", 0
            self._inode = self.path.stat().st_ino
            self.version = VERSION

    def take_over(self, successor: Path) -> None:
        """Put a file that was built in the place of this one's, and go on with it.

        Killed at any moment, this leaves one of the two files whole: `open_read_model` goes on from there.
        """
        with self._lock, self._reading:
            self._close_files()
            put_in_place(successor, self.path)
            self._db = self._open()
            self._reader = self._connect()
            self.version = tables.stored_version(self._db)
            self.position, self.last_event, self.undecodable = tables.stored_position(self._db)
            self._inode = self.path.stat().st_ino

    def _close_files(self) -> None:
        self._reader.close()
        self._db.close()
        self._ends.clear()
        self._whole.clear()

    # Writing

    def apply_records(self, records: Iterable[Record]) -> list[str]:
        """Decode and fold these records. One that does not decode is skipped, counted and logged."""
        batch: list[tuple[int, Event | None]] = []
        for record in records:
            try:
                batch.append((record.sequence, decode_event(record.data)))
            except UndecodableEvent as error:
                drop("undecodable", sequence=record.sequence, why=error.detail)
                batch.append((record.sequence, None))
        return self.apply_events(batch)

    def apply_events(self, batch: Sequence[tuple[int, Event | None]]) -> list[str]:
        """Fold these events in one transaction. Pairs of sequence and event, in order; None: it did not decode.

        Returns:
            Ids of the conversations that changed.
        Raises:
            ConfigurationError: another process writes the same file.
            VisavisError: the file was damaged and is now empty, or cannot be written at the moment.
        """
        with self._lock:
            new = [(seq, event) for seq, event in batch if seq > self.position]
            if not new:
                return []
            changes: dict[str, _Change] = {}
            for seq, event in new:
                if event is not None:
                    change = changes.get(event.conversation)
                    if change is None:
                        change = changes[event.conversation] = _Change(self._end(event.conversation))
                    self._fold(change, seq, event)
            seq, event = new[-1]
            undecodable = self.undecodable + sum(event is None for _, event in new)
            last = event.id if event else ""
            with self._transaction():
                for change in changes.values():
                    self._write(change)
                self._db.execute("UPDATE position SET seq = ?, event = ?, undecodable = ?", (seq, last, undecodable))
            self.position, self.last_event, self.undecodable = seq, last, undecodable
            for name, change in changes.items():
                change.end.shorten()
                self._ends[name] = change.end
            with self._reading:
                for name in changes:
                    self._whole.pop(name, None)
            return list(changes)

    def _end(self, name: str) -> ConversationEnd:
        end = self._ends.pop(name, None)  # where the batch cannot be written, it is read from the file again
        if end is None:
            state, first = tables.load_end(self._db, name, KEPT) or (Conversation(id=name), 0)
            end = ConversationEnd(state, first, None)
        return end

    def _fold(self, change: _Change, sequence: int, event: Event) -> None:
        end = change.end
        names = end.looked_for(event)
        if names and end.earlier is None:
            end.earlier = Ids.of_stored(tables.stored_turns(self._db, event.conversation, end.first))
        if end.earlier is not None and any(name in end.earlier for name in names):
            rows = tables.stored_turns(self._db, event.conversation, end.first)
            earlier = tuple(map(tables.decode_turn, rows))
            change.turns = earlier + change.turns
            change.first = 0
            end.widen(earlier)
        end.fold(sequence, event)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with tables.transaction(self._db, self.path, self.position):
                yield
        except sqlite3.Error as error:
            if error.sqlite_errorcode in _REBUILD:
                self.reset()
                # No configuration error, with which a process is not restarted: the next start rebuilds the file.
                raise VisavisError(f"{self.path} was damaged and is emptied; start again", code="damaged") from error
            raise VisavisError(
                f"cannot write the read model {self.path}: {error}", code="not_written", retryable=True
            ) from error

    def _write(self, change: _Change) -> None:
        old, after = change.turns, change.end.state
        if after.erased:
            tables.forget_turns(self._db, after.id)
        for place, turn in enumerate(after.turns):
            # The fold leaves untouched turns as they are, the same objects.
            if place < len(old) and old[place] is turn:
                continue
            row = self._db.execute(
                f"{tables.PUT_TURN} RETURNING row", (after.id, change.first + place, tables.encode(turn))
            ).fetchone()
            old_text = tables.searchable_text(old[place]) if place < len(old) else ""
            text = tables.searchable_text(turn)
            if old_text != text:
                if old_text:
                    self._db.execute("DELETE FROM turn_text WHERE rowid = ?", row)
                self._db.execute("INSERT INTO turn_text (rowid, text) VALUES (?, ?)", (*row, text))
        self._db.execute(tables.PUT_CONVERSATION, tables.conversation_row(after))

    def scrub(self) -> None:
        """Remove what is left in the file of conversations that were erased; takes seconds in a large one.

        Raises:
            VisavisError: the file cannot be written at the moment.
        """
        with self._lock:
            try:
                tables.scrub(self._db)
            except sqlite3.Error as error:
                raise VisavisError(
                    f"cannot write the read model {self.path}: {error}", code="not_written", retryable=True
                ) from error

    # Reading

    def conversation(self, conversation_id: str) -> Conversation | None:
        """The conversation of this id, None where no event of it has been folded."""
        with self._reading:
            if (found := self._whole.get(conversation_id)) is not None:
                return found
            position = self.position
            found = self._load(conversation_id)
            if found is not None and self.position == position:
                self._whole[conversation_id] = found
            return found

    def _load(self, conversation_id: str) -> Conversation | None:
        if self._read_only:
            return tables.load(self._reader, conversation_id)
        self._reader.execute("BEGIN")  # one snapshot
        try:
            return tables.load(self._reader, conversation_id)
        finally:
            self._reader.execute("COMMIT")

    def count_of(self, person: str) -> int:
        """How many conversations a person has."""
        with self._lock:
            query = "SELECT count(*) FROM conversations WHERE person = ?"
            return int(self._db.execute(query, (person,)).fetchone()[0])

    def conversations_of(self, person: str) -> list[ConversationSummary]:
        """A person's open conversations, newest first."""
        with self._reading:
            return queries.summaries_of(self._reader, person)

    def all_conversations(self) -> list[ConversationSummary]:
        """The conversations of all persons, newest first, closed ones too."""
        with self._reading:
            return queries.all_summaries(self._reader)

    def ids_of(self, person: str) -> list[str]:
        """Ids of all conversations of a person, closed ones too, the oldest first."""
        with self._reading:
            rows = self._reader.execute(
                "SELECT id FROM conversations WHERE person = ? ORDER BY updated_at, id", (person,)
            ).fetchall()
        return [str(id_) for (id_,) in rows]

    def unchanged_since(self, moment: int) -> list[str]:
        """Conversations in which nothing was said since a time, microseconds since 1970."""
        with self._reading:
            rows = self._reader.execute(
                "SELECT id FROM conversations WHERE updated_at < ? AND person != '' ORDER BY updated_at", (moment,)
            ).fetchall()
        return [str(id_) for (id_,) in rows]

    def search(self, person: str, text: str, *, limit: int = 50) -> list[SearchHit]:
        """The turns of a person's conversations in which all these words were said, best first.

        The last word may be the beginning of one. Anything may stand in `text`; it is taken as words only.
        """
        # On a connection of its own: a common word among many turns takes longer than others may wait for the lock.
        with closing(self._open_read_only()) as db:
            return queries.search(db, person, text, limit)

    def digests(self) -> Iterator[tuple[str, str]]:
        """Ids of the conversations and a hash of each; independent of the steps in which it was folded."""
        with self._lock:
            ids = [str(row[0]) for row in self._db.execute("SELECT id FROM conversations ORDER BY id")]
            for conversation_id in ids:
                rows = hashlib.sha256()
                for (row,) in self._db.execute("SELECT metadata FROM conversations WHERE id = ?", (conversation_id,)):
                    rows.update(row)
                for data, text in self._db.execute(
                    "SELECT t.data, coalesce(s.text, '') FROM turns t LEFT JOIN turn_text s ON s.rowid = t.row"
                    " WHERE t.conversation = ? ORDER BY t.turn_index",
                    (conversation_id,),
                ):
                    rows.update(b"\n" + data + b"\n" + text.encode())
                yield conversation_id, rows.hexdigest()

    def digest(self) -> str:
        """A hash of everything stored, with the search index; independent of the steps in which it was folded."""
        whole = hashlib.sha256()
        for conversation_id, rows in self.digests():
            whole.update(f"{conversation_id} {rows}\n".encode())
        return whole.hexdigest()
