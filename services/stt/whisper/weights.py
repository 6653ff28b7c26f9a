"""Where Whisper's weights are: a folder, the cache of the Hugging Face hub, or the hub itself."""

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
from services.stt.whisper.pins import Pin

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds in which the hub has to answer whether it has a model."""
_SAY_EVERY = 5.0
"""Seconds between two lines on how far a download is."""


@dataclass(frozen=True)
class Form:
    """One of the forms in which the weights are published."""

    repositories: Mapping[str, str]
    """By the names of the sizes."""
    files: tuple[str, ...]
    needed: tuple[str, ...]
    pins: Mapping[str, Pin]
    """By the names of the repositories. Another one is taken at the commit that its main branch has when it comes."""


_SIZES = (
    "tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en", "large-v2", "large-v3",
)  # fmt: skip
CTRANSLATE2 = Form(
    {
        **{size: f"Systran/faster-whisper-{size}" for size in _SIZES},
        "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    },
    ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*"),
    ("model.bin", "tokenizer.json"),
    pins.CTRANSLATE2,
)
TRANSFORMERS = Form(
    {**{size: f"openai/whisper-{size}" for size in _SIZES}, "turbo": "openai/whisper-large-v3-turbo"},
    ("config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"),
    ("config.json", "model.safetensors", "tokenizer.json"),
    pins.TRANSFORMERS,
)


def repository(model: str, form: Form) -> str:
    """The hub's name of a model.

    Raises:
        ConfigurationError: it is neither a size nor a repository.
    """
    if model in form.repositories:
        return form.repositories[model]
    if model.count("/") == 1:
        return model
    sizes = ", ".join(form.repositories)
    raise ConfigurationError(f"VISAVIS_STT_MODEL must be a folder, owner/name or one of {sizes}, got {model!r}")


def local(model: str, form: Form, cache: Path | None = None) -> Path | None:
    """The folder with all that is needed of a model, if it is on this machine.

    Raises:
        ConfigurationError: it is a folder with something missing, or no model at all.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        lacking = [name for name in form.needed if not (folder / name).exists()]
        if lacking:
            raise ConfigurationError(f"VISAVIS_STT_MODEL: {folder} has no {', '.join(lacking)}")
        return folder
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    name = repository(model, form)
    try:
        found = huggingface_hub.snapshot_download(
            name, revision=_revision(name, form), allow_patterns=list(form.files), cache_dir=cache,
            local_files_only=True,
        )  # fmt: skip
    except LocalEntryNotFoundError:
        return None
    return Path(found) if all((Path(found) / needed).exists() for needed in form.needed) else None


def missing(model: str, form: Form, cache: Path | None = None, endpoint: str | None = None) -> str | None:
    """Why a model can neither be found here nor fetched, as one sentence. Asks the hub where it is not here."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return "the package huggingface_hub is not installed (pip install 'visavis[whisper]')"
    try:
        if local(model, form, cache) is not None:
            return None
        name = repository(model, form)
    except ConfigurationError as error:
        return error.detail
    from huggingface_hub import HfApi

    try:
        HfApi(endpoint=endpoint).model_info(name, revision=_revision(name, form), timeout=PATIENCE)
    except Exception as error:  # noqa: BLE001 - whatever a network can do; it is told in words
        return f"its model {name} is not on this machine, and the hub cannot be asked for it ({_short(error)})"
    return None


def fetch(model: str, form: Form, cache: Path | None = None, endpoint: str | None = None) -> Path:
    """The folder of a model, downloaded first where it is not on this machine; says how far it is.

    Raises:
        ConfigurationError: there is no such model, or its files are not what was published or what came first.
        EngineError: it cannot be downloaded.
    """
    here = local(model, form, cache)
    if here is not None:
        # A folder of one's own is taken as it is.
        return here if Path(model).expanduser().is_dir() else _checked(here, repository(model, form), form)
    import huggingface_hub

    name = repository(model, form)
    log.info("downloading the model, once", extra={"model": name})
    try:
        # Downloading tries again for half a minute before it says that there is no hub.
        huggingface_hub.HfApi(endpoint=endpoint).model_info(name, revision=_revision(name, form), timeout=PATIENCE)
        found = huggingface_hub.snapshot_download(
            name, revision=_revision(name, form), allow_patterns=list(form.files), cache_dir=cache, endpoint=endpoint,
            tqdm_class=_progress(),
        )  # fmt: skip
    except Exception as error:  # it raises whatever its HTTP library and the file system raise
        raise EngineError(f"model {name} cannot be downloaded: {_short(error)}", code="download_failed") from error
    log.info("downloaded", extra={"model": name, "folder": found})
    return _checked(Path(found), name, form)


def _revision(name: str, form: Form) -> str | None:
    pin = form.pins.get(name)
    return pin.revision if pin else None


def _checked(folder: Path, name: str, form: Form) -> Path:
    """The folder, each of whose files is what it has to be."""
    known = form.pins[name].sha256 if name in form.pins else {}
    wanted = {path.name for pattern in form.files for path in folder.glob(pattern)}
    for file in sorted(file for file in wanted if not file.endswith(".sha256")):
        verify(ModelFile(file, sha256=known.get(file, "")), folder)
    return folder


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__


def _progress() -> Any:
    """A progress bar that is a line in the log now and then: services have no terminal."""
    from tqdm import tqdm

    class Progress(tqdm):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self._said = time.monotonic()
            options.pop("name", None)
            super().__init__(*arguments, **(options | {"disable": False, "file": _Nowhere(), "mininterval": 1}))

        def display(self, msg: str | None = None, pos: int | None = None) -> bool:
            if self.unit == "B" and self.total and time.monotonic() - self._said >= _SAY_EVERY:
                self._said = time.monotonic()
                percent = round(100 * self.n / self.total)
                log.info("downloading", extra={"percent": percent, "megabytes": self.total >> 20})
            return True

    return Progress


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...
