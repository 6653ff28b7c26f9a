"""Finds or downloads Whisper's weights: in a folder, in the cache of the Hugging Face hub, or on the hub."""

from __future__ import annotations

import importlib.util
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bus.errors import ConfigurationError, EngineError
from services.downloads import ModelFile, verify
from services.stt.whisper import pins
from services.stt.whisper.pins import PinnedRevision

log = logging.getLogger(__name__)

HUB_TIMEOUT = 3.0
"""Seconds in which the hub has to answer whether it has a model."""
REPORT_EVERY = 5.0
"""Seconds between two log lines about the progress of a download."""


@dataclass(frozen=True)
class WeightFormat:
    """A file format in which the weights are published."""

    repositories: Mapping[str, str]
    """By model size."""
    files: tuple[str, ...]
    """Patterns of the files to download."""
    required: tuple[str, ...]
    pins: Mapping[str, PinnedRevision]
    """By repository. Any other repository is used at the current commit of its main branch."""


_SIZES = (
    "tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en", "large-v2", "large-v3",
)  # fmt: skip
CTRANSLATE2 = WeightFormat(
    {
        **{size: f"Systran/faster-whisper-{size}" for size in _SIZES},
        "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    },
    ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*"),
    ("model.bin", "tokenizer.json"),
    pins.CTRANSLATE2,
)
TRANSFORMERS = WeightFormat(
    {**{size: f"openai/whisper-{size}" for size in _SIZES}, "turbo": "openai/whisper-large-v3-turbo"},
    ("config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"),
    ("config.json", "model.safetensors", "tokenizer.json"),
    pins.TRANSFORMERS,
)


def repository_of(model: str, format: WeightFormat) -> str:
    """The repository of a model on the hub.

    Raises:
        ConfigurationError: the name is neither a size nor a repository.
    """
    if model in format.repositories:
        return format.repositories[model]
    if model.count("/") == 1:
        return model
    sizes = ", ".join(format.repositories)
    raise ConfigurationError(f"VISAVIS_STT_MODEL must be a folder, owner/name or one of {sizes}, got {model!r}")


def find_local(model: str, format: WeightFormat, cache: Path | None = None) -> Path | None:
    """The folder with all required files of a model, if they are on this machine.

    Raises:
        ConfigurationError: the model is a folder without a required file, or no model at all.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        lacking = [name for name in format.required if not (folder / name).exists()]
        if lacking:
            raise ConfigurationError(f"VISAVIS_STT_MODEL: {folder} has no {', '.join(lacking)}")
        return folder
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    name = repository_of(model, format)
    try:
        found = huggingface_hub.snapshot_download(
            name, revision=_revision(name, format), allow_patterns=list(format.files), cache_dir=cache,
            local_files_only=True,
        )  # fmt: skip
    except LocalEntryNotFoundError:
        return None
    return Path(found) if all((Path(found) / name).exists() for name in format.required) else None


def why_unavailable(
    model: str, format: WeightFormat, cache: Path | None = None, endpoint: str | None = None
) -> str | None:
    """Why a model is neither on this machine nor on the hub, as one sentence; None if it can be used."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return "the package huggingface_hub is not installed (pip install 'visavis[whisper]')"
    try:
        if find_local(model, format, cache) is not None:
            return None
        name = repository_of(model, format)
    except ConfigurationError as error:
        return error.detail
    from huggingface_hub import HfApi

    try:
        HfApi(endpoint=endpoint).model_info(name, revision=_revision(name, format), timeout=HUB_TIMEOUT)
    except Exception as error:  # noqa: BLE001 - any network error becomes part of the sentence
        return f"its model {name} is not on this machine, and the hub cannot be asked for it ({_short(error)})"
    return None


def fetch(
    model: str,
    format: WeightFormat,
    cache: Path | None = None,
    endpoint: str | None = None,
    report_every: float = REPORT_EVERY,
) -> Path:
    """The folder of a model, downloaded first if it is not on this machine.

    Args:
        report_every: seconds between two log lines about the progress of a download.
    Raises:
        ConfigurationError: there is no such model, or its files have unexpected checksums.
        EngineError: it cannot be downloaded.
    """
    local = find_local(model, format, cache)
    if local is not None:
        # The user's own folder may hold any files.
        return local if Path(model).expanduser().is_dir() else _verified(local, repository_of(model, format), format)
    import huggingface_hub

    name = repository_of(model, format)
    log.info("downloading the model, once", extra={"model": name})
    try:
        # Without this check the download retries for half a minute before it fails.
        huggingface_hub.HfApi(endpoint=endpoint).model_info(name, revision=_revision(name, format), timeout=HUB_TIMEOUT)
        found = huggingface_hub.snapshot_download(
            name, revision=_revision(name, format), allow_patterns=list(format.files), cache_dir=cache,
            endpoint=endpoint, tqdm_class=_progress(report_every),
        )  # fmt: skip
    except Exception as error:  # any error of its HTTP library or of the file system
        raise EngineError(f"model {name} cannot be downloaded: {_short(error)}", code="download_failed") from error
    log.info("downloaded", extra={"model": name, "folder": found})
    return _verified(Path(found), name, format)


def _revision(name: str, format: WeightFormat) -> str | None:
    pin = format.pins.get(name)
    return pin.revision if pin else None


def _verified(folder: Path, name: str, format: WeightFormat) -> Path:
    """The folder, after its files have been verified."""
    known = format.pins[name].sha256 if name in format.pins else {}
    present = {path.name for pattern in format.files for path in folder.glob(pattern)}
    for file in sorted(file for file in present if not file.endswith(".sha256")):
        verify(ModelFile(file, sha256=known.get(file, "")), folder)
    return folder


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__


def _progress(report_every: float) -> Any:
    """A tqdm class that logs the progress instead of drawing a bar: services have no terminal."""
    from tqdm import tqdm

    class Progress(tqdm):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self._reported_at = time.monotonic()
            options.pop("name", None)
            super().__init__(*arguments, **(options | {"disable": False, "file": _NullStream(), "mininterval": 1}))

        def display(self, msg: str | None = None, pos: int | None = None) -> bool:
            if self.unit == "B" and self.total and time.monotonic() - self._reported_at >= report_every:
                self._reported_at = time.monotonic()
                percent = round(100 * self.n / self.total)
                log.info("downloading", extra={"percent": percent, "megabytes": self.total >> 20})
            return True

    return Progress


class _NullStream:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...
