"""Makes portraits of photos; downloads the networks that find faces before the first one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from services.render.photo import models
from services.render.photo.face_detector import FaceDetector
from services.render.photo.portrait import Portrait, portrait_from_photo


class PortraitMaker:
    """Makes one portrait at a time.

    Args:
        folder: of the models.
        fetch: puts the models there, see `models.fetch`.
    """

    def __init__(self, folder: Path, fetch: Callable[[Path], None] = models.fetch) -> None:
        self._folder = folder
        self._fetch = fetch
        self._detector: FaceDetector | None = None

    def make(self, photo: bytes) -> Portrait:
        """The portrait of the person in a photo; takes about a second.

        Raises:
            InvalidInput: the bytes are no picture, or it shows no face that can be animated; the detail says why.
            EngineError: the models could not be downloaded; retryable.
            ConfigurationError: the models cannot be stored, or are not the published files.
        """
        if self._detector is None:
            self._fetch(self._folder)
            self._detector = FaceDetector(self._folder)
        return portrait_from_photo(photo, self._detector)
