"""Warnings before space is gone: at which levels, how often, and for how long it lasts."""

from __future__ import annotations

import pytest

from bus.log.space import DISK, SpaceWatch, Store

GB = 10**9


def disk(free: int, total: int = 100 * GB) -> Store:
    return Store(DISK, total - free, total)


def inbox(used: int) -> Store:
    return Store("INBOX", used, 1000)


def watch(hours: float = 0) -> SpaceWatch:
    return SpaceWatch(least_free=2 * GB, warn_for=hours * 3600)


@pytest.mark.parametrize(
    ("store", "level"),
    [
        (disk(2 * GB), 0),
        (disk(2 * GB - 1), 1),
        (disk(GB // 2), 1),
        (disk(GB // 2 - 1), 2),
        (inbox(799), 0),
        (inbox(800), 1),
        (inbox(950), 2),
        (inbox(1100), 2),
    ],
)
def test_space_gets_scarce_at_two_levels(store: Store, level: int) -> None:
    space = watch()
    warned = space.see(0, [store])
    assert (space.level(store.name), len(warned), len(space.warnings)) == (level, level > 0, level > 0)


def test_each_level_is_told_once_until_there_is_space_again() -> None:
    space = watch()
    told = [space.see(at, [inbox(used)]) for at, used in enumerate((700, 810, 820, 960, 970, 850, 810, 500, 810))]
    assert [len(one) for one in told] == [0, 1, 0, 1, 0, 0, 0, 0, 1]
    assert told[1] == ["stream INBOX is 81 % full, 0 MB are left"]
    assert space.see(9, [disk(GB)]) == ["the disk has 1.0 GB free"]
    assert space.warnings == [*told[1], "the disk has 1.0 GB free"]


def test_a_store_that_is_full_within_the_day_is_scarce_now() -> None:
    space = watch(hours=24)
    told = [space.see(60 * minute, [disk(50 * GB - minute * GB // 60)]) for minute in range(60)]
    assert not any(told)  # at 1 GB an hour that lasts two days
    assert space.seconds_left(DISK) == pytest.approx(49 * 3600, rel=0.01)
    for minute in range(60, 120):  # at 4 GB an hour less than one
        told.append(space.see(60 * minute, [disk(49 * GB - (minute - 60) * GB // 15)]))
    (warned,) = filter(None, told)
    assert warned[0].startswith("the disk has 4")
    assert warned[0].endswith(" GB free; at the present rate that lasts 24 hours")


def test_a_rate_is_told_only_once_it_has_lasted() -> None:
    space = watch(hours=24)
    assert not any(space.see(60 * minute, [disk(90 * GB - minute * GB)]) for minute in range(10))
    assert space.seconds_left(DISK) is None
    assert space.see(600, [disk(80 * GB)])


def test_what_does_not_grow_lasts() -> None:
    space = watch(hours=24)
    for minute in range(90):
        assert space.see(60 * minute, [inbox(700 - minute)]) == []
    assert space.seconds_left("INBOX") is None
