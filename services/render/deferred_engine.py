"""An engine for portraits whose model may still have to be downloaded: another engine animates until it is loaded."""

from __future__ import annotations

from services.models.deferred import Deferred
from services.render.character_renderer import PortraitAnimator
from services.render.engine import AnimatedFace
from services.render.photo.portrait import Portrait


class DeferredEngine:
    """The fallback engine until the deferred one is loaded; a face stays with the engine that made it."""

    def __init__(self, deferred: Deferred[PortraitAnimator]) -> None:
        self._deferred = deferred

    @property
    def name(self) -> str:
        return self._deferred.current.name

    def face(self, portrait: Portrait) -> AnimatedFace:
        return self._deferred.current.face(portrait)
