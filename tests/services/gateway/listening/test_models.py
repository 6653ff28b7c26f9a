"""The networks of the listening side are used as soon as they are there."""

from __future__ import annotations

from pathlib import Path

from bus.settings import Settings
from services.gateway.listening.models import ListeningModels
from services.gateway.listening.voice_activity import PocketsphinxDetector, SileroDetector
from services.models.catalogue import SILERO, SMART_TURN
from tests import real_models


def test_without_models_and_downloads_simpler_means_serve(tmp_path: Path) -> None:
    listening = ListeningModels(Settings(models=str(tmp_path), model_downloads="off"))
    assert isinstance(listening.voice_activity_detector(), PocketsphinxDetector)
    assert listening.turn_end_detector is None
    listening.close()


@real_models.needs(SILERO)
@real_models.needs(SMART_TURN)
def test_models_that_are_here_serve_the_first_session() -> None:
    listening = ListeningModels(real_models.SETTINGS)
    assert isinstance(listening.voice_activity_detector(), SileroDetector)
    assert listening.turn_end_detector is not None
    listening.close()


def test_a_file_that_is_not_the_published_one_is_not_used(tmp_path: Path) -> None:
    (file,) = SMART_TURN.files
    (tmp_path / SMART_TURN.folder).mkdir()
    (tmp_path / SMART_TURN.folder / file.path).write_bytes(bytes(file.bytes))
    settings = Settings(models=str(tmp_path), model_downloads="off")
    assert ListeningModels(settings).turn_end_detector is None
    assert (tmp_path / SMART_TURN.folder / file.path).exists()
