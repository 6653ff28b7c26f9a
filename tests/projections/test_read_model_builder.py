"""A file that is built is equal to one that followed the log, killed and continued or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.event_logs import spoken
from bus.codec import encode
from bus.errors import ConfigurationError
from projections import read_model_builder
from projections.read_model import ReadModel
from projections.read_model_builder import ReadModelBuilder, building_path, is_complete, open_read_model
from tests.projections.every_fact import log as every_fact


@dataclass
class FakeRecord:
    sequence: int
    data: bytes


def records() -> list[FakeRecord]:
    """Conversations side by side, then one with every kind of fact, and two messages that do not decode."""
    side_by_side = [encode(one) for one in islice(spoken(open_at_once=4), 300)]
    odd = [b"no event", *(encode(one) for _, one in every_fact()), b"\xff"]
    return [FakeRecord(3 * place, data) for place, data in enumerate([*side_by_side, *odd], 1)]


RECORDS = records()


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadModel]:
    """The read model that the same records give one after the other."""
    model = ReadModel(tmp_path_factory.mktemp("followed") / "model")
    for record in RECORDS:
        model.apply_records([record])
    yield model
    model.close()


def same(path: Path, followed: ReadModel) -> bool:
    with closing(ReadModel(path, read_only=True)) as built:
        places = [(one.position, one.last_event, one.undecodable) for one in (built, followed)]
        found = [[hit.turn for hit in one.search("p1", "garden")] for one in (built, followed)]
        return places[0] == places[1] and sorted(found[0]) == sorted(found[1]) and built.digest() == followed.digest()


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(1, 150), st.booleans()), max_size=8), st.integers(1, 200), st.integers(1, 3))
def test_a_build_that_is_killed_and_goes_on_is_equal_to_following(
    tmp_path_factory: pytest.TempPathFactory,
    followed: ReadModel,
    steps: list[tuple[int, bool]],
    every: int,
    cached: int,
) -> None:
    path = tmp_path_factory.mktemp("built") / "model"
    builder = ReadModelBuilder(path, commit_every=every, cached_conversations=cached)
    place = 0
    for step, killed in [*steps, (len(RECORDS), False)]:
        builder.add(RECORDS[max(0, place - 3) : place + step])  # some of them again
        place += step
        if killed:
            builder.close()
            builder = ReadModelBuilder(path, commit_every=every, cached_conversations=cached)
            place = sum(record.sequence <= builder.position for record in RECORDS)
    builder.add(RECORDS[place:])
    assert not is_complete(path)
    builder.finish()
    assert is_complete(path)
    assert same(path, followed)


def test_a_build_killed_while_the_index_was_filled_takes_no_more_events_and_is_finished(
    tmp_path: Path, followed: ReadModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    builder = ReadModelBuilder(path)
    builder.add(RECORDS)
    with monkeypatch.context() as patched:
        patched.setattr(read_model_builder, "_INDEXED_AT_ONCE", 2)
        filling = builder._index_after
        patched.setattr(builder, "_index_after", lambda done: filling(done) if not done else 1 // 0)
        with pytest.raises(ZeroDivisionError):
            builder.finish()
    builder.close()
    again = ReadModelBuilder(path)
    assert again.is_indexing
    assert not is_complete(path)
    again.finish()
    assert same(path, followed)


def test_a_second_builder_of_a_file_is_refused(tmp_path: Path) -> None:
    one, two = ReadModelBuilder(tmp_path / "model"), ReadModelBuilder(tmp_path / "model")
    one.add(RECORDS[:10])
    one.commit()
    two.add(RECORDS[:5])
    with pytest.raises(ConfigurationError, match="another process"):
        two.commit()
    one.close()
    two.close()


def test_a_file_that_was_built_and_not_put_in_place_is_served_and_leftovers_are_removed(
    tmp_path: Path, followed: ReadModel
) -> None:
    target = tmp_path / "gateway.sqlite"
    target.write_bytes(b"damaged")
    target.with_name("gateway.sqlite-wal").write_bytes(b"of the damaged one")
    target.with_name("gateway.sqlite.v1.building").write_bytes(b"of another version")
    builder = ReadModelBuilder(building_path(target))
    builder.add(RECORDS)
    builder.finish()
    model = open_read_model(target)
    assert (model.position, model.digest()) == (followed.position, followed.digest())
    model.close()
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.sqlite"]


def test_what_was_built_so_far_is_kept_as_long_as_it_is_needed(tmp_path: Path) -> None:
    target = tmp_path / "gateway.sqlite"
    builder = ReadModelBuilder(building_path(target))
    builder.add(RECORDS[:9])
    builder.commit()
    builder.close()
    model = open_read_model(target)  # empty: its successor is being built
    assert building_path(target).exists()
    model.apply_records(RECORDS)
    model.close()
    open_read_model(target).close()
    assert not building_path(target).exists()


def test_a_file_of_a_readable_older_version_is_served_and_followed(tmp_path: Path, followed: ReadModel) -> None:
    model = ReadModel(tmp_path / "model")
    model.apply_records(RECORDS[:100])
    model.close()
    with closing(sqlite3.connect(model.path)) as db, db:
        db.execute("UPDATE position SET version = 7")
        # As version 7 wrote it.
        db.execute("UPDATE conversations SET metadata = json_remove(metadata, '$.copied', '$.copy_of')")
    old = open_read_model(model.path)
    assert (old.version, old.position) == (7, 300)
    old.apply_records(RECORDS)
    listed = [[(one.id, one.title) for one in some.all_conversations()] for some in (old, followed)]
    assert (old.position, listed[0]) == (followed.position, listed[1])
    old.close()
