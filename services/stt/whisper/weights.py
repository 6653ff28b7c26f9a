"""Finds Whisper's weights: a size in the catalogue of models, the user's own folder, or a repository of the hub.

Sizes and folders need no huggingface_hub; a repository that the user names ("owner/name") is downloaded by it.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bus.errors import ConfigurationError, EngineError
from bus.settings import Settings
from services.models import loading, whisper
from services.models.fetching import folder_of
from services.models.files import Model, ModelFile
from services.models.progress import DOWNLOADS, LogProgress
from services.models.verification import verify

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WeightFormat:
    """A file format in which the weights are published."""

    sizes: Mapping[str, Model]
    files: tuple[str, ...]
    """Patterns of the files that are downloaded of a repository."""
    required: tuple[str, ...]


CTRANSLATE2 = WeightFormat(
    whisper.CTRANSLATE2,
    ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*"),
    ("model.bin", "tokenizer.json"),
)
TRANSFORMERS = WeightFormat(
    whisper.TRANSFORMERS,
    ("config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"),
    ("config.json", "model.safetensors", "tokenizer.json"),
)


def find_local(model: str, format: WeightFormat, settings: Settings) -> Path | None:
    """The folder with all required files of a model, if they are on this machine.

    Args:
        model: a folder, a size, or a repository of the hub, as VISAVIS_STT_MODEL names it.
    Raises:
        ConfigurationError: the model is a folder without a required file, or no model at all.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        lacking = [name for name in format.required if not (folder / name).exists()]
        if lacking:
            raise ConfigurationError(f"VISAVIS_STT_MODEL: {folder} has no {', '.join(lacking)}")
        return folder
    if row := format.sizes.get(model):
        return folder_of(row, settings) if loading.is_here(row, settings) else None
    if model.count("/") != 1 or model.startswith("/") or model.endswith("/"):
        sizes = ", ".join(format.sizes)
        raise ConfigurationError(f"VISAVIS_STT_MODEL must be a folder, owner/name or one of {sizes}, got {model!r}")
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        found = huggingface_hub.snapshot_download(
            model, allow_patterns=list(format.files), cache_dir=_cache(settings), local_files_only=True
        )
    except LocalEntryNotFoundError:
        return None
    return Path(found) if all((Path(found) / name).exists() for name in format.required) else None


def why_unavailable(model: str, format: WeightFormat, settings: Settings) -> str | None:
    """Why a model can be neither loaded nor fetched, as one sentence; asks no server. None if it can be tried."""
    try:
        if find_local(model, format, settings) is not None:
            return None
    except ConfigurationError as error:
        return error.detail
    if row := format.sizes.get(model):
        return loading.why_model_unavailable(row, settings)
    if settings.model_downloads == "off":
        return f"its model {model} is not on this machine, and VISAVIS_MODEL_DOWNLOADS is off"
    if importlib.util.find_spec("huggingface_hub") is None:
        return "the package huggingface_hub is not installed (pip install 'visavis[whisper]')"
    return None


def fetch(model: str, format: WeightFormat, settings: Settings) -> Path:
    """The folder of a model with verified files, downloaded first if they are not on this machine.

    Raises:
        ConfigurationError: there is no such model, or its files have unexpected checksums.
        EngineError: it cannot be downloaded.
    """
    if Path(model).expanduser().is_dir():  # may hold any files
        return find_local(model, format, settings) or Path(model)
    if row := format.sizes.get(model):
        return loading.fetch_and_verify(row, settings)
    folder = find_local(model, format, settings) or _download(model, format, settings)
    present = {path.name for pattern in format.files for path in folder.glob(pattern)}
    for name in sorted(name for name in present if not name.endswith(".sha256")):
        verify(ModelFile(name), folder)
    return folder


def _download(repository: str, format: WeightFormat, settings: Settings) -> Path:
    """Download the newest files of a repository."""
    if reason := why_unavailable(repository, format, settings):
        raise EngineError(reason, code="download_failed")
    import huggingface_hub
    from huggingface_hub.errors import RepositoryNotFoundError

    log.info("downloading the model, once", extra={"model": repository})
    try:
        with DOWNLOADS.shown(repository) as show:
            found = huggingface_hub.snapshot_download(
                repository, allow_patterns=list(format.files), cache_dir=_cache(settings), endpoint=settings.model_hub,
                tqdm_class=_progress(repository, show),
            )  # fmt: skip
    except Exception as error:  # any error of its HTTP library or of the file system
        lines = str(error).strip().splitlines()
        raise EngineError(
            f"model {repository} cannot be downloaded: {type(error).__name__}: {lines[0][:160] if lines else ''}",
            retryable=not isinstance(error, RepositoryNotFoundError),
            code="download_failed",
        ) from error
    log.info("downloaded", extra={"model": repository, "folder": found})
    return Path(found)


def _cache(settings: Settings) -> Path:
    return settings.models_folder / "hub"


def _progress(repository: str, show: Callable[[int, int], None]) -> Any:
    """A tqdm class that writes the progress of a download to the log, passes it to `show`, and draws no bar."""
    from tqdm import tqdm

    report = LogProgress()

    class Progress(tqdm):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*arguments, **(options | {"disable": False, "file": _NullStream(), "mininterval": 1}))

        def display(self, msg: str | None = None, pos: int | None = None) -> bool:
            if self.unit == "B" and self.total:
                report(repository, self.n, self.total)
                show(self.n, self.total)
            return True

    return Progress


class _NullStream:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...
