"""Makes portraits of photos, with the networks that find faces."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bus.errors import InvalidInput
from bus.settings import Settings
from services.models.catalogue import FACE_LANDMARKS
from services.models.deferred import Deferred
from services.models.loading import fetch_and_verify, load_or_defer, why_model_unavailable
from services.render.photo.face_detector import FaceDetector
from services.render.photo.portrait import Portrait, portrait_from_photo

log = logging.getLogger(__name__)


class PortraitMaker:
    """Makes one portrait at a time.

    Args:
        networks: gives the folder of the networks; raises what `make` raises.
    """

    def __init__(self, networks: Callable[[], Path]) -> None:
        self._networks = networks
        self._detector: FaceDetector | None = None

    @classmethod
    def prepared(cls, settings: Settings) -> PortraitMaker:
        """For a service: with the networks that are here, or that are fetched in the background from now on. No photo
        waits for them, and none has them fetched."""
        if reason := why_model_unavailable(FACE_LANDMARKS, settings):
            log.warning("photos are refused", extra={"why": reason})
            return cls(partial(_folder, Deferred(None, None, FACE_LANDMARKS.name)))
        found: Deferred[Path | None] = load_or_defer(FACE_LANDMARKS, settings, lambda folder: folder, lambda: None)
        return cls(partial(_folder, found))

    @classmethod
    def fetching(cls, settings: Settings) -> PortraitMaker:
        """For the operator's command: with the networks of the catalogue, fetched now if they are missing."""
        return cls(partial(fetch_and_verify, FACE_LANDMARKS, settings))

    def make(self, photo: bytes) -> Portrait:
        """The portrait of the person in a photo; takes about a second.

        Raises:
            InvalidInput: the bytes are no picture, or it shows no face that can be animated; or there are no networks
                to look at it. The detail says why.
            EngineError: the models could not be downloaded; retryable where another try can help.
            ConfigurationError: the models cannot be stored, or are not the published files.
        """
        if self._detector is None:
            self._detector = FaceDetector(self._networks())
        return portrait_from_photo(photo, self._detector)


def _folder(networks: Deferred[Path | None]) -> Path:
    """The folder of the networks.

    Raises:
        InvalidInput: they are not here, or not yet.
    """
    if networks.current is not None:
        return networks.current
    if networks.resolved.is_set():
        raise InvalidInput("photos cannot be looked at here: what finds faces is not installed", code="unavailable")
    raise InvalidInput(
        "photos cannot be looked at yet: what finds faces is being fetched; try again in some minutes",
        code="unavailable",
    )
