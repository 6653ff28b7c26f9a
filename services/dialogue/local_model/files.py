"""Which file the local language model is, and whether it can be served on this machine."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from bus.errors import ConfigurationError
from bus.settings import Settings
from services.models.catalogue import MIND
from services.models.fetching import folder_of
from services.models.loading import is_here, verified_folder

HOST = "127.0.0.1"
"""The server has no password: only this machine may reach it."""
_MAGIC = b"GGUF"


def url(settings: Settings) -> str:
    """Base URL of the local server's OpenAI-compatible API."""
    return f"http://{HOST}:{settings.llm_port}/v1"


def name(settings: Settings) -> str:
    """Name of the model, as its server lists it and replies show it on the log."""
    return Path(settings.llm_file or MIND.files[0].path).stem


def model_file(settings: Settings) -> Path:
    """The file to serve: that of `VISAVIS_LLM_FILE`, else the catalogue's, whose SHA-256 is then checked.

    Raises:
        ConfigurationError: it is not there, is no GGUF file, or is another one than was published.
    """
    if not settings.llm_file:
        return verified_folder(MIND, settings) / MIND.files[0].path
    path = Path(settings.llm_file).absolute()
    try:
        with path.open("rb") as opened:
            magic = opened.read(len(_MAGIC))
    except OSError as error:
        raise ConfigurationError(f"VISAVIS_LLM_FILE: {path} cannot be read: {error.strerror}") from error
    if magic != _MAGIC:
        raise ConfigurationError(f"VISAVIS_LLM_FILE: expected a GGUF file, got {path}, which begins with {magic!r}")
    return path


def why_unavailable(
    settings: Settings, *, find_module: Callable[[str], object | None] = importlib.util.find_spec
) -> str | None:
    """What is missing to serve a model here, as one sentence with its remedy; None if nothing is.

    Raises:
        ConfigurationError: `VISAVIS_LLM_FILE` names a file that is not there.
    """
    if settings.llm_file and not Path(settings.llm_file).is_file():
        raise ConfigurationError(f"VISAVIS_LLM_FILE: there is no file {Path(settings.llm_file).absolute()}")
    if not settings.llm_file and not is_here(MIND, settings):
        return f"its model is not in {folder_of(MIND, settings)} (`make mind` fetches it)"
    if find_module("xllamacpp") is None:
        return "xllamacpp is not installed (`make mind` installs it)"
    return None


def is_used(settings: Settings) -> bool:
    """Whether the dialogue service asks the local model under these settings, so that it has to be served."""
    if settings.dialogue_engine != "local" and (settings.dialogue_engine != "auto" or settings.llm_url):
        return False
    try:
        return why_unavailable(settings) is None
    except ConfigurationError:
        return False  # the dialogue service stops with it
