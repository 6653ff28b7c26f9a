"""The tables as they are made from a real log, in one batch or in many, late events and copies included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace
from nats.js import api

from bus.channel_events import (
    DeliveryFact,
    DeliveryProgressed,
    DeliveryQueued,
    DeliverySending,
    DeliverySent,
    TextContent,
)
from bus.events import (
    ConversationCopied,
    ConversationErasureRequested,
    ConversationOpened,
    DeadLetter,
    Event,
    TranscriptCorrected,
)
from bus.log import streams
from bus.log.event_log import EventLog
from bus.stamping import new_delivery_event
from projections.analytics.database import Database
from projections.analytics.follower import Follower
from projections.analytics.questions import QUESTIONS, ask
from projections.analytics.store import Store
from projections.analytics.tables import TABLES
from tests.projections.replay.conversations import BEGAN, facts, interruption, opening, spoken_turn, written_turn

WORDS = ("Who are you", "I am Ada", "rain", "Show me", "secret-person", "Hello there", "chat-9")


async def append_delivery(event_log: EventLog, body: DeliveryFact, number: int, after: int = 0) -> int:
    event = new_delivery_event(body, channel="telegram", delivery="d1", event_id=f"d{number}")
    return await event_log.append_delivery(event, after=after)


async def fill(event_log: EventLog) -> int:
    """A log with all that may be on it; returns the sequence of the delivery's newest event."""
    opened = Event(
        id="o0", at=BEGAN - 30_000, conversation="c1", body=ConversationOpened(person="secret-person", character="ada")
    )
    for event in (opened, *(event for _, event in opening()[1:])):
        await event_log.append(event)
    for _, event in facts("t1", spoken_turn(), interruption(), first=3):
        await event_log.append(event)
    for _, event in facts("t2", written_turn(), first=100):
        await event_log.append(event)
    copied = Event(id="k0", at=BEGAN, conversation="k1", body=ConversationCopied(source="c9", how="imported"))
    await event_log.append_copy(copied, stored=BEGAN)
    for _, event in facts("t1", spoken_turn(), first=200):
        copy = Event(id=event.id, at=event.at, conversation="k1", turn=event.turn, cause=event.cause, body=event.body)
        await event_log.append_copy(copy, stored=event.at)
    content = TextContent(text="Hello there")
    queued = DeliveryQueued(account="a", chat="chat-9", content=content, conversation="c1", turn="t2")
    seq = await append_delivery(event_log, queued, 1)
    seq = await append_delivery(event_log, DeliverySending(attempt=1), 2, seq)
    letter = DeadLetter(
        at=BEGAN, stream=streams.CONVERSATIONS, sequence=3, subject="conv.c1.transcript.final", service="dialogue",
        code="llm_failed", detail="Who are you", deliveries=5, data=b"?",
    )  # fmt: skip
    await event_log.publish_dead_letter(letter)
    return seq


def tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    database = Database(folder, {})
    found = {name: database.select(f"SELECT * FROM {name} ORDER BY ALL").records() for name in TABLES}
    database.close()
    return found


def kept_beside(folder: Path) -> list[Path]:
    return [*folder.parent.glob(f"{folder.name}-until-*")]


async def test_tables_from_a_real_log(event_log: EventLog, tmp_path: Path) -> None:
    delivery = await fill(event_log)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    await Follower(event_log, Store(whole)).catch_up()
    expected = tables(whole)
    assert {name for name, rows in expected.items() if not rows} == {"tokens", "machine"}

    # Each event by itself, nothing held between two: all is read again from the log.
    store = Store(parts)
    await Follower(event_log, store, batch_events=1, held_facts=0).catch_up()
    assert tables(parts) == expected

    # A newer process goes on where the files end; late events change what is there.
    corrected = Event(
        id="late", at=BEGAN + 7_200_000_000, conversation="c1", turn="t1",
        body=TranscriptCorrected(utterance="u1", text="Who were you"),
    )  # fmt: skip
    await event_log.append(corrected)
    delivery = await append_delivery(event_log, DeliverySent(message="5"), 3, delivery)
    await append_delivery(event_log, DeliveryProgressed(status="read"), 4, delivery)
    again = Store(whole)
    await Follower(event_log, again).catch_up()
    assert again.state.events == sum(position.seq for position in again.state.positions.values())
    late = tables(whole)
    assert {name: len(rows) for name, rows in late.items()} == {name: len(rows) for name, rows in expected.items()}
    (sent,) = late["deliveries"]
    assert (sent["status"], sent["attempts"], sent["content"]) == ("read", 1, "text")
    assert sent["sent_ms"] is not None
    heard = {row["conversation"]: (row["copied"], row["word_errors"]) for row in late["utterances"]}
    assert heard == {"c1": (False, 1), "k1": (True, None)}
    await Follower(event_log, again).catch_up()
    assert tables(whole) == late

    # Nobody's words are in the files, and no person, and no copy in an answer.
    shown = repr(late)
    assert [words for words in WORDS if words in shown] == []
    database = Database(whole, {})
    answers = {name: ask(database, name, 0) for name in QUESTIONS}
    assert sum(row["turns"] for row in answers["turns"].records()) == 2
    assert [(row["source"], row["percent"]) for row in answers["interruptions"].records()] == [("speech", 50.0)]
    assert {row["kind"] for row in answers["failures"].records()} == {"dead_letter"}
    assert {row["engine"] for row in answers["engines"].records()} == {"moonshine", "companion", "hibari", "layered"}

    # An erased conversation takes its rows with it, also where the files end at a fact of it that is gone.
    last = await event_log.append(replace(corrected, id="last", conversation="k1"))
    await Follower(event_log, again).catch_up()
    asked = ConversationErasureRequested(by="person")
    await event_log.append(replace(corrected, id="x", conversation="k1", body=asked))
    await event_log.append(replace(corrected, id="late", conversation="k1"))
    await event_log.delete_message(streams.CONVERSATIONS, last)
    await Follower(event_log, Store(whole)).catch_up()
    assert kept_beside(whole) == []
    before, late = late, tables(whole)
    rows = [(name, row) for name, found in late.items() for row in found]
    assert rows == [(name, row) for name, found in before.items() for row in found if row.get("conversation") != "k1"]

    # The log is replaced by another one: the old tables are kept beside.
    await event_log.js.delete_stream(streams.CONVERSATIONS)
    for config in streams.stream_configs(event_log.settings):
        if config.name == streams.CONVERSATIONS:
            await event_log.js.add_stream(api.StreamConfig(**config.__dict__))
    for _, event in opening():
        await event_log.append(event)
    await Follower(event_log, Store(whole)).catch_up()
    (kept,) = kept_beside(whole)
    assert tables(kept) == late
    assert [row["turns"] for row in tables(whole)["conversations"]] == [0]
