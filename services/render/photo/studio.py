"""Where photos become portraits; the networks that find faces are fetched for the first one."""

from __future__ import annotations

from pathlib import Path

from services.render.photo import models
from services.render.photo.face import FaceFinder
from services.render.photo.portrait import Portrait, prepare


class Studio:
    """Makes one portrait at a time.

    Args:
        folder: of the models.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._finder: FaceFinder | None = None

    def portrait(self, photo: bytes) -> Portrait:
        """The portrait of whom a photo shows; takes about a second.

        Raises:
            InvalidInput: it is no picture, or shows no face that can be made to speak; says why.
            EngineError: the models could not be downloaded; worth trying again.
            ConfigurationError: they cannot be kept, or are not what was published.
        """
        if self._finder is None:
            models.fetch(self._folder)
            self._finder = FaceFinder(self._folder)
        return prepare(photo, self._finder)
