"""The histogram of latencies."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry

from bus import clock
from bus.codec import encode
from bus.events import Event
from bus.log.headers import COPY
from bus.log.records import Record
from services.gateway.web.turn_latencies import TurnLatencies
from tests.projections.replay.conversations import facts, spoken_turn


def counted(latencies: TurnLatencies) -> dict[str, tuple[float, float]]:
    """Count and sum by measure, without those that are 0."""
    registry = CollectorRegistry()
    registry.register(latencies)
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            if sample.name == "visavis_turn_seconds_count" and sample.value:
                total = registry.get_sample_value("visavis_turn_seconds_sum", sample.labels)
                found[sample.labels["measure"]] = (sample.value, round(total or 0, 6))
    return found


def see(latencies: TurnLatencies, events: Iterable[tuple[int, Event]], time: int, **headers: str) -> None:
    for seq, event in events:
        latencies.see(Record(seq, "conv.c1.x.y", encode(event), time, headers))


def test_a_turn_is_counted_once_when_it_has_become_quiet() -> None:
    latencies, later = TurnLatencies(quiet=1_000_000), clock.now() + 60_000_000
    see(latencies, facts("t1", spoken_turn()), later)
    assert counted(latencies) == {}
    see(latencies, facts("t2", spoken_turn("2"), first=50), later + 2_000_000)
    expected = {
        "answer": (1, 0.37), "endpoint": (1, 0.2), "transcript": (1, 0.06), "first_sentence": (1, 0.02),
        "first_audio": (1, 0.07), "playback_wait": (1, 0.02), "first_frame": (1, 0.04),
    }  # fmt: skip
    assert counted(latencies) == expected
    assert counted(latencies) == expected


def test_turns_of_before_copies_and_parts_of_turns_are_not_counted() -> None:
    latencies, now = TurnLatencies(quiet=0), clock.now() + 1_000_000
    see(latencies, facts("t1", spoken_turn()), now - 100_000_000)
    see(latencies, facts("t2", spoken_turn()), now, **{COPY: "1"})
    see(latencies, list(facts("t3", spoken_turn()))[3:], now)
    latencies.see(Record(99, "conv.c1.x.y", b"no event", now))
    see(latencies, list(facts("t4", spoken_turn()))[:1], now + 1_000_000)
    assert counted(latencies) == {}
