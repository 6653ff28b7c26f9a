"""Animates portraits on the graphics card, and on the processor while the card is full, lost or absent."""

from __future__ import annotations

from collections.abc import Sequence

from services.gpu_faults import GPU_USE, GpuFault, GpuUse
from services.models.deferred import Deferred
from services.render.character_renderer import PortraitAnimator
from services.render.engine import AnimatedFace, Expressions, Frame
from services.render.photo.portrait import Portrait
from services.render.pose import Pose


class GpuAnimator:
    """An engine on the graphics card, and another one until it is loaded and while the card cannot be used.

    A face stays with the engine that made it: where the card fails one, the caller asks for the face again.

    Args:
        deferred: the engine on the card.
        fallback: the other one.
        use: whether the card may be used.
    """

    def __init__(
        self, deferred: Deferred[PortraitAnimator], fallback: PortraitAnimator, use: GpuUse = GPU_USE
    ) -> None:
        self._deferred = deferred
        self._fallback = fallback
        self._use = use

    @property
    def name(self) -> str:
        return (self._deferred.current if self._is_on_card else self._fallback).name

    def face(self, portrait: Portrait) -> AnimatedFace:
        if self._is_on_card:
            try:
                with self._use.watched("animate a face"):
                    return _WatchedFace(self._deferred.current.face(portrait), self._use)
            except GpuFault:
                pass  # recorded; from here on the other engine draws
        return self._fallback.face(portrait)

    @property
    def _is_on_card(self) -> bool:
        return self._use.usable and not self._deferred.serving


class _WatchedFace:
    """A face on the card; what the card fails and does is recorded."""

    def __init__(self, face: AnimatedFace, use: GpuUse) -> None:
        self.version = face.version
        self._face = face
        self._use = use

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> Sequence[Frame]:
        """Raises: GpuFault: the card failed, and is not used from now on."""
        with self._use.watched("draw a face"):
            frames = self._face.render(poses, expressions)
        self._use.worked()
        return frames
