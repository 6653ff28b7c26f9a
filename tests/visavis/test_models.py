"""`visavis models`: what it lists, fetches, verifies and removes, and its exit status."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.settings import Settings
from services.models.catalogue import CATALOGUE, FACE_LANDMARKS, SILERO
from services.models.fetching import folder_of
from tests import real_models
from tests.conftest import free_port
from visavis import models
from visavis.__main__ import main


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models=str(tmp_path), model_downloads="off")


def test_every_model_is_listed_with_its_licence(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert models.show_list(settings, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [model.name for model in CATALOGUE]
    assert all(model.licence.name in line for model, line in zip(CATALOGUE, lines[1:], strict=True))
    assert "no commercial use" in next(line for line in lines if line.startswith("xtts"))
    models.show_list(settings, as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert {row["state"] for row in rows} == {"missing"}
    assert rows[0]["folder"] == str(folder_of(CATALOGUE[0], settings))


def test_a_model_that_cannot_be_had_is_an_error_and_the_others_are_tried(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.fetch(settings, ["silero-vad", "smart-turn"]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert [error.split()[1] for error in errors] == ["silero-vad", "smart-turn"]
    assert "VISAVIS_MODEL_DOWNLOADS is off" in errors[0]


@real_models.needs(SILERO)
def test_files_are_verified_and_removed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(real_models.folder(SILERO), folder_of(SILERO, settings))
    assert models.fetch(settings, ["silero-vad"]) == 0  # it is there
    assert models.verify_files(settings, []) == 0
    assert capsys.readouterr().out == "silero-vad: 1 file, as published\n"
    path = folder_of(SILERO, settings) / SILERO.files[0].path
    path.write_bytes(bytes(path.stat().st_size))
    assert models.verify_files(settings, []) == 1
    assert "not the published file" in capsys.readouterr().err
    (folder_of(SILERO, settings) / "mine.txt").write_text("stays")
    assert models.remove(settings, ["silero-vad"]) == 0
    assert [one.name for one in folder_of(SILERO, settings).iterdir()] == ["mine.txt"]
    assert "1 MB removed" in capsys.readouterr().err


@real_models.needs(FACE_LANDMARKS)
def test_of_a_model_that_is_here_in_part_those_files_are_compared(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, _ = FACE_LANDMARKS.files
    folder = folder_of(FACE_LANDMARKS, settings)
    folder.mkdir(parents=True)
    shutil.copy(real_models.folder(FACE_LANDMARKS) / first.path, folder)
    assert models.verify_files(settings, []) == 0  # what could not be fetched stops no start
    assert capsys.readouterr().out == "face-landmarks: 1 file, as published; 2 of 3 missing\n"
    assert models.verify_files(settings, [FACE_LANDMARKS.name]) == 1
    (folder / second.path).write_bytes(b"other")
    assert models.verify_files(settings, []) == 1


def test_a_model_that_is_named_and_missing_is_no_success(settings: Settings) -> None:
    assert models.verify_files(settings, []) == 0
    assert models.verify_files(settings, ["silero-vad"]) == 1
    assert models.remove(settings, ["silero-vad"]) == 0


def test_an_unknown_name_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "fetch", "nonsense"]) == 1
    assert capsys.readouterr().err.startswith("error: there is no model 'nonsense'; there are moonshine-tiny-en, ")


def test_a_model_with_terms_is_refused_until_somebody_accepts_them(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.fetch(settings, ["xtts-v2"]) == 1
    (refusal,) = capsys.readouterr().err.splitlines()
    assert refusal.startswith("error: xtts-v2 is under the Coqui Public Model License: no commercial use")
    assert refusal.endswith("VISAVIS_XTTS_LICENCE=accepted")
    models.fetch(settings, ["all"])
    assert capsys.readouterr().err.count("— left out: xtts-v2 is under") == 1
    models.fetch(replace(settings, xtts_licence="accepted"), ["xtts-v2"])
    assert "VISAVIS_MODEL_DOWNLOADS is off" in capsys.readouterr().err


def test_gigabytes_are_fetched_only_when_that_was_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The hub is out of reach here; a package that is asked for would be named."""
    settings = Settings(models=str(tmp_path), model_hub=f"http://127.0.0.1:{free_port()}")
    assert models.fetch(settings, ["all"]) == 1
    *lines, refusal = capsys.readouterr().err.splitlines()
    assert "— whisper-medium: ~1538 MB" in lines
    assert "— mind: 1117 MB" in lines
    assert re.fullmatch(r"error: that is 3\d\.\d GB, \d+ models; add --yes to fetch them", refusal)
    assert list(tmp_path.iterdir()) == []
    assert models.fetch(settings, ["whisper-large-v2-transformers"]) == 1
    assert "that is 6.2 GB, 1 model; add --yes" in capsys.readouterr().err
    assert models.fetch(settings, ["whisper-large-v2-transformers"], yes=True) == 1
    assert "could not be fetched" in capsys.readouterr().err


def test_every_model_has_a_size_for_people(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert all(model.expected_bytes for model in CATALOGUE)
    models.show_list(settings, as_json=False)
    assert "?" not in capsys.readouterr().out
