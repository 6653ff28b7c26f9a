"""The tables of the read model, and how conversations are stored in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from bus.errors import ConfigurationError
from projections.conversation import Conversation, Turn

VERSION = 11
"""Of the tables and of the fold. Raise it when either changes what is stored: files of other versions are rebuilt."""
READABLE_VERSIONS = frozenset({7, 8, 9, 10})
"""Older versions whose rows this program reads and goes on folding: the tables are the same, and what a conversation
has more today has a default. Such a file is served, without what is new, until its successor is built."""

TABLES = """
CREATE TABLE position (
    version INTEGER NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, undecodable INTEGER NOT NULL
);
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, person TEXT NOT NULL, updated_at INTEGER NOT NULL, title TEXT NOT NULL,
    character TEXT NOT NULL, closed INTEGER NOT NULL, metadata BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX conversations_of ON conversations (person, updated_at DESC);
CREATE TABLE turns (
    row INTEGER PRIMARY KEY, conversation TEXT NOT NULL, turn_index INTEGER NOT NULL, data BLOB NOT NULL,
    UNIQUE (conversation, turn_index)
);
CREATE VIRTUAL TABLE turn_text USING fts5 (text, tokenize = "unicode61 remove_diacritics 2");
"""
OVERWRITE_DELETED = "PRAGMA secure_delete = ON"
"""For each connection that writes: what was said is not left behind in free pages once it is erased."""
PUT_TURN = (
    "INSERT INTO turns (conversation, turn_index, data) VALUES (?, ?, ?)"
    " ON CONFLICT (conversation, turn_index) DO UPDATE SET data = excluded.data"
)
PUT_CONVERSATION = "INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?, ?, ?, ?)"

encode = msgspec.json.Encoder().encode
_decode_metadata = msgspec.json.Decoder(Conversation).decode
decode_turn = msgspec.json.Decoder(Turn).decode


class Record(Protocol):
    """A message of the stream, as `bus.log.event_log` reads it."""

    @property
    def sequence(self) -> int: ...
    @property
    def data(self) -> bytes: ...


def stored_version(db: sqlite3.Connection) -> int:
    """The version that a file says it is of.

    Raises:
        sqlite3.Error: it is no read model, or damaged.
    """
    row = db.execute("SELECT version FROM position").fetchone()
    if row is None:
        raise sqlite3.DatabaseError("it has no position")
    return int(row[0])


def stored_position(db: sqlite3.Connection) -> tuple[int, str, int]:
    """Sequence and id of the last event that is in a file, and the number of those that did not decode."""
    seq, event, undecodable = db.execute("SELECT seq, event, undecodable FROM position").fetchone()
    return int(seq), str(event), int(undecodable)


@contextmanager
def transaction(db: sqlite3.Connection, path: Path, position: int) -> Iterator[None]:
    """All or nothing of what is written while the context lasts.

    Args:
        path: of the file, for the error.
        position: the sequence up to which the caller has written the file.
    Raises:
        ConfigurationError: another process has written it.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        if stored_position(db)[0] != position:
            raise ConfigurationError(f"another process writes {path}: each needs a data folder of its own")
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def remove_database(path: Path) -> None:
    """Remove a database's file and those that SQLite has beside it."""
    for suffix in ("-wal", "-shm", "-journal", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def put_in_place(successor: Path, path: Path) -> None:
    """Put a closed database in the place of another one."""
    # SQLite would take the log of changes of the old file for one of the new file.
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    successor.replace(path)


def load(db: sqlite3.Connection, conversation: str) -> Conversation | None:
    """A conversation as it is stored."""
    row = db.execute("SELECT metadata FROM conversations WHERE id = ?", (conversation,)).fetchone()
    if row is None:
        return None
    turns = db.execute("SELECT data FROM turns WHERE conversation = ? ORDER BY turn_index", (conversation,))
    return replace(_decode_metadata(row[0]), turns=tuple(decode_turn(data) for (data,) in turns))


def load_end(db: sqlite3.Connection, conversation: str, turns: int) -> tuple[Conversation, int] | None:
    """A conversation with its newest turns only, and the place of the first of them."""
    row = db.execute("SELECT metadata FROM conversations WHERE id = ?", (conversation,)).fetchone()
    if row is None:
        return None
    rows = db.execute(
        "SELECT turn_index, data FROM turns WHERE conversation = ? ORDER BY turn_index DESC LIMIT ?",
        (conversation, turns),
    ).fetchall()
    newest = tuple(decode_turn(data) for _, data in reversed(rows))
    return replace(_decode_metadata(row[0]), turns=newest), rows[-1][0] if rows else 0


def stored_turns(db: sqlite3.Connection, conversation: str, before: int) -> list[bytes]:
    """The turns of a conversation before a place, as they are stored."""
    rows = db.execute(
        "SELECT data FROM turns WHERE conversation = ? AND turn_index < ? ORDER BY turn_index", (conversation, before)
    )
    return [data for (data,) in rows]


def forget_turns(db: sqlite3.Connection, conversation: str) -> None:
    """Delete the turns of a conversation; what the index and the log of changes still have of them, `scrub` removes."""
    db.execute(
        "DELETE FROM turn_text WHERE rowid IN (SELECT row FROM turns WHERE conversation = ?)", (conversation,)
    )
    db.execute("DELETE FROM turns WHERE conversation = ?", (conversation,))


def scrub(db: sqlite3.Connection) -> None:
    """Remove what the search index and the log of changes still have of deleted rows."""
    db.execute("INSERT INTO turn_text (turn_text) VALUES ('optimize')")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def conversation_row(one: Conversation) -> tuple[Any, ...]:
    """The values of a conversation for `PUT_CONVERSATION`."""
    return one.id, one.person, one.updated_at, one.title, one.character, one.closed, encode(replace(one, turns=()))


def searchable_text(turn: Turn) -> str:
    """The text of both sides of a turn, for the search index."""
    parts = [turn.person.text] if turn.person else []
    if turn.reply:
        parts += [sentence.spoken_text or sentence.text for sentence in turn.reply.sentences]
    return "\n".join(part for part in parts if part)
