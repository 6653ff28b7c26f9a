"""One renderer for all looks: the drawn ones, and those that were made from photos, whoever moves these."""

from __future__ import annotations

from typing import Protocol

from bus.ids import PHOTO_LOOK
from services.render.engine import Face, Renderer
from services.render.layered.renderer import LayeredRenderer
from services.render.photo.portrait import Portrait, Portraits
from services.render.photo.warp import PhotoFace


class Mover(Protocol):
    """Makes faces of portraits."""

    name: str

    def face(self, portrait: Portrait) -> Face: ...


class Warp:
    """Moves portraits on the processor."""

    name = "layered"

    def __init__(self, size: int) -> None:
        self._size = size

    def face(self, portrait: Portrait) -> PhotoFace:
        return PhotoFace(portrait, self._size)


class Faces:
    """Draws drawn looks in layers and moves portraits with what it is given for them."""

    def __init__(self, drawn: Renderer, portraits: Portraits, mover: Mover) -> None:
        self.name = mover.name
        self.width, self.height = drawn.width, drawn.height
        self._drawn = drawn
        self._portraits = portraits
        self._mover = mover

    def face(self, look: str) -> Face:
        if not look.startswith(PHOTO_LOOK):
            return self._drawn.face(look)
        return self._mover.face(self._portraits.get(look))


def faces(size: int, portraits: Portraits, mover: Mover) -> Faces:
    """All faces at a size."""
    return Faces(LayeredRenderer(size), portraits, mover)
