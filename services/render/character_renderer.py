"""One renderer for all looks: built-in looks are drawn in layers, portraits of photos are animated by an engine."""

from __future__ import annotations

from typing import Protocol

from bus.ids import PHOTO_LOOK
from services.render.engine import AnimatedFace
from services.render.layered.renderer import LayeredRenderer
from services.render.photo.key_pose_face import KeyPoseFace
from services.render.photo.key_poses import KeyPictureStore
from services.render.photo.portrait import Portrait, PortraitStore
from services.render.photo.warp import WarpedFace


class PortraitAnimator(Protocol):
    """An engine that animates portraits."""

    @property
    def name(self) -> str: ...

    def face(self, portrait: Portrait) -> AnimatedFace: ...


class WarpAnimator:
    """Animates portraits on the CPU, by image warping: of pictures of their key poses, where those are there.

    Args:
        size: width and height of the frames, pixels.
    """

    name = "layered"

    def __init__(self, size: int, pictures: KeyPictureStore | None = None) -> None:
        self._size = size
        self._pictures = pictures

    def face(self, portrait: Portrait) -> AnimatedFace:
        pictures = None if self._pictures is None else self._pictures.get(portrait.look)
        return WarpedFace(portrait, self._size) if pictures is None else KeyPoseFace(portrait, pictures, self._size)


class CharacterRenderer:
    """A `Renderer` of all looks.

    Args:
        size: width and height of the frames, pixels.
        animator: draws the looks that are portraits.
    """

    def __init__(self, size: int, portraits: PortraitStore, animator: PortraitAnimator) -> None:
        self.width = self.height = size
        self._layered = LayeredRenderer(size)
        self._portraits = portraits
        self._animator = animator

    @property
    def name(self) -> str:
        return self._animator.name

    def face(self, look: str) -> AnimatedFace:
        if not look.startswith(PHOTO_LOOK):
            return self._layered.face(look)
        return self._animator.face(self._portraits.get(look))
