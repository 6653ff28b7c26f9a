"""Nothing that must not leave a system is in its file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bus.codec import decode_media
from bus.events import AudioIn, AudioOut, ReplyInterrupted
from projections.conversation import Conversation, fold_all
from services.audio import SILENCE
from tests.visavis.carry.made_log import CONVERSATION, PERSON, made_archive, portrait
from visavis.carry.archive import Missing, load, save
from visavis.carry.hiding import redacted, without_persons
from visavis.carry.shapes import Shapes, shape


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_no_person_is_in_any_file(tmp_path: Path) -> None:
    with made_archive() as archive:
        assert any(PERSON.encode() in fact.data for fact in archive.facts)
        assert any(b'"network"' in fact.data for fact in archive.facts)
        save(without_persons(archive), tmp_path / "a.visavis")
    for name, data in members(tmp_path / "a.visavis").items():
        assert PERSON.encode() not in data, name
        assert b'"network"' not in data, name


def test_no_word_sound_chat_face_or_name_is_in_a_redacted_file(tmp_path: Path) -> None:
    with made_archive() as archive:
        with redacted(without_persons(archive)) as hidden:
            save(hidden, tmp_path / "a.visavis")
        before = {subject: list(archive.media.read(subject)) for subject in archive.media.names()}
        state = fold_all(Conversation(id=CONVERSATION), ((seq, event) for seq, _, event in archive.events()))
    for name, data in members(tmp_path / "a.visavis").items():
        for marker in (b"zanzibar", b"who are you", b"like rain", b"erika", b"photo-", b"island"):
            assert marker not in data.lower(), (name, marker)
        assert portrait() not in data
        assert b"media/frames.c1" not in name.encode()
    with load(tmp_path / "a.visavis") as read:
        assert read.redacted
        assert Missing(kind="pictures", id="s1a", why="redacted") in read.missing
        facts = read.facts
        hidden_state = fold_all(Conversation(id=CONVERSATION), ((seq, event) for seq, _, event in read.events()))
        for subject in read.media.names():
            messages = [decode_media(data) for data in read.media.read(subject)]
            for message, data in zip(messages, before[subject], strict=True):
                was = decode_media(data)
                if isinstance(message, AudioIn) and isinstance(was, AudioIn):
                    assert message == msgspec.structs.replace(was, pcm=bytes(len(was.pcm)))
                if isinstance(message, AudioOut) and isinstance(was, AudioOut):
                    assert message.packets == (SILENCE,) * len(was.packets)
    assert len(facts) == len(archive.facts)
    said, hidden_said = ([turn.person.text for turn in one.turns if turn.person] for one in (state, hidden_state))
    assert hidden_said == [shape(text) for text in said]
    heard = [event.body.heard for fact in facts if (event := fact.event) and isinstance(event.body, ReplyInterrupted)]
    assert heard == ["X xx Xxx. X xxxx"]


def test_the_id_of_a_character_that_was_never_made_tells_no_name() -> None:
    with made_archive() as archive:
        archive.character_facts = []
        with redacted(without_persons(archive)) as hidden:
            facts = b"\n".join(fact.data for fact in hidden.facts)
    assert b"erika" not in facts
    assert b'"character":"character-' in facts


def test_numbers_of_an_unknown_fact_are_hidden() -> None:
    fact = b'{"at":17,"body":{"type":"new.kind","telephone":[49151],"on":true}}'
    hidden = Shapes(b"key", ()).fact(fact, is_known=False)
    assert msgspec.json.decode(hidden) == {"at": 17, "body": {"type": "new.kind", "telephone": [0], "on": True}}


@given(st.text())
def test_a_shape_is_as_long_as_its_text_and_tells_no_letter(text: str) -> None:
    found = shape(text)
    assert len(found) == len(text)
    assert not any(sign.isalnum() and sign not in "xX0" for sign in found)
    assert shape(found) == found
    assert [sign.isspace() for sign in found if sign.isascii()] == [
        was.isspace() for was, sign in zip(text, found, strict=True) if sign.isascii()
    ]


@given(st.recursive(st.text(alphabet="secrt", min_size=3), lambda one: st.lists(one) | st.dictionaries(
    st.sampled_from(["body", "text", "code", "engine", "name", "Some key", "detail"]), one)))
def test_no_text_of_an_unknown_fact_is_kept(content: object) -> None:
    data = msgspec.json.encode({"body": {"type": "new.kind", "content": content}})
    hidden = Shapes(b"key", ()).fact(data, is_known=False)
    texts = [part for part in hidden.split(b'"') if set(part) <= set(b"secrt") and len(part) >= 3]
    assert texts == []
