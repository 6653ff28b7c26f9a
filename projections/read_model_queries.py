"""Lists and searches of the conversations in the read model's database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from projections import read_model_tables as tables

_SUMMARIES = (
    "SELECT id, title, character, updated_at, coalesce(json_extract(CAST(metadata AS TEXT), '$.copied'), '')"
    " FROM conversations"
)


class ConversationSummary(Struct, frozen=True, kw_only=True):
    """A conversation in a list, without its turns."""

    id: str
    title: str
    character: str
    updated_at: int
    copied: Literal["", "imported", "rerun"] = ""
    """How it came here, if it is a copy."""


class SearchHit(Struct, frozen=True, kw_only=True):
    """A turn that contains the words of a search."""

    conversation: str
    title: str
    turn: str
    at: int
    excerpt: str
    """The text around the words, which are enclosed in U+2068 and U+2069."""


def summaries_of(db: sqlite3.Connection, person: str) -> list[ConversationSummary]:
    """A person's open conversations, newest first."""
    query = f"{_SUMMARIES} WHERE person = ? AND NOT closed ORDER BY updated_at DESC, id"
    return _summaries(db.execute(query, (person,)))


def all_summaries(db: sqlite3.Connection) -> list[ConversationSummary]:
    """The conversations of all persons, newest first, closed ones too."""
    return _summaries(db.execute(f"{_SUMMARIES} ORDER BY updated_at DESC, id"))


def _summaries(rows: Iterable[Any]) -> list[ConversationSummary]:
    return [
        ConversationSummary(id=id_, title=title, character=character, updated_at=updated_at, copied=copied)
        for id_, title, character, updated_at, copied in rows
    ]


def search(db: sqlite3.Connection, person: str, text: str, limit: int) -> list[SearchHit]:
    """The turns of a person's conversations in which all these words were said, best first; see `ReadModel.search`."""
    words = ["".join(c if c.isalnum() else " " for c in word).split() for word in text.split()]
    terms = [f'"{part}"' for parts in words for part in parts]
    if not terms:
        return []
    rows = db.execute(
        "SELECT c.id, c.title, t.data, snippet(turn_text, 0, char(0x2068), char(0x2069), '…', 16)"
        " FROM turn_text JOIN turns t ON t.row = turn_text.rowid JOIN conversations c ON c.id = t.conversation"
        " WHERE turn_text MATCH ? AND c.person = ? ORDER BY bm25(turn_text), c.updated_at DESC LIMIT ?",
        (" ".join(terms) + "*", person, limit),
    )
    found: list[SearchHit] = []
    for conversation_id, title, data, excerpt in rows:
        turn = tables.decode_turn(data)
        found.append(SearchHit(conversation=conversation_id, title=title, turn=turn.id, at=turn.at, excerpt=excerpt))
    return found
