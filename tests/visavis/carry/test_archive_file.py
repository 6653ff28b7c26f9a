"""A file that is damaged, foreign, newer or malicious gives one line, and never half a conversation."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import ConfigurationError, VisavisError
from tests.visavis.carry.made_log import made_archive, portrait
from tests.visavis.carry.test_round_trip import contents
from visavis.carry import archive_file
from visavis.carry.archive import load, save
from visavis.carry.contents import rewritten

Change = Callable[[dict[str, bytes]], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole file."""
    path = tmp_path_factory.mktemp("made") / "a.visavis"
    with made_archive() as archive:
        save(archive, path)
    return path


def test_the_same_archive_gives_the_same_file(made: Path, tmp_path: Path) -> None:
    with load(made) as archive:
        save(archive, tmp_path / "b.visavis")
    assert (tmp_path / "b.visavis").read_bytes() == made.read_bytes()


def refused(path: Path) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(VisavisError) as error:
        load(path).close()
    assert "\n" not in error.value.detail
    assert len(error.value.detail) < 400
    return error.value.detail.replace(str(path), "FILE")


def changed(made: Path, path: Path, change: Change, *, packing: dict[str, int] | None = None) -> Path:
    """A copy of the file with other members, whose checksums fit."""
    with zipfile.ZipFile(made) as file:
        members = {name: file.read(name) for name in file.namelist()}
        packed = {info.filename: info.compress_type for info in file.infolist()} | (packing or {})
    manifest = json.loads(members.pop("manifest.json"))
    change(members)
    for name, data in members.items():
        about = manifest["members"].setdefault(name, {})
        about |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    with zipfile.ZipFile(path, "w") as file:
        for name, data in [*members.items(), ("manifest.json", json.dumps(manifest).encode())]:
            file.writestr(name, data, compress_type=packed.get(name, zipfile.ZIP_STORED))
    return path


def test_a_file_of_another_kind_is_refused(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "x"
    for data in (b"", b"hello", b"PK\x03\x04", made.read_bytes()[:-30], made.read_bytes()[:5000]):
        path.write_bytes(data)
        assert refused(path).startswith("FILE is no file of a conversation, or a damaged one: ")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "hello")
    assert "manifest.json" in refused(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("manifest.json", '{"kind": "something"}')
    assert refused(path) == "FILE: it holds no conversation of Visavis"
    assert "No such file" in refused(tmp_path / "missing")
    assert "directory" in refused(tmp_path)


def test_a_newer_format_is_named(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "x"
    with zipfile.ZipFile(path, "w") as file:
        manifest = {"kind": "visavis conversation", "format": 2, "program": "visavis 9.0", "members": "other"}
        file.writestr("manifest.json", json.dumps(manifest))
    assert refused(path) == (
        "FILE: it is of format 2, and this program reads up to 1: written by visavis 9.0, it needs a newer Visavis"
    )


def put(name: str, content: bytes) -> Change:
    return lambda members: members.update({name: content})


def within(name: str, old: bytes, new: bytes) -> Change:
    return lambda members: members.update({name: members[name].replace(old, new)})


def in_facts(old: bytes, new: bytes) -> Change:
    return within("facts.jsonl", old, new)


def test_any_json_of_a_fact_can_be_moved_to_another_conversation() -> None:
    for arguments in (b'[["ada"]]', b"[1]", b"7", b'["bob", "ada"]'):
        fact = b'{"body":{"type":"command.recognised","arguments":' + arguments + b"}}"
        moved = rewritten(fact, "c2", "ann", {"ada": "eve"})
        assert json.loads(moved)["body"]["arguments"] == json.loads(arguments)
    deep = b'{"body":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert rewritten(deep, "c2", "ann", {"ada": "eve"}) == deep


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (put("../../etc/passwd", b"x"), "does not know"),
        (in_facts(b"conv.c1.", b"conv.c9."), "no subject of"),
        (in_facts(b"conv.c1.session", b"conv.c1.>"), "no subject of"),
        (in_facts(b'"stored":17', b'"stored":-17'), "no place in time"),
        (lambda members: members.update({"facts.jsonl": members["facts.jsonl"][:-5]}), "is not complete"),
        (put("facts.jsonl", b""), "0 facts"),
        (put("facts.jsonl", b"[]\n" * 20), "no fact"),
        (put("characters.jsonl", b"{}\n"), "expected a character event"),
        (put("media/audio.c1.in.u1", b"\x00\x00\x00\x01\x80"), "do not decode"),
        (put("media/audio.c1.in.u1", b"\xff\xff\xff\xff\x80"), "4294967295 bytes"),
        (lambda members: members.update({"media/audio.c1.in.u1": members["media/audio.c1.in.u2"]}), "does not belong"),
        (put("media/audio.c1.in.u1", b""), "another number of messages"),
        (lambda members: members.pop("dead-letters.msgpack"), "other members"),
        (within("characters.jsonl", b'"voice_sample":""', b'"voice_sample":"../key"'), "no name of a recording"),
        (within("characters.jsonl", b"#6366f1", b"url(x);}"), "the colour of ada is none"),
        (put("assets/0", b"no picture"), "damaged"),
        (put("assets/0", portrait(mesh=np.ones((2, 3)))), "not as portraits are"),
        (put("assets/0", portrait(mesh=np.full((468, 3), np.nan))), "not as portraits are"),
        (put("assets/0", portrait(mesh=np.array([{}]))), "damaged"),
        (put("assets/0", zipped(pixels=b"no array", mesh=b"")), "no arrays"),
        (put("assets/0", zipped(**{"pixels.npy": b"\x93NUMPY\x01\x00\x04\x00(((\n", "mesh.npy": b""})), "damaged"),
        (put("assets/0", portrait(more=np.zeros(9 << 20, np.uint8))), "larger than"),
    ],
)
def test_members_that_say_what_cannot_be_are_refused(made: Path, tmp_path: Path, change: Change, why: str) -> None:
    assert why in refused(changed(made, tmp_path / "x", change))


def test_a_bomb_is_not_unpacked(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_file, "LARGEST_TEXT", 1 << 20)
    bomb = changed(made, tmp_path / "x", lambda members: members.update({"facts.jsonl": bytes(2 << 20)}))
    assert "1048576 are the most" in refused(bomb)
    media = {"media/audio.c1.in.u1": zipfile.ZIP_DEFLATED}
    packed = changed(made, tmp_path / "y", lambda members: None, packing=media)
    assert "packed in a way that is not ours" in refused(packed)
    # A member whose header says less than it unpacks to.
    data = bytearray(made.read_bytes())
    entry = data.rindex(b"facts.jsonl") - 46
    data[entry + 24 : entry + 28] = (5).to_bytes(4, "little")
    (tmp_path / "z").write_bytes(data)
    refused(tmp_path / "z")


def test_many_empty_records_are_not_read(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_file, "MOST_RECORDS", 1000)
    for name in ("dead-letters.msgpack", "facts.jsonl", "deliveries.jsonl"):
        empty = bytes(8000) if name.startswith("dead") else b"\n" * 2000
        assert f"{name} has more than 1000 records" in refused(changed(made, tmp_path / "x", put(name, empty)))


def test_members_over_one_another_are_refused(made: Path, tmp_path: Path) -> None:
    data = bytearray(made.read_bytes())
    first = data.rindex(b"media/audio.c1.in.u1") - 46
    second = data.rindex(b"media/audio.c1.in.u2") - 46
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    (tmp_path / "x").write_bytes(data)
    refused(tmp_path / "x")


@settings(max_examples=150)
@given(data=st.data())
def test_any_flipped_byte_gives_the_same_archive_or_one_line(made: Path, data: st.DataObject) -> None:
    whole = made.read_bytes()
    path = made.with_name("flipped")
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        # The directory at the end is what a reader believes first.
        place = data.draw(st.one_of(st.integers(0, len(whole) - 1), st.integers(len(whole) - 3000, len(whole) - 1)))
        broken[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(broken)
    try:
        found = load(path)
    except VisavisError:
        refused(path)
        return
    with found, load(made) as was:
        assert contents(found) == contents(was)


@given(st.binary(max_size=2000))
def test_any_bytes_as_a_manifest_give_one_line(made: Path, content: bytes) -> None:
    path = made.with_name("manifest")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", content)
    path.write_bytes(file.getvalue())
    refused(path)


def test_a_file_that_cannot_be_written_leaves_nothing(made: Path, tmp_path: Path) -> None:
    with load(made) as archive:
        with pytest.raises(ConfigurationError, match="cannot be written"):
            save(archive, tmp_path / "missing" / "a.visavis")
        (tmp_path / "folder").mkdir()
        with pytest.raises(ConfigurationError, match="cannot be written"):
            save(archive, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
