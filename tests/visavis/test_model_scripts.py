"""The scripts that fill the containers' volumes with models, by `visavis models`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.models.catalogue import KOKORO, MOONSHINE, SILERO
from services.models.files import Model
from tests import real_models

DOCKER = Path(__file__).parents[2] / "docker"
VOICES = DOCKER / "xtts" / "model-download.sh"
EARS = DOCKER / "whisper" / "model-cache.sh"
_NOTES = """#!/bin/sh
echo "$VISAVIS_MODELS $*" >> "$NOTES"
[ "$2" != "${FAILS:-}" ]
"""


def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")}
    command = [str(script), *arguments]
    return subprocess.run(command, env={**settings, **environment}, capture_output=True, text=True, check=False)


@pytest.fixture
def notes(tmp_path: Path) -> dict[str, str]:
    """The environment in which a script writes down what it would run."""
    command = tmp_path / "visavis"
    command.write_text(_NOTES)
    command.chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}", "NOTES": str(tmp_path / "notes")}


def noted(notes: dict[str, str]) -> list[str]:
    path = Path(notes["NOTES"])
    lines = path.read_text().splitlines()
    path.unlink()
    return lines


def test_models_are_fetched_and_then_verified(notes: dict[str, str]) -> None:
    assert run(VOICES, **notes, VISAVIS_XTTS_LICENCE="accepted", VISAVIS_MODELS="/elsewhere").returncode == 0
    assert noted(notes) == ["/elsewhere models fetch --yes kokoro xtts-v2", "/elsewhere models verify kokoro xtts-v2"]
    without = run(VOICES, **notes)
    assert "VISAVIS_XTTS_LICENCE=accepted" in without.stderr
    assert noted(notes) == ["/models models fetch --yes kokoro", "/models models verify kokoro"]


@pytest.mark.parametrize(
    ("settings", "whisper"),
    [
        ({}, ["whisper-base"]),
        ({"VISAVIS_STT_DEVICE": "cuda"}, ["whisper-small"]),
        ({"VISAVIS_STT_MODEL": "large-v3"}, ["whisper-large-v3"]),
        ({"VISAVIS_STT_MODEL": "tiny.en", "VISAVIS_STT_ENGINE": "whisper-torch"}, ["whisper-tiny.en-transformers"]),
        ({"VISAVIS_STT_MODEL": "owner/name"}, []),
        ({"VISAVIS_STT_MODEL": "/a/folder"}, []),
    ],
)
def test_whisper_is_that_of_the_settings(notes: dict[str, str], settings: dict[str, str], whisper: list[str]) -> None:
    assert run(EARS, "--check", **notes, **settings).returncode == 0
    names = " ".join(["moonshine-tiny-en", "silero-vad", *whisper])
    assert noted(notes) == [f"/models models verify {names}"]


@pytest.mark.parametrize("script", [VOICES, EARS], ids=["voices", "ears"])
def test_models_can_be_named_and_a_failure_is_the_status(script: Path, notes: dict[str, str]) -> None:
    assert run(script, "smart-turn", "silero-vad", **notes).returncode == 0
    assert noted(notes)[0] == "/models models fetch --yes smart-turn silero-vad"
    assert run(script, "silero-vad", **notes, FAILS="fetch").returncode == 1
    assert len(noted(notes)) == 1  # nothing is verified that could not be had
    assert run(script, "--check", "silero-vad", **notes, FAILS="verify").returncode == 1


def _volume(folder: Path, *models: Model) -> dict[str, str]:
    for model in models:
        shutil.copytree(real_models.folder(model), folder / model.name, ignore=shutil.ignore_patterns(".lock"))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"VISAVIS_MODELS": str(folder), "PATH": path, "VISAVIS_MODEL_DOWNLOADS": "off"}


@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
def test_a_volume_with_the_published_files_needs_no_network(tmp_path: Path) -> None:
    environment = _volume(tmp_path, SILERO, MOONSHINE)
    done = run(EARS, "silero-vad", "moonshine-tiny-en", **environment)
    assert (done.returncode, done.stdout) == (
        0, "moonshine-tiny-en: 3 files, as published\nsilero-vad: 1 file, as published\n"
    )  # fmt: skip
    whisper = run(EARS, "--check", **environment)
    assert whisper.returncode == 1
    assert "whisper-base" in whisper.stderr
    path = tmp_path / SILERO.name / SILERO.files[0].path
    path.write_bytes(bytes(path.stat().st_size))
    assert run(EARS, "--check", "silero-vad", **environment).returncode == 1


@real_models.needs(KOKORO)
def test_a_volume_with_kokoro_can_speak(tmp_path: Path) -> None:
    assert run(VOICES, "--check", **_volume(tmp_path, KOKORO)).returncode == 0


@pytest.mark.parametrize("script", sorted(DOCKER.rglob("*.sh")), ids=lambda script: script.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
