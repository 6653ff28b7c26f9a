"""`import(export(log)) == log`, through a file and into another system."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bus.events import ConversationCopied, ConversationOpened, FaceRequested
from bus.log import streams
from bus.log.event_log import EventLog, connect
from projections.conversation import Conversation, fold_all
from projections.replay.build import build_timeline
from tests.nats_servers import NatsServer
from tests.visavis.carry.conftest import settings_of
from tests.visavis.carry.made_log import CONVERSATION, GRANDMA, PERSON, UNKNOWN, sounds, write_made_log
from visavis.carry.archive import load, read_archive, save, write_archive
from visavis.carry.contents import Archive

COPIED = ConversationCopied(source=CONVERSATION, how="imported")


@pytest.fixture
async def here(module_server: NatsServer, tmp_path: Path) -> AsyncIterator[EventLog]:
    async with connect(settings_of(module_server, tmp_path), name="test") as event_log:
        if await event_log.last_sequence(streams.CONVERSATIONS) == 0:
            await write_made_log(event_log)
        yield event_log


@pytest.fixture
async def there(other_server: NatsServer, tmp_path: Path) -> AsyncIterator[EventLog]:
    async with connect(settings_of(other_server, tmp_path), name="test") as event_log:
        yield event_log


async def test_a_conversation_comes_back_the_same_from_a_file(here: EventLog, there: EventLog, tmp_path: Path) -> None:
    original = await read_archive(here, CONVERSATION)
    save(original, tmp_path / "one.visavis")
    read = load(tmp_path / "one.visavis")
    assert contents(read) == contents(original)
    written = await write_archive(there, read, conversation="c2", person="someone", copied=COPIED)
    assert (written.facts, written.media) == (len(original.facts) + 1, len(sounds()))
    assert written.characters == ("ada", GRANDMA)
    copy = await read_archive(there, "c2")
    first, *rest = copy.facts
    assert first.event is not None
    assert first.event.body == COPIED
    assert first.event.at == min(event.at for _, _, event in original.events())
    assert [(fact.stored, fact.subject.replace("c2", "c1", 1)) for fact in rest] == [
        (fact.stored, fact.subject) for fact in original.facts
    ]
    for fact, before in zip(rest, original.facts, strict=True):
        event, was = fact.event, before.event
        if event is None or was is None:
            assert fact.data in (UNKNOWN.replace(b'"c1"', b'"c2"'), b"\xff\x00 Zanzibar")
            continue
        body = event.body
        if isinstance(body, ConversationOpened):
            assert (body.person, body.network) == ("someone", "")
            body = replace(body, person=PERSON, network="a1")
        if isinstance(body, FaceRequested):
            assert body.owner == "someone"
            body = replace(body, owner=PERSON)
        assert replace(event, conversation="c1", body=body) == was
    assert media_of(copy, "c2") == media_of(original, "c1")
    folded, was_folded = (fold_of(one) for one in (copy, original))
    assert replace(
        folded, id="c1", seq=0, copied="", copy_of="", person=PERSON
    ) == replace(was_folded, seq=0)  # fmt: skip
    timeline, was_timeline = (
        build_timeline("c1", [(seq, event) for seq, _, event in one.events() if event.turn]) for one in (copy, original)
    )
    assert [msgspec.structs.replace(turn) for turn in timeline.turns] == list(was_timeline.turns)
    assert timeline.clips == was_timeline.clips
    for one in (original, read, copy):
        one.close()


def contents(archive: Archive) -> dict[str, object]:
    found = {name: value for name, value in vars(archive).items() if name != "media"}
    return found | {"media": media_of(archive, archive.conversation)}


def media_of(archive: Archive, conversation: str) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for subject in archive.media.names():
        messages = [msgspec.msgpack.decode(data) for data in archive.media.read(subject)]
        for message in messages:
            if "conversation" in message:
                assert message.pop("conversation") == conversation
        found[subject.replace(conversation, "-", 1)] = messages
    return found


def fold_of(archive: Archive) -> Conversation:
    events = ((seq, event) for seq, _, event in archive.events())
    return fold_all(Conversation(id=archive.conversation), events)
