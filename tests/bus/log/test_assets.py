"""Assets in the object store of a real server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from nats.js.object_store import ObjectStore

from bus.errors import BusError, NotFound
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from tests.nats_servers import ServerProcess


async def test_an_asset_is_kept_until_it_is_removed(event_log: EventLog) -> None:
    large = os.urandom(1_000_001)  # eight chunks
    await event_log.assets.put("one", large)
    await event_log.assets.put("two", b"")
    assert await event_log.asset("one") == large
    assert await event_log.asset("two") == b""
    await event_log.assets.remove("one")
    await event_log.assets.remove("one")
    with pytest.raises(NotFound, match="no asset one"):
        await event_log.asset("one")
    with pytest.raises(NotFound, match="no asset never"):
        await event_log.asset("never")
    left = await event_log.js.stream_info(streams.ASSETS)
    assert left.state.bytes < 2_000, "its chunks are deleted"
    await event_log.assets.put("one", b"anew")
    assert await event_log.asset("one") == b"anew"


async def test_no_byte_of_what_is_removed_or_was_not_stored_whole_stays_on_the_disk(
    settings: Settings, tmp_path: Path
) -> None:
    server, markers = ServerProcess(tmp_path), [os.urandom(24) for _ in range(4)]
    server.start()

    def on_disk() -> list[int]:
        files = [path.read_bytes() for path in (tmp_path / "jetstream").rglob("*") if path.is_file()]
        return [sum(data.count(marker) for data in files) for marker in markers]

    try:
        limited = replace(settings, nats_url=server.url, assets_bytes=4 << 20)
        async with connect(limited, name="test") as event_log:
            for number, size in enumerate((500_000, 300_000, 300_000)):
                await event_log.assets.put(f"{number}", (markers[number] + os.urandom(size)) * 2)
            with pytest.raises(BusError, match="log is full"):
                await event_log.assets.put("too large", (markers[3] + os.urandom(1_500_000)) * 2)
            assert on_disk() == [2, 2, 2, 0]
            await event_log.assets.remove("0")
            await event_log.assets.remove("2")
            assert on_disk() == [0, 2, 0, 0]
            assert len(await event_log.asset("1")) == 2 * 300_024
        server.kill()
        assert on_disk() == [0, 2, 0, 0]
    finally:
        server.close()


async def test_chunks_without_a_name_are_found_and_can_be_removed(event_log: EventLog) -> None:
    await event_log.assets.put("one", b"abc")
    await event_log.js.publish(f"$O.{streams.BUCKET}.C.broken-off", b"half a photo")
    ((nuid, at),) = (await event_log.assets.nameless()).items()
    (one,) = await event_log.assets.stored()
    assert (nuid, one.name, one.deleted) == ("broken-off", "one", False)
    assert 0.0 <= at - one.at < 60.0
    await event_log.assets.erase_chunks(nuid)
    assert await event_log.assets.nameless() == {}
    assert await event_log.asset("one") == b"abc"


async def test_assets_of_earlier_versions_are_read_and_removed(event_log: EventLog) -> None:
    store: ObjectStore = await event_log.js.object_store(streams.BUCKET)
    for name in ("one", "two"):
        await store.put(name, b"x" * 200_000)
    await store.delete("two")
    assert await event_log.asset("one") == b"x" * 200_000
    with pytest.raises(NotFound):
        await event_log.asset("two")
    one, two = await event_log.assets.stored()
    assert [(found.name, found.deleted) for found in (one, two)] == [("one", False), ("two", True)]
    await event_log.assets.forget_deleted(two)
    await event_log.assets.remove("one")
    assert (await event_log.js.stream_info(streams.ASSETS)).state.messages == 0


async def test_a_second_put_under_a_name_stores_nothing(event_log: EventLog) -> None:
    await event_log.assets.put("one", b"first")
    before = await event_log.last_sequence(streams.ASSETS)
    await event_log.assets.put("one", b"other")
    assert await event_log.asset("one") == b"first"
    assert await event_log.last_sequence(streams.ASSETS) == before


async def test_the_assets_are_a_standard_nats_object_store(event_log: EventLog) -> None:
    await event_log.assets.put("one", b"abc")
    store: ObjectStore = await event_log.js.object_store(streams.BUCKET)
    assert (await store.get("one")).data == b"abc"
    assert [info.name for info in await store.list()] == ["one"]


async def test_a_damaged_asset_raises_an_error(event_log: EventLog) -> None:
    await event_log.assets.put("one", os.urandom(300_000))
    await event_log.js.delete_msg(streams.ASSETS, 2)
    with pytest.raises(BusError, match="asset one is damaged") as error:
        await event_log.asset("one")
    assert error.value.code == "damaged"


async def test_a_full_store_refuses_and_keeps_what_it_has(settings: Settings) -> None:
    async with connect(replace(settings, assets_bytes=1 << 20), name="test") as event_log:
        kept = os.urandom(700_000)
        await event_log.assets.put("one", kept)
        with pytest.raises(BusError, match="store two: the log is full") as error:
            await event_log.assets.put("two", os.urandom(700_000))
        assert error.value.code == "log_full"
        assert await event_log.asset("one") == kept
        with pytest.raises(NotFound):
            await event_log.asset("two")
        assert (await event_log.js.stream_info(streams.ASSETS)).state.bytes < 800_000, "no chunk of it is left"
