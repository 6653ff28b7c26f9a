"""Makes portraits of photos; fetches the networks that find faces before the first one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bus.settings import Settings
from services.models.catalogue import FACE_LANDMARKS
from services.models.loading import fetch_and_verify
from services.render.photo.face_detector import FaceDetector
from services.render.photo.portrait import Portrait, portrait_from_photo


class PortraitMaker:
    """Makes one portrait at a time.

    Args:
        fetch: gives the folder of the networks, which it fetches where they are missing; raises what `make` raises.
    """

    def __init__(self, fetch: Callable[[], Path]) -> None:
        self._fetch = fetch
        self._detector: FaceDetector | None = None

    @classmethod
    def of(cls, settings: Settings) -> PortraitMaker:
        """With the networks of the catalogue, in the folder for models."""
        return cls(partial(fetch_and_verify, FACE_LANDMARKS, settings))

    def make(self, photo: bytes) -> Portrait:
        """The portrait of the person in a photo; takes about a second.

        Raises:
            InvalidInput: the bytes are no picture, or it shows no face that can be animated; the detail says why.
            EngineError: the models could not be downloaded; retryable where another try can help.
            ConfigurationError: the models cannot be stored, or are not the published files.
        """
        if self._detector is None:
            self._detector = FaceDetector(self._fetch())
        return portrait_from_photo(photo, self._detector)
