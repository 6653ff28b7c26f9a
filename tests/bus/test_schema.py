"""Messages of released versions stay decodable: the golden files in tests/golden."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from bus import codec
from bus.errors import UndecodableEvent
from bus.events import CharacterEvent, CharacterFact, CharacterRemoved, Event
from bus.log.event_log import EventLog
from projections import characters
from projections.conversation import Conversation, fold, fold_all
from projections.read_model import ReadModel
from projections.view import view
from tests.golden.make import FOLDER, missing, plain, raw, shape
from tests.golden.samples import Message

GOLDEN = sorted(path for path in FOLDER.rglob("*") if path.is_file())
LOG = FOLDER.parent / "logs" / "v0.1.0"


def name_of(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def decoded(path: Path, data: bytes | None = None) -> Message:
    """Decode a message with the decoder of its kind."""
    data = path.read_bytes() if data is None else data
    if path.suffix == ".json":
        if path.name.startswith("live."):
            return codec.decode_live(data)
        return codec.decode_character_event(data) if path.name.startswith("character.") else codec.decode_event(data)
    return codec.decode_dead_letter(data) if path.name.startswith("dead_letter") else codec.decode_media(data)


def lost(before: Any, after: Any, where: str = "") -> list[str]:
    """Fields that are missing in `after`, or have another type or value; new fields are no loss."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            problem
            for name, value in before.items()
            for problem in (lost(value, after[name], f"{where}.{name}") if name in after else [f"{where}.{name} gone"])
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) <= len(after):
        return [problem for i, value in enumerate(before) for problem in lost(value, after[i], f"{where}[{i}]")]
    return [] if type(before) is type(after) and before == after else [f"{where}: {before!r} became {after!r}"]


def test_every_kind_of_message_has_a_current_golden_file() -> None:
    # If this fails after a new field or kind: python -m tests.golden.make
    assert [name_of(path) for path, _ in missing()] == []


@pytest.mark.parametrize("path", GOLDEN, ids=name_of)
def test_messages_of_released_versions_decode_without_loss(path: Path) -> None:
    message = decoded(path)
    assert lost(raw(path), plain(message)) == []
    assert decoded(path, codec.encode(message)) == message


@pytest.mark.parametrize("path", GOLDEN, ids=name_of)
def test_unknown_fields_are_ignored(path: Path) -> None:
    message = raw(path)
    message["from_the_future"] = {"a": [1]}
    if isinstance(message.get("body"), dict):
        message["body"]["from_the_future"] = 1
    encode = msgspec.json.encode if path.suffix == ".json" else msgspec.msgpack.encode
    assert decoded(path, encode(message)) == decoded(path)


@pytest.mark.parametrize("path", [path for path in GOLDEN if path.name != "dead_letter.msgpack"], ids=name_of)
def test_an_unknown_kind_is_an_undecodable_event(path: Path) -> None:
    message = raw(path)
    message.get("body", message)["type"] = "future.kind"
    encode = msgspec.json.encode if path.suffix == ".json" else msgspec.msgpack.encode
    with pytest.raises(UndecodableEvent):
        decoded(path, encode(message))


def test_every_golden_fact_folds() -> None:
    messages = [decoded(path) for path in GOLDEN]
    facts = [message for message in messages if isinstance(message, Event)]
    state = fold_all(Conversation(id="some_conversation"), enumerate(facts, 1))
    assert state.seq == len(facts)
    about = [message for message in messages if isinstance(message, CharacterEvent)]
    assert {type(one.body) for one in about} == set(get_args(CharacterFact))
    assert isinstance(about[-1].body, CharacterRemoved)
    assert characters.fold_all(about) == {}


Sentence = [("reply", str), ("index", int), ("text", str)]
OLD = {"type": "reply.sentence", "reply": "r", "index": 7, "text": "x"}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (Sentence, []),
        ([*Sentence, ("mood", str, "calm")], []),
        (Sentence[:2], [".text gone"]),
        ([*Sentence[:1], ("index", float), ("text", str)], [".index: 7 became 7.0"]),
        ([*Sentence[:2], ("words", str, "")], [".text gone"]),
    ],
    ids=["as it was", "a field more", "a field less", "another type", "renamed"],
)
def test_the_check_finds_changes_that_break_old_logs(fields: list[Any], found: list[str]) -> None:
    kind = msgspec.defstruct("Kind", fields, tag="reply.sentence", kw_only=True)
    assert lost(OLD, msgspec.to_builtins(msgspec.convert(OLD, kind))) == found


def test_the_check_finds_a_reused_tag() -> None:
    kind = msgspec.defstruct("Kind", [("room", str)], tag="reply.sentence")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(OLD, kind)
    assert shape(OLD) != shape({"type": "reply.sentence", "room": "r"})


def recorded() -> list[tuple[int, bytes]]:
    lines = (LOG / "conversation.jsonl").read_bytes().splitlines()
    return [(number, line) for number, line in enumerate(lines, 1)]


class Line(msgspec.Struct):
    sequence: int
    data: bytes


def test_a_conversation_of_version_0_1_0_folds_to_the_same_state() -> None:
    state = Conversation(id="c1")
    for seq, line in recorded():
        state = fold(state, seq, codec.decode_event(line))
    then = msgspec.json.decode((LOG / "conversation.state.json").read_bytes())
    assert lost(then, msgspec.json.decode(msgspec.json.encode(view(state)))) == []


def test_an_event_of_an_unknown_kind_is_skipped(tmp_path: Path) -> None:
    future = b'{"id":"f","at":1,"conversation":"c1","body":{"type":"mood.changed","mood":"gay"}}'
    lines = [line for _, line in recorded()]
    shown = []
    for name, log in (("old", lines), ("new", [*lines[:3], future, *lines[3:], future])):
        model = ReadModel(tmp_path / name)
        model.apply_records([Line(number, line) for number, line in enumerate(log, 1)])
        conversation = model.conversation("c1")
        assert conversation is not None
        shown.append((view(conversation).turns, model.undecodable, model.position))
        model.close()
    assert shown == [(shown[0][0], 0, len(lines)), (shown[0][0], 2, len(lines) + 2)]


async def test_reading_facts_skips_an_unknown_kind(event_log: EventLog) -> None:
    future = b'{"id":"f","at":1,"conversation":"c1","body":{"type":"mood.changed","mood":"gay"}}'
    lines = [line for _, line in recorded()][:4]
    for line in (*lines[:2], future, *lines[2:]):
        await event_log.js.publish("conv.c1.some.fact", line)
    assert [event for _, event in await event_log.facts("c1")] == [codec.decode_event(line) for line in lines]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("at", "-1", "Expected `int` >= 0"),
        ("at", "9007199254740993", "Expected `int` <= 9007199254740992"),
        ("at", "1" + "0" * 400, "Expected `int` <= 9007199254740992"),
        ("samples", "-1", "Expected `int` >= 0"),
        ("index", "-9007199254740993", "Expected `int` >= -9007199254740992"),
        ("more", "[" * 100_000 + "]" * 100_000, "recursion"),
    ],
)
def test_what_no_reader_can_hold_does_not_decode(field: str, value: str, why: str) -> None:
    # It would end every process that follows the log, again and again.
    body = '{"type":"speech.ended","speech":"s","reply":"r","index":0,"samples":2}'
    fact = f'{{"id":"e","at":1,"conversation":"c","body":{body}}}'
    assert codec.decode_event(fact.encode()).at == 1
    fact = fact.replace('"at":1', f'"at":{value}' if field == "at" else '"at":1')
    fact = fact.replace('"samples":2', f'"samples":2,"{field}":{value}')
    with pytest.raises(UndecodableEvent, match=why):
        codec.decode_event(fact.encode())
