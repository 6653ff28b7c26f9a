"""The judges of a soak find what grows, and nothing else; `make soak` runs it for an hour."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak import growth
from tests.soak.growth import Bound, Series
from tests.soak.run import Plan, soak
from tests.soak.watcher import MediaClock, skews

BOUND = Bound("memory", "MiB", 24.0, 0.1)
MINUTES = [60.0 * minute for minute in range(60)]
_CHANCE = random.Random(5)
STEADY = [_CHANCE.gauss(200, 5) for _ in MINUTES]


def growing(values: list[float], *, begin: float = 0.0) -> list[str]:
    points = [(begin + at, value) for at, value in zip(MINUTES, values, strict=False)]
    return list(growth.findings([Series("tts", "memory", points)], [BOUND], after=600, span=1200))


@pytest.mark.parametrize(
    "values",
    [
        STEADY,
        [value + min(200, 20 * minute) for minute, value in enumerate(STEADY)],  # the warm-up alone
        [value + 150 * (minute % 10 == 0) for minute, value in enumerate(STEADY)],  # comes down again
        [value + minute / 4 for minute, value in enumerate(STEADY)],  # within the bound
        [value + 30 * minute for minute, value in enumerate(STEADY[:25])],  # too short to say
        [value + 2 * (minute % 30) for minute, value in enumerate(STEADY)],  # emptied now and then
    ],
)
def test_what_does_not_grow_is_not_found(values: list[float]) -> None:
    assert growing(values) == []


@pytest.mark.parametrize("begin", [0.0, 900.0])
def test_what_grows_is_found_with_its_rate(begin: float) -> None:
    (found,) = growing([value + minute for minute, value in enumerate(STEADY)], begin=begin)
    assert found.startswith("growth: memory of tts rises by ")
    assert 55 < float(found.split()[6]) < 65


def test_a_queue_that_is_never_emptied_is_found() -> None:
    up_and_down = [(at, 40.0 * (number % 3)) for number, at in enumerate(MINUTES)]
    never_down = [(at, 6.0 + 40 * (number % 3)) for number, at in enumerate(MINUTES)]
    queues = [Series("good", "queue", up_and_down), Series("bad", "queue", never_down)]
    (found,) = growth.crowded(queues, "queue", 5)
    assert found.startswith("crowded: queue of bad never came below 6 ")


def test_turns_that_take_more_and_more_room_are_found() -> None:
    turns = Series("all", "turns", [(at, float(number)) for number, at in enumerate(MINUTES)])
    fair = Series("fair", "bytes", [(at, 9000.0 * number) for number, at in enumerate(MINUTES)])
    dear = Series("dear", "bytes", [(at, 200.0 * number**2) for number, at in enumerate(MINUTES)])
    (found,) = growth.dearer([turns, fair, dear], "turns", ["bytes"], 1.3)
    assert found.startswith("dearer: bytes of dear: ")


@pytest.mark.parametrize(("late", "skew"), [(0.0, 0.0), (0.001, 0.45)])
def test_pictures_that_fall_behind_the_sound_are_measured_even_where_timestamps_wrap(late: float, skew: float) -> None:
    sound, pictures = MediaClock(48_000), MediaClock(90_000)
    for number in range(540 * 5):
        jitter = _CHANCE.expovariate(20)
        sound.arrived((2**32 - 9_000 + 9_600 * number) % 2**32, 0.2 * number + jitter)
        pictures.arrived((18_000 * number) % 2**32, 0.2 * number * (1 + late) + jitter)
    assert skews(sound, pictures)[-1] == pytest.approx(skew, abs=0.05)


async def test_a_short_soak_loses_nothing_and_finds_each_leak(tmp_path: Path) -> None:
    plan = Plan(
        seconds=5, warm_up=1, every=0.25, faults=(2, 2), most=1, pause=(0.1, 0.3), visit=3,
        persons=2, calls=0, senders=0,
        workers=("stt", "dialogue", "tts", "gateway", "leaking"), victims=("dialogue",), weights={"kill": 1},
        settings={"stt_engine": "pocketsphinx", "tts_engine": "espeak"},
    )  # fmt: skip
    report = await soak(tmp_path, plan, seed=3)
    lines = "\n".join(report.findings)
    grown = ("growth", "crowded", "left over", "dearer")  # so young processes grow without any leak
    assert [one for one in report.findings if not one.startswith(grown)] == []
    for leak in ("memory", "files", "sockets", "threads"):
        assert f"growth: {leak} of leaking" in lines
    assert "growth: ephemeral consumers of nats" in lines
    assert "left over: ephemeral consumers of nats" in lines
    assert "crowded: queue of CHARACTERS leaking" in lines
    assert "dearer: output of leaking.log" in lines
    assert report.audit.complete + report.audit.interrupted + report.audit.merged == report.audit.turns >= 2
    assert report.faults == {"kill -9 dialogue": 1}
