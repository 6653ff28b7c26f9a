"""Model files are loaded only if their bytes are the published ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from services.models.files import ModelFile
from services.models.progress import PrintProgress
from services.models.verification import fingerprint, missing_files, verify
from tests.services.models.sources import DATA, SHA256

FILE = ModelFile("model.bin", len(DATA), SHA256)
UNPUBLISHED = ModelFile("model.bin")


def test_a_file_of_another_size_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(DATA[:-1])
    assert missing_files([FILE], tmp_path) == [FILE]
    assert missing_files([UNPUBLISHED], tmp_path) == []


def test_a_file_with_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(DATA[:-1] + b"x")
    with pytest.raises(ConfigurationError, match=f"not the published file.*expected {SHA256}"):
        verify(FILE, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"model\.bin cannot be read"):
        verify(FILE, tmp_path)


def test_a_file_that_replaces_the_first_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(DATA)
    assert verify(UNPUBLISHED, tmp_path).read_bytes() == DATA
    assert (tmp_path / "model.bin.sha256").read_text() == f"{SHA256}  model.bin\n"
    (tmp_path / "model.bin").write_bytes(DATA[:-1] + b"x")
    with pytest.raises(ConfigurationError, match=r"not the file that was here first.*model\.bin\.sha256 says"):
        verify(UNPUBLISHED, tmp_path)


def test_a_file_is_accepted_where_its_checksum_cannot_be_recorded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a").write_bytes(b"by hand")
    (tmp_path / "a.sha256").symlink_to(tmp_path / "nowhere" / "a.sha256")
    assert verify(ModelFile("a"), tmp_path) == tmp_path / "a"
    assert "the SHA-256 of a model file cannot be recorded" in caplog.messages


def test_another_model_has_another_fingerprint(tmp_path: Path) -> None:
    file = ModelFile("a")
    (tmp_path / "a").write_bytes(b"one")
    before = fingerprint(tmp_path, [file])
    assert fingerprint(tmp_path, [file]) == before
    (tmp_path / "a").write_bytes(b"two")
    assert fingerprint(tmp_path, [file]) != before


def test_progress_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PrintProgress()
    total = 100 << 20
    for have in range(1 << 20, total + 1, 1 << 20):
        progress("model.bin", have, total)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "— model.bin: 104.9 of 104.9 MB"
