"""Photos and portraits in the object store of a real server."""

from __future__ import annotations

import os

import pytest
from msgspec.structs import replace
from nats.js.object_store import ObjectStore

from bus import streams
from bus.errors import BusError, NotFound
from bus.log import Bus, connect
from bus.settings import Settings


async def test_an_asset_is_kept_until_it_is_removed(bus: Bus) -> None:
    large = os.urandom(1_000_001)  # eight parts
    await bus.assets.put("one", large)
    await bus.assets.put("two", b"")
    assert await bus.asset("one") == large
    assert await bus.asset("two") == b""
    await bus.assets.remove("one")
    await bus.assets.remove("one")
    with pytest.raises(NotFound, match="no asset one"):
        await bus.asset("one")
    with pytest.raises(NotFound, match="no asset never"):
        await bus.asset("never")
    left = await bus.js.stream_info(streams.ASSETS)
    assert left.state.bytes < 2_000, "what it was made of is gone"
    await bus.assets.put("one", b"anew")
    assert await bus.asset("one") == b"anew"


async def test_what_is_there_is_not_stored_again(bus: Bus) -> None:
    await bus.assets.put("one", b"first")
    before = await bus.last_sequence(streams.ASSETS)
    await bus.assets.put("one", b"other")
    assert await bus.asset("one") == b"first"
    assert await bus.last_sequence(streams.ASSETS) == before


async def test_it_is_an_object_store_as_others_know_it(bus: Bus) -> None:
    await bus.assets.put("one", b"abc")
    store: ObjectStore = await bus.js.object_store(streams.BUCKET)
    assert (await store.get("one")).data == b"abc"
    assert [info.name for info in await store.list()] == ["one"]


async def test_a_damaged_asset_is_said_so(bus: Bus) -> None:
    await bus.assets.put("one", os.urandom(300_000))
    await bus.js.delete_msg(streams.ASSETS, 2)
    with pytest.raises(BusError, match="asset one is damaged") as error:
        await bus.asset("one")
    assert error.value.code == "damaged"


async def test_a_full_store_refuses_and_keeps_what_it_has(settings: Settings) -> None:
    async with connect(replace(settings, assets_bytes=1 << 20), name="test") as bus:
        kept = os.urandom(700_000)
        await bus.assets.put("one", kept)
        with pytest.raises(BusError, match="store two: the log is full") as error:
            await bus.assets.put("two", os.urandom(700_000))
        assert error.value.code == "log_full"
        assert await bus.asset("one") == kept
        with pytest.raises(NotFound):
            await bus.asset("two")
        assert (await bus.js.stream_info(streams.ASSETS)).state.bytes < 800_000, "no half of it is left"
