"""Small Whisper models, written once per test session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.stt.whisper.engine import WhisperEngine
from services.stt.whisper.network import Network
from tests import real_models
from tests.services.stt.whisper import tiny_whisper as models


@pytest.fixture(scope="session")
def counting_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The counting model (see `tiny_whisper`) in faster-whisper's format."""
    return models.write_ctranslate2(tmp_path_factory.mktemp("whisper") / "counting", models.counting_weights())


@pytest.fixture(scope="session")
def counting(counting_folder: Path) -> Network:
    from services.stt.whisper.ctranslate2_network import CTranslate2Whisper

    return CTranslate2Whisper(counting_folder, "cpu", threads=1)


@pytest.fixture
def whisper(counting: Network) -> Iterator[WhisperEngine]:
    made = WhisperEngine(counting, lambda: real_models.silero().probability)
    yield made
    made.close()
