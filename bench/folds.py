"""Folding a busy log: events a second of one gateway while many long conversations go on side by side."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec
from msgspec.structs import replace

from bench.event_logs import fact_at, spoken_turn
from bus import codec
from projections import read_model_tables as tables
from projections.conversation import Conversation, fold
from projections.read_model import ReadModel

TURNS = 100
BATCH = 2000
"""Events that the feed writes at once where they wait."""
_PERSON = "p1"


@dataclass(frozen=True)
class Record:
    """A message as the read model takes it."""

    sequence: int
    data: bytes


def _talk(turns: int, chance: random.Random) -> Conversation:
    """A spoken conversation after so many turns."""
    state = Conversation(id="c", seq=0)
    for turn in range(turns):
        for place, body in enumerate(spoken_turn(f"before-{turn}", chance)):
            event = fact_at(turn * 1_000_000 + place, "c", f"before-{turn}", body)
            state = fold(state, state.seq + 1, event)
    return replace(state, person=_PERSON, character="ada", title="A talk")


def _prepare(path: Path, names: list[str], before: Conversation) -> None:
    """A read model that holds a long conversation under each of these names."""
    ReadModel(path).close()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN")
    turns = [tables.encode(turn) for turn in before.turns]
    for name in names:
        one = replace(before, id=name)
        db.executemany(tables.PUT_TURN, [(name, index, data) for index, data in enumerate(turns)])
        db.execute(tables.PUT_CONVERSATION, tables.conversation_row(one))
    db.execute("UPDATE position SET seq = ?, event = ''", (before.seq,))
    db.execute("COMMIT")
    db.close()


def _events(names: list[str], first: int) -> Iterator[Record]:
    """What goes on in these conversations, mixed as it comes."""
    chance = random.Random(3)
    running: dict[str, Iterator[tuple[str, object]]] = {}
    sequence = first
    while True:
        name = chance.choice(names)
        step = next(running.get(name, iter(())), None)
        if step is None:
            turn = f"{name}-{sequence}"
            running[name] = ((turn, body) for body in spoken_turn(turn, chance))
            step = next(running[name])
        turn, body = step
        sequence += 1
        event = fact_at(sequence, name, turn, body)  # type: ignore[arg-type]
        yield Record(sequence, codec.encode(event))


def folds(conversations: int, events: int, turns: int = TURNS) -> list[str]:
    """One line of the table: conversations, events a second by the clock and of processor time, MiB of memory."""
    before = _talk(turns, random.Random(1))
    names = [f"c{number:05}" for number in range(conversations)]
    records = list(islice(_events(names, before.seq), events))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.sqlite"
        _prepare(path, names, before)
        model = ReadModel(path)
        for name in names:  # all of them are open, as with people who look at them
            model.conversation(name)
        began, processor = time.perf_counter(), time.process_time()
        for start in range(0, len(records), BATCH):
            model.apply_records(records[start : start + BATCH])
        took, processor = time.perf_counter() - began, time.process_time() - processor
        assert model.position == records[-1].sequence
        model.close()
        size = path.stat().st_size / (1 << 20)
    length = len(msgspec.json.encode(before))
    return [
        f"{conversations:,}", str(turns), f"{length / 1000:.0f}", f"{events:,}", f"{events / took:,.0f}",
        f"{events / processor:,.0f}", f"{size:.0f}",
    ]  # fmt: skip


HEAD = (
    "open conversations", "turns in each", "kB of one as JSON", "events", "events a second",
    "events per second of processor time", "file, MiB",
)  # fmt: skip
