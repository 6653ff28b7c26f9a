"""The read model on disk equals the fold, through restarts and damage."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus import dropped
from bus.codec import encode
from bus.dropped import counts
from bus.errors import ConfigurationError, NotFound, VisavisError
from bus.events import (
    ConversationClosed,
    ConversationCopied,
    ConversationErasureRequested,
    ConversationOpened,
    Event,
    Fact,
    MessageReceived,
    PlaybackProgress,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    UtteranceStarted,
)
from projections.conversation import Conversation, fold_all
from projections.read_model import ReadModel
from projections.read_model_builder import ReadModelBuilder
from tests.fakes import event


@dataclass
class FakeRecord:
    sequence: int
    data: bytes


def turn_of(name: str, text: str, answer: str) -> list[Fact]:
    return [
        MessageReceived(message=f"m{name}", text=text),
        ReplyStarted(reply=f"r{name}", character="ada", engine="x"),
        ReplySentence(reply=f"r{name}", index=0, text=answer, character="ada"),
        SpeechEnded(speech=f"s{name}", reply=f"r{name}", index=0, samples=48000),
        PlaybackProgress(session="s", speech=f"s{name}", reply=f"r{name}", index=0, samples=24000),
    ]


def history() -> list[tuple[int, Event]]:
    """Three conversations of two people, their turns mixed."""
    events: list[tuple[int, Event]] = []

    def add(conversation: str, turn: str | None, *bodies: Fact) -> None:
        for body in bodies:
            at = len(events) + 1
            events.append((at, event(body, at=at, turn=turn, conversation=conversation)))

    for name, person in (("c1", "ann"), ("c2", "ann"), ("c3", "bob")):
        add(name, None, ConversationOpened(person=person, character="ada"))
    add("c1", "t1", *turn_of("1", "what is the weather", "I cannot look outside."))
    add("c2", "t2", *turn_of("2", "erzähl einen Witz über Käse", "Was ist gelb?"))
    add("c3", "t3", *turn_of("3", "the weather please", "It is sunny."))
    add("c1", "t4", *turn_of("4", "are you sure", "Quite sure."))
    return events


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ReadModel]:
    opened = ReadModel(tmp_path / "folder" / "model.sqlite")
    yield opened
    opened.close()


def test_the_stored_conversations_are_those_of_the_fold(model: ReadModel) -> None:
    model.apply_events(history())
    for name in ("c1", "c2", "c3"):
        own = [(seq, one) for seq, one in history() if one.conversation == name]
        assert model.conversation(name) == fold_all(Conversation(id=name), own)
    assert model.conversation("c4") is None


@given(st.lists(st.integers(1, 9), min_size=1, max_size=25))
def test_the_digest_is_independent_of_the_steps_of_the_fold(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("digest")
    whole, parts = ReadModel(folder / "whole"), ReadModel(folder / "parts")
    events = history()
    whole.apply_events(events)
    place = 0
    for step in steps:
        parts.apply_events(events[max(0, place - 2) : place + step])  # some of them again
        place += step
    parts.apply_events(events[place:] or events[-1:])
    assert (parts.digest(), parts.position) == (whole.digest(), whole.position)
    whole.close()
    parts.close()


def test_a_reopened_file_continues_at_its_position(tmp_path: Path) -> None:
    first = ReadModel(tmp_path / "model")
    first.apply_events(history()[:12])
    first.close()
    second = ReadModel(tmp_path / "model")
    assert (second.position, second.last_event) == (12, "e-12")
    second.apply_events(history())
    whole = ReadModel(tmp_path / "whole")
    whole.apply_events(history())
    assert second.digest() == whole.digest()
    second.close()
    whole.close()


def test_another_history_has_another_digest(model: ReadModel, tmp_path: Path) -> None:
    model.apply_events(history())
    shorter = ReadModel(tmp_path / "shorter")
    shorter.apply_events(history()[:-1])
    assert shorter.digest() != model.digest()
    assert [name for name, _ in set(shorter.digests()) ^ set(model.digests())] == ["c1", "c1"]
    shorter.close()


def test_conversations_that_left_the_cache_are_read_back(tmp_path: Path) -> None:
    model = ReadModel(tmp_path / "model", cached_conversations=1)
    for one in history():
        model.apply_events([one])
    whole = ReadModel(tmp_path / "whole")
    whole.apply_events(history())
    assert model.digest() == whole.digest()
    whole.close()
    model.close()


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14), st.integers(0, 6)), max_size=40), st.integers(1, 90)
)
def test_facts_about_any_turn_however_old_are_folded_as_into_the_whole(
    tmp_path_factory: pytest.TempPathFactory, more: list[tuple[int, int, int]], step: int
) -> None:
    """Of a long conversation only the newest turns are kept in memory."""
    facts = [(f"t{place}", body) for place in range(14) for body in turn_of(str(place), f"words {place}", "Yes.")]
    for turn, reply, kind in more:  # late, twice, or with a turn and a reply that do not belong together
        bodies = [
            *turn_of(str(reply), f"more {turn}", "No."), ReplyInterrupted(reply=f"r{reply}", heard="", by="button"),
            UtteranceStarted(utterance=f"u{reply}", session="s"),
        ]  # fmt: skip
        facts.append((f"t{turn}", bodies[kind]))
    events = [(at, event(body, at=at, turn=turn, conversation="c")) for at, (turn, body) in enumerate(facts, 1)]
    model = ReadModel(tmp_path_factory.mktemp("ends") / "model", cached_conversations=1)
    for start in range(0, len(events), step):
        model.apply_events(events[start : start + step])
        if start % 2:
            model._ends.clear()  # its end has left the memory
    assert model.conversation("c") == fold_all(Conversation(id="c"), events)
    model.close()


def test_a_conversation_is_read_while_a_batch_is_being_written(tmp_path: Path) -> None:
    model = ReadModel(tmp_path / "model")
    model.apply_events(history()[:10])
    before = model.conversation("c1")
    with model._lock, model._transaction():  # as a thread that folds has it
        reading = threading.Thread(target=lambda: found.append(model.conversation("c1")))
        found: list[Conversation | None] = []
        reading.start()
        reading.join(30)
        assert found == [before]
        assert [one.id for one in model.conversations_of("ann")] == ["c2", "c1"]
    model.close()


def test_a_persons_conversations_are_listed_newest_first_without_the_closed(model: ReadModel) -> None:
    model.apply_events(history())
    listed = [(one.id, one.title, one.character) for one in model.conversations_of("ann")]
    assert listed == [("c1", "What is the weather", "ada"), ("c2", "Erzähl einen Witz über Käse", "ada")]
    model.apply_events([(99, event(ConversationClosed(), at=99, conversation="c1"))])
    assert [one.id for one in model.conversations_of("ann")] == ["c2"]
    assert [one.id for one in model.all_conversations()] == ["c1", "c3", "c2"]
    copied = ConversationCopied(source="c0", how="rerun")
    model.apply_events([(100, event(copied, at=100, conversation="c2"))])
    assert [(one.id, one.copied) for one in model.conversations_of("ann")] == [("c2", "rerun")]
    assert {one.copied for one in model.all_conversations()} == {"", "rerun"}


def test_a_search_finds_the_text_of_both_sides_in_ones_own_conversations(model: ReadModel) -> None:
    model.apply_events(history())
    found = model.search("ann", "weather")
    assert [(one.conversation, one.turn) for one in found] == [("c1", "t1")]
    assert "\u2068weather\u2069" in found[0].excerpt
    assert [one.turn for one in model.search("ann", "OUTSIDE look")] == ["t1"]
    assert [one.turn for one in model.search("bob", "weather")] == ["t3"]


def test_a_search_matches_prefixes_of_the_last_word_and_ignores_marks(model: ReadModel) -> None:
    model.apply_events(history())
    assert [one.turn for one in model.search("ann", "kas")] == ["t2"]
    assert [one.turn for one in model.search("ann", "witz, über Kä")] == ["t2"]


@pytest.mark.parametrize("text", ['"', 'weather" OR 1 NEAR(', "*", "  ", "text:weather", "-weather AND", "'; DROP"])
def test_a_search_takes_anything_as_words(model: ReadModel, text: str) -> None:
    model.apply_events(history())
    assert model.search("ann", text) == []


def test_a_sentence_is_found_once_however_often_its_turn_changed(model: ReadModel) -> None:
    for one in history():
        model.apply_events([one])
    assert len(model.search("ann", "sure")) == 1


def test_undecodable_records_are_counted_and_skipped(model: ReadModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropped, "_seen", {})
    before = counts().get("undecodable", 0)
    good = [FakeRecord(seq, encode(one)) for seq, one in history()[:4]]
    changed = model.apply_records([good[0], FakeRecord(2, b'{"id": "x"}'), good[3], FakeRecord(5, b"\xff\x00")])
    assert changed == ["c1"]
    assert (model.position, model.undecodable, model.last_event) == (5, 2, "")
    assert counts()["undecodable"] == before + 2


def test_an_undecodable_record_is_counted_once(model: ReadModel) -> None:
    assert model.apply_records([FakeRecord(1, b"?")]) == []
    assert model.apply_records([FakeRecord(1, b"?")]) == []
    assert model.undecodable == 1


def test_a_file_of_another_version_is_rebuilt(tmp_path: Path) -> None:
    model = ReadModel(tmp_path / "model")
    model.apply_events(history())
    model.close()
    with sqlite3.connect(tmp_path / "model") as db:
        db.execute("UPDATE position SET version = version + 1")
    db.close()
    with pytest.raises(NotFound, match="version"):
        ReadModel(tmp_path / "model", read_only=True)
    again = ReadModel(tmp_path / "model")
    assert (again.position, again.all_conversations()) == (0, [])
    again.close()


def test_a_damaged_file_is_rebuilt(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "model").write_bytes(b"this is no database, but it is long enough to be looked at " * 40)
    model = ReadModel(tmp_path / "model")
    model.apply_events(history())
    assert model.position == len(history())
    assert "damaged" in caplog.text
    model.close()


def test_damage_found_while_writing_empties_the_file_and_raises(tmp_path: Path) -> None:
    model = ReadModel(tmp_path / "model")
    with sqlite3.connect(tmp_path / "model") as db:
        db.execute("DROP TABLE turns")
    db.close()
    with pytest.raises(VisavisError, match="damaged"):
        model.apply_events(history())
    assert model.position == 0
    model.apply_events(history())
    assert model.position == len(history())
    model.close()


def test_a_second_writer_of_a_file_is_refused(tmp_path: Path) -> None:
    one, two = ReadModel(tmp_path / "model"), ReadModel(tmp_path / "model")
    one.apply_events(history()[:5])
    with pytest.raises(ConfigurationError, match="another process"):
        two.apply_events(history()[:3])
    one.apply_events(history())
    assert one.position == len(history())
    one.close()
    two.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot write the read model"):
        ReadModel(tmp_path / "file" / "model")


def test_a_reader_sees_a_snapshot_of_a_file_that_is_written(tmp_path: Path) -> None:
    writer = ReadModel(tmp_path / "model")
    writer.apply_events(history()[:10])
    reader = ReadModel(tmp_path / "model", read_only=True)
    before = reader.digest()
    writer.apply_events(history())
    assert (reader.position, reader.digest()) == (10, before)
    assert writer.digest() != before
    reader.close()
    writer.close()


def test_a_reader_of_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no read model"):
        ReadModel(tmp_path / "none", read_only=True)


def test_a_reset_deletes_everything(model: ReadModel) -> None:
    model.apply_events(history())
    model.reset()
    assert (model.position, model.all_conversations(), model.conversation("c1")) == (0, [], None)
    model.apply_events(history())
    assert model.position == len(history())


def test_of_an_erased_conversation_nothing_is_left_in_the_file_however_it_was_built(tmp_path: Path) -> None:
    requested = event(ConversationErasureRequested(by="person"), at=99, conversation="c1")
    model = ReadModel(tmp_path / "model")
    builder = ReadModelBuilder(tmp_path / "built", commit_every=1)
    for batch in (history(), [(99, requested)]):
        model.apply_events(batch)
        builder.add(FakeRecord(seq, encode(one)) for seq, one in batch)
    assert model.conversation("c1") == Conversation(id="c1", seq=99, erased=True)
    assert [one.id for one in model.conversations_of("ann")] == ["c2"]
    assert (model.search("ann", "weather"), len(model.search("bob", "weather"))) == ([], 1)
    model.scrub()
    builder.finish()
    built = ReadModel(tmp_path / "built")
    assert built.digest() == model.digest()
    built.close()
    model.close()
    for name in ("model", "built"):
        assert [words in (tmp_path / name).read_bytes() for words in (b"outside", b"K\xc3\xa4se")] == [False, True]
