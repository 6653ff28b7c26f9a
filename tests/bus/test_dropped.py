"""What is dropped is counted, and told without flooding the log."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bus import dropped
from bus.dropped import counts, drop
from bus.log.core_messages import core_messages
from bus.log.event_log import EventLog
from bus.process.metrics import dropped_text


@pytest.fixture(autouse=True)
def nothing_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropped, "_counts", type(dropped._counts)())
    monkeypatch.setattr(dropped, "_logged", {})
    monkeypatch.setattr(dropped, "_seen", {})


def test_a_flood_is_counted_and_told_in_one_line(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    for number in range(50):
        drop("facts", session=f"s{number}")
    drop("microphone", conversation="c")
    for sequence in (7, 7, 8, 7):
        drop("undecodable", subject="conv.c.x", sequence=sequence)
    now += 11.0
    drop("facts", session="s50")
    told = [(one.__dict__["what"], one.__dict__["more"]) for one in caplog.records]
    assert told == [("facts", 1), ("microphone", 1), ("undecodable", 1), ("facts", 50)]
    assert counts() == {"facts": 51, "microphone": 1, "undecodable": 2}
    families = list(text_string_to_metric_families(dropped_text().decode()))
    values = {one.labels["what"]: one.value for family in families for one in family.samples}
    assert (values["facts"], values["microphone"], values["undecodable"]) == (51, 1, 2)


async def test_live_events_that_nobody_reads_in_time_are_counted(event_log: EventLog) -> None:
    subscribed = asyncio.Event()
    messages = core_messages(event_log.nc, "live.c.watching", subscribed=subscribed)
    first = asyncio.create_task(anext(messages))
    await subscribed.wait()
    await event_log.nc.flush()
    for number in range(1_100):
        await event_log.nc.publish("live.c.watching", str(number).encode())
    await first
    async with asyncio.timeout(20):
        while counts().get("live_events", 0) == 0:
            await event_log.nc.flush()
    await messages.aclose()
