"""Rebuilding and looking at read models, from a real log."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.channel_events import DeliveryQueued, LinkEvent, LinkOffered, TextContent
from bus.events import (
    CharacterCreated,
    CharacterEvent,
    ConversationOpened,
    Fact,
    MessageReceived,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
)
from bus.log.event_log import EventLog
from bus.settings import Settings
from projections.__main__ import gateway_file, main
from projections.conversation import Conversation, fold_all
from projections.read_model import ReadModel
from projections.readable import readable_lines
from tests.fakes import event

BODIES: tuple[tuple[str, str | None, Fact], ...] = (
    ("c1", None, ConversationOpened(person="p", character="ada")),
    ("c1", "t1", MessageReceived(message="m1", text="hello there")),
    ("c1", "t1", ReplySentence(reply="r1", index=0, text="Hello to you.", character="ada", emotion="happy")),
    ("c1", "t1", ReplyInterrupted(reply="r1", heard="Hello", by="button")),
    ("c2", None, ConversationOpened(person="p", character="bo")),
    ("c2", "t2", MessageReceived(message="m2", text="who are you")),
    ("c2", "t2", ReplyFailed(reply="r2", code="x", detail="no engine")),
)


@pytest.fixture
async def shell(event_log: EventLog, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> EventLog:
    """A log with two conversations and an undecodable message; the environment has its settings for the commands."""
    for at, (conversation, turn, body) in enumerate(BODIES, 1):
        await event_log.append(event(body, at=at * 1_000_000, turn=turn, conversation=conversation))
    await event_log.js.publish("conv.c2.message.received", b"no event")
    monkeypatch.setenv("VISAVIS_NATS_URL", settings.nats_url)
    monkeypatch.setenv("VISAVIS_DATA", settings.data)
    monkeypatch.setenv("VISAVIS_AUDIO_BYTES", str(settings.audio_bytes))
    monkeypatch.setenv("VISAVIS_FRAMES_BYTES", str(settings.frames_bytes))
    return event_log


async def fold_live(event_log: EventLog, settings: Settings) -> Path:
    model = ReadModel(gateway_file(settings))
    async for record in event_log.read("CONVERSATIONS", "conv.>"):
        model.apply_records([record])
    model.close()
    return model.path


async def run(*arguments: str) -> int:
    return await asyncio.to_thread(main, arguments)


async def test_a_read_model_that_equals_the_log_passes_the_check(
    shell: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await fold_live(shell, settings)
    assert await run("rebuild", "--check") == 0
    assert capsys.readouterr().out.startswith("equal: 2 conversations at 8, digest ")


async def test_a_read_model_that_is_behind_is_compared_at_its_position(
    shell: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await fold_live(shell, settings)
    await shell.append(event(MessageReceived(message="m9", text="later"), at=9, turn="t9", conversation="c1"))
    assert await run("rebuild", "--check") == 0
    assert "at 8," in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "report"),
    [
        ("UPDATE turns SET data = replace(data, 'hello there', 'hello thief')", "conversation c1: turn 1: stored"),
        (
            "UPDATE conversations SET metadata = replace(metadata, 'bo', 'cy')",
            "conversation c2: character: stored 'cy'",
        ),
        ("DELETE FROM turn_text", "conversation c1: its search index"),
        ("DELETE FROM conversations WHERE id = 'c1'", "conversation c1: is not in the read model"),
        ("UPDATE position SET seq = 99", "is at 99, the log ends at 8"),
    ],
)
async def test_the_first_difference_from_the_log_is_reported(
    shell: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str], change: str, report: str
) -> None:
    path = await fold_live(shell, settings)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE turns SET data = CAST(data AS TEXT)")
        db.execute("UPDATE conversations SET metadata = CAST(metadata AS TEXT)")
        db.execute(change)
        db.execute("UPDATE turns SET data = CAST(data AS BLOB)")
        db.execute("UPDATE conversations SET metadata = CAST(metadata AS BLOB)")
    db.close()
    assert await run("rebuild", "--check") == 1
    out = capsys.readouterr().out
    assert out.startswith("differs: ")
    assert report in out


async def test_a_rebuilt_file_is_kept_beside_the_live_one(
    shell: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert await run("rebuild", "--until", "4") == 0
        path = Path(capsys.readouterr().out.strip())
        model = ReadModel(path, read_only=True)
        listed = [one.id for one in model.all_conversations()]
        assert (path.parent, model.position, listed) == (settings.data_folder, 4, ["c1"])
        model.close()


async def test_without_a_read_model_there_is_nothing_to_check(
    shell: EventLog, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("rebuild", "--check") == 1
    assert "there is no read model" in capsys.readouterr().err
    assert await run("list") == 1


async def test_wrong_usage_has_an_exit_status_of_its_own(shell: EventLog, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("rebuild", "--check", "--until", "3") == 2
    assert await run("show", "c1", "--until", "yesterday") == 2
    assert await run("show", "nothing", "c1") == 2
    assert await run("show", "c") == 2  # the beginning of several
    with pytest.raises(SystemExit) as caught:
        main(["nonsense"])
    assert caught.value.code == 2


async def test_a_conversation_is_shown_as_text(shell: EventLog, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("show", "c1") == 0
    out = capsys.readouterr().out
    for part in ("Hello there — c1, ada, at 4", "you: hello there", "ada: ✗ Hello to you. [happy]", "heard: 'Hello'"):
        assert part in out
    assert await run("show", "c2") == 0
    assert "bo failed: no engine" in capsys.readouterr().out


async def test_a_conversation_is_shown_as_it_was(shell: EventLog, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("show", "c1", "--json", "--until", "3") == 0
    by_sequence = json.loads(capsys.readouterr().out)
    assert (by_sequence["seq"], by_sequence["turns"][0]["reply"]["state"]) == (3, "telling")
    assert await run("show", "nobody") == 1
    assert await run("show", "c2", "--until", "4") == 1


async def test_any_projection_is_shown_and_compared_at_a_sequence_or_a_time_of_the_server(
    shell: EventLog, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = [record.time async for record in shell.read("CONVERSATIONS", "conv.c1.>")]
    before_the_last = datetime.fromtimestamp((stored[-1] - 1) / 1_000_000, UTC).isoformat()
    assert await run("show", "c1", "--json", "--until", before_the_last) == 0
    assert json.loads(capsys.readouterr().out)["seq"] == 3

    assert await run("diff", "conversation", "c1", "--from", "2", "--to", before_the_last) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "turn t1",
        "  ~ reply: None → {id 'r1', character 'ada', state 'telling', sentences [{text 'Hello to you.',"
        " space_before ' ', language 'en', emotion 'happy', state 'written'}]}",
    ]
    assert await run("diff", "c1", "--from", "3", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    place = ["turns", "t1", "reply", "state"]
    assert {"path": place, "before": "telling", "after": "interrupted", "kind": "changed"} in found
    assert await run("diff", "c1", "--from", "4") == 0
    assert capsys.readouterr().out == "no difference\n"
    assert await run("diff", "nobody", "--from", "1") == 1

    assert await run("show", "timeline", "c1", "--until", "3") == 0
    assert [one["seq"] for one in json.loads(capsys.readouterr().out)["events"]] == [1, 2, 3]
    body = CharacterCreated(name="Bo", tagline="t", personality="p", greeting="g", look="l", voice="v")
    for number, one in enumerate((body, replace(body, name="Beau"))):
        await shell.append_character(CharacterEvent(id=f"x{number}", at=1, character="bo", body=one))
    assert await run("show", "characters", "bo", "--until", "1") == 0
    assert json.loads(capsys.readouterr().out)["bo"]["name"] == "Bo"
    assert await run("diff", "characters", "--from", "1") == 0
    assert capsys.readouterr().out == "~ bo.name: 'Bo' → 'Beau'\n"
    assert await run("list", "characters") == 0
    assert capsys.readouterr().out == "bo\tBeau\n"

    offered = LinkOffered(channel="telegram", person="p", conversation="c1", expires_at=9)
    await shell.append_link(LinkEvent(id="l1", at=1, link="link1", body=offered), after=0)
    assert await run("show", "people", "p") == 0
    assert json.loads(capsys.readouterr().out)["link1"]["state"] == "offered"
    queued = DeliveryQueued(account="1", chat="2", content=TextContent(text="hello"))
    await shell.queue_delivery("telegram", "d1", queued)
    assert await run("list", "deliveries") == 0
    assert capsys.readouterr().out == "d1\tqueued\ttelegram\n"
    assert await run("show", "deliveries", "other") == 1
    assert await run("show", "timeline") == 2
    assert await run("list", "nonsense") == 2


async def test_all_conversations_are_listed(
    shell: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await fold_live(shell, settings)
    assert await run("list") == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(row[0], row[2], row[3]) for row in rows] == [("c2", "bo", "Who are you"), ("c1", "ada", "Hello there")]


async def test_a_wrong_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISAVIS_NATS_PORT", "many")
    assert await run("list") == 1
    assert capsys.readouterr().err.startswith("error: VISAVIS_NATS_PORT=")


def test_words_of_people_steer_no_terminal() -> None:
    said = event(MessageReceived(message="m", text="\x1b[2J\u202ehello"), turn="t1")
    reply = event(ReplyStarted(reply="r", character="ada", engine="e"), turn="t1")
    failed = event(ReplyFailed(reply="r", code="x", detail="\x1b[2J"), turn="t1")
    lines = readable_lines(fold_all(Conversation(id="c"), [(1, said), (2, reply), (3, failed)]))
    assert "\ufffd[2J\ufffdhello" in lines[2]
    assert all(line.isprintable() for line in lines)
