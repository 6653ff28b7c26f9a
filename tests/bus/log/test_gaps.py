"""Events that are missing in the middle of the log: what a damaged block leaves, and what was erased."""

from __future__ import annotations

import asyncio
import logging
import random
from pathlib import Path

import pytest
from nats.js import api

from bus.errors import ConfigurationError
from bus.events import Event, MessageReceived
from bus.log import streams
from bus.log.event_log import connect, connect_only
from bus.log.gaps import missing_facts
from bus.log.store_folder import keep_blocks, kept_blocks, let_blocks_go
from bus.settings import Settings
from tests.nats_servers import ServerProcess
from visavis.doctor import check_gap
from visavis.up import look_at_store

LETTERS = 400_000


def message(number: int) -> Event:
    text = random.Random(number).randbytes(LETTERS).hex()  # does not fit beside many others into a block
    return Event(id=f"e{number}", at=number, conversation="c", body=MessageReceived(message=f"m{number}", text=text))


def blocks_of(folder: Path) -> list[Path]:
    return blocks_in(folder / "jetstream/jetstream/$G/streams/CONVERSATIONS/msgs")


def blocks_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.blk"), key=lambda one: int(one.stem))


def damage(folder: Path) -> None:
    """Overwrite a little in the middle of a block that is not the last one."""
    blocks = blocks_of(folder)
    assert len(blocks) > 2
    middle = blocks[1]
    with middle.open("r+b") as block:
        block.seek(middle.stat().st_size // 2)
        block.write(bytes(64))


async def test_a_damaged_block_is_an_error_that_the_operator_sees_and_erased_events_are_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = ServerProcess(tmp_path)
    settings = Settings(nats_url=server.url, data=str(tmp_path / "data"))
    server.start()
    try:
        async with connect(settings, name="test") as event_log:
            for number in range(1, 31):
                await event_log.append(message(number))
            assert await missing_facts(event_log) is None
            assert await event_log.delete_message(streams.CONVERSATIONS, 30)
            gap = await missing_facts(event_log)
            assert gap is not None
            assert (gap.count, gap.first, gap.last) == (1, 30, 30)
            receipt = b'{"body": {"type": "conversation.erased", "removed": {"CONVERSATIONS": 1, "AUDIO": 7}}}'
            await event_log.js.publish("conv.c.conversation.erased", receipt)
            await event_log.js.publish("conv.d.conversation.erased", b"[]")  # what says nothing counts for nothing
            assert await missing_facts(event_log) is None
            await look_at_store(event_log)
            assert check_gap(None) == []
        server.kill()
        damage(tmp_path)
        server.start()
        async with connect(settings, name="test") as event_log:
            gap = await missing_facts(event_log)
            assert gap is not None
            assert 1 < gap.first <= gap.first + gap.count - 1 < 30
            assert [level for _, level, _ in caplog.record_tuples if level >= logging.ERROR] == []
            await look_at_store(event_log)
            assert [record.why for record in caplog.records if record.levelno == logging.ERROR] == [str(gap)]  # type: ignore[attr-defined]
            (shown,) = check_gap(gap)
            assert "missing between" in shown.message
    finally:
        server.close()


async def test_a_log_that_the_server_cannot_read_is_not_made_again_over_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "nats"
    folder.mkdir()
    server = ServerProcess(folder)
    settings = Settings(nats_port=server.port, data=str(tmp_path))
    server.start()
    try:
        async with connect(settings, name="test") as event_log:
            config = (await event_log.js.stream_info(streams.CONVERSATIONS)).config
            assert config.compression == api.StoreCompression.NONE
            # As earlier versions had it: one damaged block, and nats-server leaves the stream out.
            await event_log.js.delete_stream(streams.CONVERSATIONS)
            await event_log.js.add_stream(config.evolve(compression=api.StoreCompression.S2))
            for number in range(1, 31):
                await event_log.append(message(number))
            while not blocks_of(folder)[1].read_bytes().startswith(b"cmp"):  # the server compresses in the background
                await asyncio.sleep(0.05)
        server.kill()
        damage(folder)
        before = [one.read_bytes() for one in blocks_of(folder)]
        keep_blocks(folder, streams.FOR_EVER)  # as `visavis up` does
        server.start()
        with pytest.raises(ConfigurationError, match="cannot read stream CONVERSATIONS"):
            async with connect(settings, name="test"):
                pass
        async with connect_only(settings, name="test") as event_log:
            await event_log.watch.check()
            assert "cannot read stream CONVERSATIONS" in event_log.watch.problem
        server.kill()
        keep_blocks(folder, streams.FOR_EVER)  # by now there is nothing to link
        kept = kept_blocks(settings, streams.CONVERSATIONS)
        assert kept is not None
        assert [one.read_bytes() for one in blocks_in(kept)] == before
        let_blocks_go(folder, streams.CONVERSATIONS)
        server.start()
        async with connect(settings, name="test") as event_log:
            await event_log.append(message(1))
            await look_at_store(event_log)
        assert kept_blocks(settings, streams.CONVERSATIONS) is None
    finally:
        server.close()
