"""A copy is written once, however often and however far; it takes nothing that is there, and no service works on it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace

from bus import subjects
from bus.errors import BusError, InvalidInput
from bus.events import (
    AudioIn,
    CharacterEvent,
    ConversationCopied,
    Event,
    Fact,
    IdleBatch,
    MessageReceived,
    ReplyStarted,
)
from bus.ids import NOBODY
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.stamping import new_event
from bus.work.service import Output, Reader, Service
from bus.work.stream_worker import StreamItem, StreamWork, StreamWorker
from projections.characters import visible_to
from services.channels.incoming.published import Published
from services.characters import current_characters
from tests.bus.work.helpers import running
from tests.nats_servers import NatsServer
from tests.projections.replay.conversations import BEGAN
from tests.visavis.carry.conftest import settings_of
from tests.visavis.carry.made_log import ADA, CONVERSATION, ERIKA, GRANDMA, PHOTO, made_archive, portrait, sounds
from visavis.carry.archive import Archive, is_copy_of, read_archive, save, write_archive
from visavis.carry.contents import Missing
from visavis.carry.importing import choose_id, import_file

ROOT = Path(__file__).parents[3]
COPIED = ConversationCopied(source=CONVERSATION, how="imported")


@pytest.fixture(scope="module")
def settings(module_server: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(module_server, tmp_path_factory.mktemp("data"))


@pytest.fixture
async def event_log(settings: Settings) -> AsyncIterator[EventLog]:
    async with connect(settings, name="test") as connected:
        yield connected


@pytest.fixture
def made() -> Iterator[Archive]:
    with made_archive() as archive:
        yield archive


async def write(event_log: EventLog, archive: Archive, name: str, person: str = "someone") -> int:
    """Returns how much was written."""
    written = await write_archive(event_log, archive, conversation=name, person=person, copied=COPIED)
    return written.facts + written.media


async def everything(event_log: EventLog, name: str) -> list[tuple[str, bytes]]:
    """Subject and bytes of all of a conversation."""
    found: list[tuple[str, bytes]] = []
    for subject in (subjects.facts_of(name), subjects.audio_of(name), subjects.frames_of(name)):
        async for record in event_log.read(streams.stream_of(subject), subject):
            is_first = record.subject.endswith(".conversation.copied")
            found.append((record.subject, b"" if is_first else record.data))
    return found


async def test_an_import_that_was_killed_anywhere_is_completed_by_the_next(
    event_log: EventLog, made: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(event_log, made, "whole")
    whole = await everything(event_log, "whole")
    # The ids of messages would hide what is written twice, for two minutes.
    configs = [(await event_log.js.stream_info(name)).config for name in ("CONVERSATIONS", "AUDIO", "FRAMES")]
    for config in configs:
        await event_log.js.update_stream(config.evolve(duplicate_window=0.1))
    publish = event_log.publish
    left = 0

    async def dying(*arguments: object, **more: object) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise BusError("killed")
        return await publish(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(event_log, "publish", dying)
    tries = 0
    for left in (3, 9, 12, 1, 2, 20, 30, 100):  # noqa: B007 - `dying` counts it down
        tries += 1
        await asyncio.sleep(0.15)
        with suppress(BusError):
            await write(event_log, made, "parts")
            break
    assert tries > 4
    parts = await everything(event_log, "parts")
    assert parts == [(subject.replace("whole", "parts"), data.replace(b"whole", b"parts")) for subject, data in whole]
    await asyncio.sleep(0.15)
    left = 1000
    assert await write(event_log, made, "parts") == 0
    for config in configs:
        await event_log.js.update_stream(config)


async def test_what_has_expired_comes_back_and_what_is_there_stays(event_log: EventLog, made: Archive) -> None:
    await write(event_log, made, "faded")
    await event_log.js.purge_stream("AUDIO", subject="audio.faded.in.u1")
    await event_log.append(new_event(MessageReceived(message="m9", text="more"), conversation="faded", turn="t9"))
    before = await everything(event_log, "faded")
    lost = [one for one in sounds() if isinstance(one, AudioIn) and one.utterance == "u1"]
    assert await write(event_log, made, "faded") == len(lost)
    assert [one for one in await everything(event_log, "faded") if "in.u1" not in one[0]] == before


async def test_an_event_that_is_there_twice_is_twice_in_the_copy(event_log: EventLog, made: Archive) -> None:
    made.facts += made.facts[-3:]
    await write(event_log, made, "twice")
    assert await event_log.count(streams.CONVERSATIONS, subjects.facts_of("twice")) == len(made.facts) + 1
    assert await write(event_log, made, "twice") == 0


async def test_an_id_is_taken_once(event_log: EventLog, made: Archive) -> None:
    await event_log.append(new_event(MessageReceived(message="m1", text="hi"), conversation=CONVERSATION, turn="t1"))
    with pytest.raises(InvalidInput, match="there is another conversation c1 on this log"):
        await write(event_log, made, CONVERSATION)
    assert await event_log.count(streams.AUDIO, subjects.audio_of(CONVERSATION)) == 0
    other = await choose_id(event_log, made, None)
    assert other != CONVERSATION
    await write(event_log, made, other)
    assert await choose_id(event_log, made, None) == other
    assert await is_copy_of(event_log, other, made)
    with pytest.raises(InvalidInput, match="there is another conversation c1 here"):
        await choose_id(event_log, made, CONVERSATION)
    made.facts = made.facts[:-1]
    assert not await is_copy_of(event_log, other, made)
    with pytest.raises(InvalidInput, match="another conversation"):
        await write(event_log, made, other)


async def test_a_copy_of_a_copy_is_a_copy_of_the_original(event_log: EventLog, made: Archive) -> None:
    engines = ConversationCopied(source="origin", how="rerun", engines={"stt": "whisper:small"})
    await write_archive(event_log, made, conversation="first", person="someone", copied=engines)
    again = await read_archive(event_log, "first")
    await write(event_log, again, "second")
    copy = await read_archive(event_log, "second")
    kinds = [event.body for _, _, event in copy.events() if isinstance(event.body, ConversationCopied)]
    assert kinds == [engines]
    assert [(fact.stored, fact.event and fact.event.id) for fact in copy.facts[1:]] == [
        (fact.stored, fact.event and fact.event.id) for fact in made.facts
    ]
    assert Missing(kind="pictures", id="s2a") in copy.missing
    again.close()
    copy.close()


async def test_a_character_of_another_content_gets_an_id_of_its_own(event_log: EventLog, made: Archive) -> None:
    other = replace(ADA, name="Another Ada")
    await event_log.append_character(CharacterEvent(id="x-ada", at=BEGAN, character="ada", body=other))
    try:
        await write(event_log, made, "renamed", person="ann")
        here = await current_characters(event_log)
        assert here["ada"] == other
        assert here["ada-imported"] == replace(ADA, owner="ann")
        assert here[GRANDMA] in (replace(ERIKA, owner="ann"), replace(ERIKA, owner="someone"))
        assert "ada-imported" not in visible_to("bob", here)
        copy = await read_archive(event_log, "renamed")
        replies = {event.body.character for _, _, event in copy.events() if isinstance(event.body, ReplyStarted)}
        assert replies == {"ada-imported"}
        last = await event_log.last_media(IdleBatch, "idle.ada-imported")
        assert last is not None
        assert last.character == "ada-imported"
        assert await event_log.assets.get(PHOTO) == portrait()
        copy.close()
        # For somebody else it is another one again, and for the same person the same.
        assert await write(event_log, made, "renamed", person="ann") == 0
        assert len(await current_characters(event_log)) == len(here)
        await write(event_log, made, "renamed-2", person="bob")
        assert (await current_characters(event_log))["ada-imported-2"].owner == "bob"
    finally:
        await event_log.append_character(CharacterEvent(id="y-ada", at=BEGAN, character="ada", body=ADA))


async def test_no_consumer_of_the_log_works_on_a_copy(event_log: EventLog, made: Archive) -> None:
    """All kinds of facts, by both kinds of workers that there are; and a new fact of the same conversation is worked
    on."""
    handled: list[str] = []

    async def handle(event: Event, reader: Reader) -> AsyncIterator[Output]:
        handled.append(event.id)
        return
        yield

    async def handle_item(item: StreamItem) -> float | None:
        handled.append(f"stream {item.record.sequence}")
        return None

    await event_log.js.purge_stream(streams.CONVERSATIONS)
    newest = {name: await event_log.last_sequence(name) for name in ("DEAD", "DELIVERIES", "INBOX", "REQUEUE")}
    await write(event_log, made, "quiet")
    every = Service(name="everything", consumes=get_args(Fact), handle=handle, engine="")
    by_conversation = StreamWork(
        name="stream-work", stream=streams.CONVERSATIONS, subjects=(subjects.ALL_FACTS,),
        key=lambda record: subjects.conversation_of(record.subject), handle=handle_item,
    )  # fmt: skip
    worker = asyncio.create_task(StreamWorker(event_log, by_conversation).run())
    async with running(event_log, every), asyncio.timeout(20):
        asked = new_event(MessageReceived(message="m9", text="and now?"), conversation="quiet", turn="t9")
        sequence = await event_log.append(asked)
        while len(handled) < 2:
            await asyncio.sleep(0.01)
        for name in ("everything", "stream-work"):
            while (info := await event_log.consumer_info(streams.CONVERSATIONS, name)).num_ack_pending:
                await asyncio.sleep(0.01)
            assert info.num_pending == 0
    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker
    assert sorted(handled) == sorted([asked.id, f"stream {sequence}"])
    assert newest == {name: await event_log.last_sequence(name) for name in newest}
    # Nor does what came in through a channel elsewhere count as received here.
    published = Published(event_log)
    copied = next(event for _, _, event in made.events() if isinstance(event.body, MessageReceived))
    assert not await published.has(MessageReceived, copied.id, 0, look_again=True)
    assert await published.has(MessageReceived, asked.id, 0, look_again=True)


READERS = {
    "bus/log/event_log.py": "reads for those who ask",
    "bus/log/copies.py": "compares the nodes of a cluster",
    "bus/log/gaps.py": "counts what is missing",
    "bus/log/log_watch.py": "looks whether the stream is the same",
    "bus/log/overview.py": "counts messages",
    "bus/work/consumers.py": "the consumers of services: `Runner`",
    "bus/work/interruptions.py": "asks which turns of a conversation were interrupted",
    "bus/work/ordering.py": "looks at a position",
    "bus/work/runner.py": "acknowledges copies unhandled",
    "bus/work/unfinished.py": "leaves copies out",
    "services/channels/incoming/inbox_work.py": "commands: `StreamWorker`, which acknowledges copies unhandled",
    "services/channels/incoming/published.py": "leaves copies out",
    "services/gateway/erasing.py": "leaves copies of requests out",
    "services/gateway/feed.py": "folds them",
    "services/gateway/web/asset_collector.py": "keeps what copies refer to, too",
    "services/gateway/web/conversation_routes.py": "asks for a position",
    "services/gateway/web/conversations.py": "asks for a position",
    "services/gateway/web/health.py": "asks for a position",
    "services/gateway/web/space.py": "looks at the size",
    "services/privacy/erasing.py": "erases copies, too",
    "services/privacy/export.py": "exports copies, too",
}
"""All that reads the facts of all conversations, below the commands; and why a copy is safe from it."""


def test_all_readers_of_facts_are_known() -> None:
    """A new one has to say here what it does with copies."""
    found = {
        str(path.relative_to(ROOT))
        for folder in ("bus", "services")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\b(streams\.CONVERSATIONS|import CONVERSATIONS|ALL_FACTS)\b", path.read_text())
    } - {"bus/log/streams.py", "bus/subjects.py"}
    new = {path for path in found if "replay" not in path} - READERS.keys()
    assert new == set()


async def test_the_command_says_what_it_did(
    settings: Settings, event_log: EventLog, made: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.facts = made.facts[:-1]  # a conversation of its own
    save(made, tmp_path / "a.visavis")
    assert await import_file(settings, tmp_path / "a.visavis", as_id="by-command", person=None) == 0
    facts, media = len(made.facts) + 1, len(sounds())
    said, *_, missing = capsys.readouterr().out.splitlines()
    assert said == f"imported conversation by-command: {facts} facts, {media} messages of sound and pictures"
    assert missing == "not in the file: pictures of speeches (1 expired)"
    assert await import_file(settings, tmp_path / "a.visavis", as_id="by-command", person=None) == 0
    assert capsys.readouterr().out == "conversation by-command is here already, nothing was added\n"
    owners = [fact for fact in (await read_archive(event_log, "by-command")).facts if fact.subject.endswith(".opened")]
    assert f'"person":"{NOBODY}"'.encode() in owners[0].data
    with pytest.raises(InvalidInput, match="person must be"):
        await import_file(settings, tmp_path / "a.visavis", as_id=None, person="a b")


