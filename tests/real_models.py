"""Published models for tests, fetched once by `make test` into `.setup/models`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.settings import Settings
from services.models.catalogue import SILERO
from services.models.fetching import folder_of
from services.models.files import Model
from services.models.loading import is_here, verified_folder
from services.silero import SileroVad

_SETUP = Path(__file__).parents[1] / ".setup"
SETTINGS = Settings(models=str(_SETUP / "models"), data=str(_SETUP / "test-data"), model_downloads="off")


def needs(model: Model) -> pytest.MarkDecorator:
    """Skips a test where a model could not be fetched."""
    return pytest.mark.skipif(not is_here(model, SETTINGS), reason=_reason(model))


def _reason(model: Model) -> str:
    return f"{model.name} is not in {folder_of(model, SETTINGS)}: no source delivered it to `make test`"


def needed(model: Model) -> Path:
    """For a fixture: the folder of a model; skips the tests that use it where it could not be fetched."""
    if not is_here(model, SETTINGS):
        pytest.skip(_reason(model))
    return folder(model)


def folder(model: Model) -> Path:
    """The folder of a model, with verified files."""
    return verified_folder(model, SETTINGS)


def silero() -> SileroVad:
    """Silero's voice activity detector."""
    return SileroVad(folder(SILERO) / SILERO.files[0].path)
