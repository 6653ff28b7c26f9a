"""The folder as a channel: complete files are stored once, in order; answers are written whole, and nothing else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bus.errors import ConfigurationError, NotFound, UndecodableEvent
from bus.settings import Settings
from services.channels.channel import NotSent, Outgoing, Recording, Text, Unsupported
from services.channels.folder import Folder, folder_of, safe_name

LONG_AGO = 1_700_000_000


class Inbox:
    """What a channel stored."""

    def __init__(self) -> None:
        self.updates: dict[str, bytes] = {}
        self.repeated: list[str] = []

    async def store(self, key: str, raw: bytes) -> bool:
        if key in self.updates:
            self.repeated.append(key)
            return False
        self.updates[key] = raw
        return True


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "notes", idle=0.05)


@asynccontextmanager
async def running(folder: Folder, store: Callable[[str, bytes], Awaitable[bool]]) -> AsyncIterator[None]:
    task = asyncio.create_task(folder.run(store))
    try:
        await until(folder.inbox.is_dir)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


def drop(folder: Folder, name: str, data: bytes, at: int = LONG_AGO) -> Path:
    """A file that was written long ago and is moved into the folder."""
    folder.inbox.mkdir(parents=True, exist_ok=True)
    temporary = folder.folder / "made elsewhere"
    temporary.write_bytes(data)
    os.utime(temporary, (at, at))
    return temporary.rename(folder.inbox / name)


def outgoing(folder: Folder, reply_to: str = "18b-question.ogg", **fields: object) -> Outgoing:
    (folder.outbox).mkdir(parents=True, exist_ok=True)
    made = {"delivery": "d1", "chat": "local", "reply_to": reply_to, "silent": False, "text": "Hello."} | fields
    return Outgoing(**made)  # type: ignore[arg-type]


async def test_a_recording_is_stored_and_then_put_aside_and_can_be_fetched(folder: Folder) -> None:
    inbox = Inbox()
    async with running(folder, inbox.store):
        drop(folder, "question.ogg", b"OggS" * 100_000)
        await until(lambda: list((folder.inbox / "done").iterdir()))
        assert len(inbox.updates) == 1
        assert not (folder.inbox / "question.ogg").exists()
    (incoming,) = folder.parse(next(iter(inbox.updates.values())))
    assert isinstance(incoming.content, Recording)
    assert incoming.content.bytes == 400_000
    assert incoming.at == LONG_AGO * 1_000_000
    assert incoming.origin is not None
    assert (incoming.origin.channel, incoming.origin.account) == ("folder", "local")
    assert b"".join([piece async for piece in folder.fetch(incoming.content.media)]) == b"OggS" * 100_000


async def test_files_are_stored_in_the_order_in_which_they_were_written(folder: Folder) -> None:
    for at, name in enumerate(("z.txt", "a.txt", "m.txt")):
        drop(folder, name, name.encode(), LONG_AGO + at)
    inbox = Inbox()
    async with running(folder, inbox.store):
        await until(lambda: len(inbox.updates) == 3)
    contents = [folder.parse(raw)[0].content for raw in inbox.updates.values()]
    assert contents == [Text(text="z.txt"), Text(text="a.txt"), Text(text="m.txt")]


async def test_a_file_that_still_grows_is_stored_when_it_is_whole(folder: Folder) -> None:
    inbox = Inbox()
    async with running(folder, inbox.store):
        with (folder.inbox / "growing.ogg").open("wb") as file:
            for _ in range(15):
                file.write(b"x" * 100)
                file.flush()
                await asyncio.sleep(0.1)
                assert not inbox.updates
        await until(lambda: inbox.updates)
    (incoming,) = folder.parse(next(iter(inbox.updates.values())))
    assert isinstance(incoming.content, Recording)
    assert incoming.content.bytes == 1500


async def test_the_same_file_again_is_not_asked_again_but_another_of_its_name_is(folder: Folder) -> None:
    inbox = Inbox()
    async with running(folder, inbox.store):
        for at, data in ((0, b"one"), (0, b"one"), (0, b"two"), (1, b"one")):
            drop(folder, "question.txt", data, LONG_AGO + at)
            await until(lambda: not (folder.inbox / "question.txt").exists())
        await until(lambda: len(inbox.updates) == 3 and inbox.repeated)
    assert len(inbox.repeated) == 1


async def test_a_store_that_fails_loses_no_file(folder: Folder) -> None:
    async def fail(key: str, raw: bytes) -> bool:
        raise OSError("NATS is away")

    drop(folder, "question.ogg", b"OggS")
    with pytest.raises(OSError, match="NATS is away"):
        async with asyncio.timeout(20):
            await folder.run(fail)
    inbox = Inbox()
    async with running(folder, inbox.store):
        await until(lambda: inbox.updates)
        await until(lambda: list((folder.inbox / "done").iterdir()))


async def test_links_folders_and_unfinished_files_are_left_alone(folder: Folder, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    inbox = Inbox()
    async with running(folder, inbox.store):
        (folder.inbox / "link.txt").symlink_to(secret)
        (folder.inbox / "folder.ogg").mkdir()
        drop(folder, ".hidden.ogg", b"OggS")
        drop(folder, "download.ogg.part", b"OggS")
        drop(folder, "last.txt", b"taken")
        await until(lambda: inbox.updates)
        await asyncio.sleep(0.5)
    assert [folder.parse(raw)[0].content for raw in inbox.updates.values()] == [Text(text="taken")]
    assert secret.read_text() == "not yours"
    with pytest.raises(NotFound):
        [piece async for piece in folder.fetch("../../../secret")]


async def test_a_folder_that_is_a_link_is_refused(folder: Folder, tmp_path: Path) -> None:
    folder.folder.mkdir()
    (folder.folder / "out").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match="leads out of the folder"):
        await folder.check()


async def test_what_is_neither_a_recording_nor_a_short_text_is_unsupported(folder: Folder) -> None:
    inbox = Inbox()
    async with running(folder, inbox.store):
        drop(folder, "picture.png", b"png")
        drop(folder, "book.txt", b"word " * 10_000)
        await until(lambda: len(inbox.updates) == 2)
    assert all(folder.parse(raw)[0].content == Unsupported(kind="document") for raw in inbox.updates.values())


@pytest.mark.parametrize("raw", [b"", b"{}", b"nonsense", b'{"file": 3, "at": 0, "bytes": 0}'])
def test_what_is_no_update_is_told(folder: Folder, raw: bytes) -> None:
    with pytest.raises(UndecodableEvent):
        folder.parse(raw)


async def test_an_answer_has_the_name_of_its_question_and_its_words_beside_it(folder: Folder) -> None:
    message = outgoing(folder, kind="voice", media=b"OggS answer", text="Twelve.")
    assert await folder.send(message) == "question.ogg"
    assert (folder.outbox / "question.ogg").read_bytes() == b"OggS answer"
    assert (folder.outbox / "question.txt").read_text() == "Twelve.\n"
    # A second message about it, and one about another file of that name, replace nothing.
    assert await folder.send(outgoing(folder, text="And more.")) == "question-2.txt"
    assert await folder.send(outgoing(folder, reply_to="")) == "message.txt"
    assert sorted(path.name for path in folder.outbox.iterdir()) == [
        "message.txt", "question-2.txt", "question.ogg", "question.txt",
    ]  # fmt: skip


async def test_a_link_under_the_name_of_an_answer_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole")
    message = outgoing(folder)
    for name in ("question.txt", ".question-2.txt.tmp"):
        (folder.outbox / name).symlink_to(victim)
    assert await folder.send(message) == "question-2.txt"
    assert victim.read_text() == "whole"


async def test_a_folder_that_cannot_be_written_is_a_message_that_was_not_sent(folder: Folder) -> None:
    message = outgoing(folder)
    folder.outbox.rmdir()
    with pytest.raises(NotSent):
        await folder.send(message)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("question.ogg", "question.ogg"),
        ("../../etc/passwd", "etc_passwd"),
        ("-rf *.ogg", "rf_.ogg"),
        (".bashrc", "bashrc"),
        ("", "note"),
        ("wörter und\nzeilen.ogg", "wörter_und_zeilen.ogg"),
    ],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_the_folder_is_in_the_data_folder_unless_another_one_is_set_or_it_is_off(tmp_path: Path) -> None:
    assert folder_of(Settings(data=str(tmp_path))) == tmp_path / "notes"
    assert folder_of(Settings(notes_folder=str(tmp_path / "here"))) == tmp_path / "here"
    assert folder_of(Settings(notes_folder="off")) is None


async def test_two_names_that_differ_only_in_what_is_left_out_are_two_messages(folder: Folder) -> None:
    inbox = Inbox()
    drop(folder, "a b.ogg", b"OggS one")
    drop(folder, "a:b.ogg", b"OggS two")
    drop(folder, "a\nb.ogg", b"OggS three")
    async with running(folder, inbox.store):
        await until(lambda: len(list((folder.inbox / "done").glob("*"))) == 3)
    heard = []
    for raw in inbox.updates.values():
        (incoming,) = folder.parse(raw)
        assert isinstance(incoming.content, Recording)
        heard.append(b"".join([piece async for piece in folder.fetch(incoming.content.media)]))
    assert sorted(heard) == [b"OggS one", b"OggS three", b"OggS two"]


async def test_what_cannot_be_stored_stops_none_of_the_others(folder: Folder) -> None:
    inbox = Inbox()
    async with running(folder, inbox.store):
        await until((folder.inbox / "done").is_dir)
        (folder.inbox / ".taken" / "1-a directory.ogg").mkdir()
        (folder.inbox / ".taken" / "2-link.ogg").symlink_to("/etc/hostname")
        drop(folder, "question.ogg", b"OggS")
        await until(lambda: list((folder.inbox / "done").glob("*")))
    assert len(inbox.updates) == 1


async def test_a_file_that_claims_a_terabyte_is_stored_without_reading_it(folder: Folder) -> None:
    inbox = Inbox()
    path = drop(folder, "huge.ogg", b"OggS")
    os.truncate(path, 1 << 40)
    os.utime(path, (LONG_AGO, LONG_AGO))
    async with running(folder, inbox.store):
        await until(lambda: list((folder.inbox / "done").glob("*")))
    (raw,) = inbox.updates.values()
    assert folder.parse(raw)[0].content == Recording(
        media=f"{LONG_AGO * 1_000_000_000:x}-huge.ogg", kind="voice", bytes=1 << 40
    )


@pytest.mark.parametrize("fails", [".txt", ".ogg"])
async def test_of_an_answer_that_cannot_be_written_whole_nothing_is_shown(
    folder: Folder, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = outgoing(folder, media=b"OggS", kind="voice")
    real = os.fsync
    count = 0

    def full(number: int) -> None:
        nonlocal count
        count += 1
        if count == (1 if fails == ".ogg" else 2):
            raise OSError(28, "No space left on device")
        real(number)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotSent):
        await folder.send(message)
    assert list(folder.outbox.iterdir()) == []
    assert await folder.send(message) == "question.ogg"
    assert sorted(path.name for path in folder.outbox.iterdir()) == ["question.ogg", "question.txt"]
