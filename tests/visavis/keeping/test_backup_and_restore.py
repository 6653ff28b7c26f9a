"""A backup of a log that goes on, and what is there after it was restored."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bus import codec, subjects
from bus.channel_events import DeliveryQueued, TextContent
from bus.errors import ConfigurationError, InvalidInput
from bus.events import AudioOut, MessageReceived, Origin, ReplyEnded, ReplyInterrupted
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.log.snapshots import StreamContent, create, positions
from bus.process.discovery import announce
from bus.settings import Settings
from bus.work.consumers import ensure_consumers, shared_consumers
from projections.deliveries import Delivery
from services.channels.sending.ledger import Ledger
from tests.bus.work.helpers import echo, message_event, read_until, running, service
from tests.fakes import event
from visavis.keeping.backup import check, named, newest_in, write_backup
from visavis.keeping.backup_file import SUFFIX, BackupWriter, Manifest
from visavis.keeping.restore import restore
from visavis.keeping.servers import embedded_log, log_folder
from visavis.up import lock_data_folder

STREAMS = (streams.CONVERSATIONS, streams.AUDIO, streams.CHARACTERS, streams.DELIVERIES, streams.ASSETS, streams.DEAD)


async def content(event_log: EventLog) -> dict[str, list[tuple[int, int, str, bytes, dict[str, str]]]]:
    """Every message with its sequence, time and headers, by stream."""
    found = {}
    for stream in STREAMS:
        subject = {streams.ASSETS: "$O.assets.>"}.get(stream, ">")
        records = [one async for one in event_log.read(stream, subject)]
        found[stream] = [(one.sequence, one.time, one.subject, one.data, dict(one.headers)) for one in records]
    return found


async def done(event_log: EventLog, stream: str = streams.CONVERSATIONS) -> dict[str, int]:
    """Up to where each consumer's work is done."""
    return {one.name: one.done for one in await positions(event_log.nc, stream)}


@asynccontextmanager
async def restored(settings: Settings) -> AsyncIterator[EventLog]:
    """The log in the data folder of the settings."""
    with lock_data_folder(settings.data_folder) as lock:
        async with embedded_log(settings, log_folder(settings), lock, name="test") as event_log:
            yield event_log


async def killed_in(settings: Settings, function: str, *words: str) -> None:
    """Run a command that is killed as soon as it calls a function of this package."""
    module = function.partition(".")[0]
    code = (
        f"import os, sys; from visavis.keeping import {module}; from visavis.__main__ import main\n"
        f"{function} = lambda *_: os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        "main(sys.argv[1:])"
    )
    environment = {**os.environ, "VISAVIS_NATS_URL": settings.nats_url, "VISAVIS_DATA": settings.data}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, *words, env=environment)
    assert await process.wait() == -signal.SIGKILL


def _write_kept_files(data: Path) -> None:
    (data / "voices").mkdir(parents=True)
    (data / "voices" / "ada.wav").write_bytes(b"RIFF")
    (data / "operator.key").write_text("k" * 40)
    (data / "signing.key").write_text("s" * 40)


@pytest.fixture
async def backup(event_log: EventLog, tmp_path: Path) -> Path:
    """A backup of a log with something in all streams, of which some work is done and some is not.

    After the backup, the log has gone on.
    """
    async with running(event_log, service(echo)):
        for number in (1, 2):
            newest = await event_log.append(message_event(number))
        await read_until(event_log, ReplyEnded, 2)
        async with asyncio.timeout(30):
            while (await done(event_log))["dialogue"] < newest:
                await asyncio.sleep(0.02)
    await event_log.append(message_event(3))
    origin = Origin(channel="folder", account="a", sender="s", chat="c", message="m")
    asked = MessageReceived(message="m9", text="?", origin=origin)
    await event_log.append(event(asked, turn="t9", conversation="c9", name="e9"))
    await event_log.publish_media(AudioOut(conversation="c1", speech="s1", index=0, sample=0, packets=(b"ogg",)), "a1")
    await event_log.assets.put("photo-1", bytes(300_000))
    for name, stream, subject in (
        ("channels", streams.CONVERSATIONS, subjects.facts_of_kind(MessageReceived)),
        ("sender", streams.DELIVERIES, subjects.ALL_DELIVERIES),
    ):
        await ensure_consumers(event_log.js, shared_consumers(name, stream, (subject,), lease=5.0))
    queued = DeliveryQueued(account="a", chat="c", content=TextContent(text="hello"))
    await event_log.queue_delivery("folder", "d1", queued)
    data = event_log.settings.data_folder
    _write_kept_files(data)
    path = tmp_path / f"one{SUFFIX}"
    await write_backup(event_log, path, frames=False)
    await event_log.append(message_event(4))
    return path


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    """Settings of a system that has nothing yet."""
    return Settings(data=str(tmp_path / "fresh"), audio_bytes=64 << 20, frames_bytes=64 << 20)


async def test_what_was_there_is_there_again_and_work_goes_on_where_it_was(
    event_log: EventLog, backup: Path, fresh: Settings
) -> None:
    expected, positions_before = await content(event_log), await done(event_log)
    expected[streams.CONVERSATIONS].pop()  # what came after the backup
    fresh.data_folder.mkdir()
    (fresh.data_folder / "signing.key").write_text("m" * 40)  # of a first start, which made no person

    assert await restore(fresh, backup, replace=False, resume=True) == 0

    _check_kept_files(backup, fresh.data_folder)
    async with restored(fresh) as log:
        assert await content(log) == expected
        assert await done(log) == positions_before
        assert await log.assets.get("photo-1") == bytes(300_000)
        async with running(log, service(echo)):
            seen = await read_until(log, ReplyEnded, 3)
        answered = [one.turn for one in seen if isinstance(one.body, ReplyEnded)]
        assert answered == ["t1", "t2", "t3"]  # those that were answered are not answered again
        # A new message comes after all that were there, also after those that the consumers had.
        assert await log.append(message_event(5)) > expected[streams.CONVERSATIONS][-1][0]


def _check_kept_files(backup: Path, data: Path) -> None:
    key = data / "operator.key"
    assert [one.stat().st_mode & 0o777 for one in (backup, key)] == [0o600, 0o600]
    assert key.read_text() == "k" * 40
    assert (data / "signing.key").read_text() == "s" * 40
    assert (data / "voices" / "ada.wav").read_bytes() == b"RIFF"


async def test_what_a_channel_may_have_done_since_is_not_done_again(backup: Path, fresh: Settings) -> None:
    await restore(fresh, backup, replace=False, resume=False)

    async with restored(fresh) as log:
        delivery = await Ledger(log).load("folder", "d1")
        assert isinstance(delivery, Delivery)
        assert (delivery.state, delivery.code) == ("failed", "restored")
        letters = [codec.decode_dead_letter(one.data) async for one in log.read(streams.DEAD, subjects.ALL_DEAD)]
        assert [(one.service, one.code) for one in letters] == [("sender", "restored")]
        ended = [one.turn for _, one in await log.facts("c9") if isinstance(one.body, ReplyInterrupted)]
        assert ended == ["t9"]
        last = await log.last_sequence(streams.CONVERSATIONS)
        assert (await done(log))["channels"] == last
        assert (await done(log))["dialogue"] < last  # what was said in the page is answered
        assert await done(log, streams.DELIVERIES) == {"sender": await log.last_sequence(streams.DELIVERIES)}


async def test_a_wrong_file_is_refused_before_anything_is_touched(
    backup: Path, fresh: Settings, tmp_path: Path
) -> None:
    assert check(backup) == 0
    whole = await asyncio.to_thread(backup.read_bytes)
    manifest = whole.index(b'"members"')
    people = whole.index(b"streams/PEOPLE") + 512
    wrong = (
        ("cut short", whole[: len(whole) // 2]),
        ("its end is not there", whole.replace(b"streams/AUDIO", b"streams/AUDIX", 1)),
        ("damaged: its manifest", whole[:manifest] + b"?" + whole[manifest + 1 :]),
        ("damaged: its manifest is not", whole.replace(b'"begun_at": 1', b'"begun_at": 2')),
        ("damaged: its manifest is not", whole.replace(b'"name": "streams/AUDIO"', b'"name": "streams/AUDIX"')),
        ("damaged: streams/PEOPLE", whole[:people] + bytes([whole[people] ^ 1]) + whole[people + 1 :]),
        ("upgrade first", whole.replace(b'"form":1', b'"form":9', 1)),
        ("is no backup of Visavis", b"PK" * 4000),
        ("is no backup of Visavis", b""),
    )
    for why, data in wrong:
        file = await asyncio.to_thread(_written, tmp_path / "wrong", data)
        with pytest.raises(InvalidInput, match=why):
            await restore(fresh, file, replace=True, resume=False)
    with pytest.raises(InvalidInput, match="cannot be read"):
        await restore(fresh, tmp_path / "none", replace=True, resume=False)
    manifest_only = {"version": "1", "server": "2.15", "begun_at": 0, "ended_at": 0, "consumers": (), "members": ()}
    nowhere = StreamContent(config={"name": streams.PEOPLE}, state={})
    for why, member, contents in (("outside", "data/../evil", ()), ("no stream 'PEOPLE'", "data/voices/a", (nowhere,))):
        writer = BackupWriter(tmp_path / "wrong")
        writer.add(member, b"x")
        await asyncio.to_thread(writer.finish, Manifest(**manifest_only, streams=contents))  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match=why):
            await restore(fresh, tmp_path / "wrong", replace=True, resume=False)
    assert not fresh.data_folder.exists()


def test_what_another_left_in_the_folder_and_cannot_be_removed_stops_no_backup(tmp_path: Path) -> None:
    left = tmp_path / f".other{SUFFIX}.part"
    left.mkdir()
    BackupWriter(tmp_path / "one").discard()
    assert list(tmp_path.iterdir()) == [left]


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_the_newest_backup_is_the_one_that_was_written_last(tmp_path: Path) -> None:
    for name, written in (("before-the-upgrade", 1), ("visavis-2026-11-28", 3), ("visavis-2026-11-29", 2)):
        os.utime(_written(tmp_path / f"{name}{SUFFIX}", b""), (written, written))
    assert newest_in(tmp_path).stem == "visavis-2026-11-28"


async def test_what_is_no_file_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="neither a file nor a folder"):
        named(Path("/dev/null"))
    link = tmp_path / "newest"
    link.symlink_to(tmp_path / "elsewhere")
    assert named(link) == tmp_path / "elsewhere"


async def test_a_log_is_replaced_only_where_that_is_asked_for(
    event_log: EventLog, backup: Path, settings: Settings, fresh: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    # of a server of one's own
    with pytest.raises(ConfigurationError, match="--replace"):
        await restore(settings, backup, replace=False, resume=True)
    async with announce(event_log, "stt", engine="fake"):
        with pytest.raises(ConfigurationError, match=r"Visavis runs on .* \(stt\)"):
            await restore(settings, backup, replace=True, resume=True)
    before = await event_log.last_sequence(streams.CONVERSATIONS)
    # A restore that was broken off here is done again, and services do not begin on a part of a log.
    await create(event_log.nc, {"name": streams.RESTORING, "subjects": ["restoring"]})
    with pytest.raises(ConfigurationError, match="only partly restored"):
        async with connect(settings, name="stt"):
            pass
    await restore(settings, backup, replace=True, resume=True)
    async with connect(settings, name="stt"):
        pass
    assert await event_log.last_sequence(streams.CONVERSATIONS) == before - 1
    # of the embedded one, which is kept
    await restore(fresh, backup, replace=False, resume=True)
    with pytest.raises(ConfigurationError, match="--replace"):
        await restore(fresh, backup, replace=False, resume=True)
    await restore(fresh, backup, replace=True, resume=True)
    first = fresh.data_folder / "nats.before-restore"
    assert (first / "jetstream").is_dir()
    # A second one keeps what the first one has kept; a disk that takes no file leaves the log as it was.
    (first / "mark").touch()
    shutil.rmtree(fresh.data_folder / "voices")
    (fresh.data_folder / "voices").touch()
    with pytest.raises(ConfigurationError, match="run it again"):
        await restore(fresh, backup, replace=True, resume=True)
    assert not (fresh.data_folder / "nats.before-restore-2").exists()
    (fresh.data_folder / "voices").unlink()
    await restore(fresh, backup, replace=True, resume=True)
    assert (first / "mark").exists()
    assert (fresh.data_folder / "nats.before-restore-2" / "jetstream").is_dir()
    with lock_data_folder(fresh.data_folder), pytest.raises(ConfigurationError, match="runs already"):
        await restore(fresh, backup, replace=True, resume=True)


async def test_a_killed_backup_leaves_nothing_and_a_killed_restore_leaves_the_log(
    event_log: EventLog, backup: Path, settings: Settings, fresh: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    await killed_in(settings, "backup_file.BackupWriter.finish", "backup", str(folder))
    assert [one.name[0] for one in folder.iterdir()] == ["."]
    await write_backup(event_log, named(folder), frames=False)
    assert list(folder.iterdir()) == [newest_in(folder)]  # what the killed one left is gone, too

    await restore(fresh, backup, replace=False, resume=True)
    restoring = fresh.data_folder / "nats.restoring"
    await killed_in(fresh, "putting_back.snapshots.put_back", "restore", str(backup), "--replace")
    assert restoring.exists()
    async with asyncio.timeout(20):
        while True:
            with suppress(ConfigurationError):  # until its server has stopped
                async with restored(fresh) as log:
                    assert await log.last_sequence(streams.CONVERSATIONS)
                break
    await restore(fresh, backup, replace=True, resume=True)
    assert not restoring.exists()
