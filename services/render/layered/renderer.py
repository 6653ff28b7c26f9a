"""The built-in renderer: draws faces as layers of vector graphics, on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import cv2
import numpy as np

from bus.errors import NotFound
from services.render.engine import Frame
from services.render.layered import clothes, eyes, features, hair, head, mouth
from services.render.layered.looks import LOOKS, Look
from services.render.layered.svg import HeadTurn, blend, ellipse, group, linear, radial
from services.render.layered.thorvg import Canvas, Pixels
from services.render.pose import Pose

_SIDE = 512
"""Side of the drawing in its own units, which are scaled to any size of frame."""
_CENTRE_X, _CENTRE_Y, _SCALE = 256.0, 232.0, 1.1
"""Centre and scale of the head in the drawing."""


class LayeredFace:
    """One look, animated by poses."""

    def __init__(self, look: Look, canvas: Canvas) -> None:
        self._look = look
        self._canvas = canvas
        self._gradients = _gradients(look)
        self._background_pixels = canvas.draw(_document(_background(look))).copy()
        self.version = blake2b(f"{look}{_drawing_version()}".encode(), digest_size=8).hexdigest()

    def svg(self, pose: Pose) -> str:
        """The drawing without its background."""
        look, turn = self._look, HeadTurn(pose)
        dy = -1.6 * pose.breath - 5.0 * pose.shoulders
        tilt = f"rotate({pose.roll:.2f} 0 {head.NECK_Y})"
        skull = "".join((
            head.ears(look, turn),
            head.skull(look, pose, turn),
            hair.beard(look, pose, turn),
            mouth.mouth(look, pose, turn),
            features.nose(look, pose, turn),
            hair.moustache(look, pose, turn),
            features.wrinkles(look, pose, turn),
            eyes.eyes(look, pose, turn),
            eyes.brows(look, pose, turn),
            hair.in_front(look, turn),
            clothes.glasses(look, turn),
        ))
        lifted = f"translate(0 {dy * 0.6:.2f}) {tilt}"
        layers = "".join((
            group(hair.behind(look, turn), transform=lifted),
            group(head.neck(look, pose, turn), transform=f"translate(0 {dy * 0.5:.2f})"),
            clothes.clothes(look, pose),
            group(skull, transform=lifted),
        ))
        placed = group(layers, transform=f"translate({_CENTRE_X} {_CENTRE_Y}) scale({_SCALE})")
        return _document(self._gradients + placed)

    def pixels(self, pose: Pose) -> Pixels:
        """The frame, [height, width, 4], blue green red alpha; valid until the next call."""
        return self._canvas.draw(self.svg(pose), background=self._background_pixels)

    def render(self, poses: Sequence[Pose]) -> list[Frame]:
        return [np.asarray(cv2.cvtColor(self.pixels(pose), cv2.COLOR_BGRA2YUV_I420), np.uint8) for pose in poses]


class LayeredRenderer:
    """Draws the looks of `looks.py`, at about 5 ms a frame of 512 x 512 on one core."""

    name = "layered"

    def __init__(self, size: int) -> None:
        self.width = self.height = size
        self._of_thread = threading.local()
        """A canvas for each thread: ThorVG's canvases may be drawn in several at once, and each in one only."""

    def face(self, look: str) -> LayeredFace:
        if look not in LOOKS:
            raise NotFound(f"look must be one of {', '.join(LOOKS)}, got {look!r}")
        if not hasattr(self._of_thread, "canvas"):
            self._of_thread.canvas = Canvas(self.width, self.height)
        return LayeredFace(LOOKS[look], self._of_thread.canvas)


def _drawing_version() -> str:
    """Hash of the code that draws, so that no stored idle loop outlives a change of it."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return blake2b(b"".join(source.read_bytes() for source in sources), digest_size=8).hexdigest()


def _document(content: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE} {_SIDE}">{content}</svg>'


def _background(look: Look) -> str:
    content = linear("sky", (0, look.sky, 1), (1, look.sky_deep, 1))
    content += radial("glow", 0.5, 0.5, 0.5, (0, look.glow, 0.95), (0.6, look.glow, 0.4), (1, look.glow, 0))
    content += f'<rect width="{_SIDE}" height="{_SIDE}" fill="url(#sky)"/>'
    content += ellipse(230, 200, 260, 240, "url(#glow)")
    for x, y, r, a in ((70, 100, 46, 0.18), (452, 150, 62, 0.16), (420, 60, 24, 0.2), (40, 330, 70, 0.12),
        (480, 380, 84, 0.12)):
        content += ellipse(x, y, r, r, look.glow, opacity=a)
    return content


def _gradients(look: Look) -> str:
    clear = (1.0, look.skin_shade, 0.0)
    lock = blend(look.hair_light, look.hair_colour, 0.35)
    return "<defs>" + "".join((
        radial("skin", 0.42, 0.40, 0.72, (0, look.skin_light, 1), (0.5, look.skin, 1), (1, look.skin_shade, 1)),
        linear("faceside", (0, look.skin_shade, 0), (0.72, look.skin_shade, 0), (1, look.skin_shade, 0.75),
            horizontal=True),
        linear("neck", (0, look.skin_shade, 1), (0.45, look.skin, 1), (1, look.skin_light, 1)),
        radial("ear", 0.5, 0.45, 0.6, (0, look.skin, 1), (1, look.skin_shade, 1)),
        radial("socket", 0.5, 0.5, 0.5, (0, look.skin_shade, 0.8), (0.55, look.skin_shade, 0.45), clear),
        radial("blush", 0.5, 0.5, 0.5, (0, look.blush, 0.6), (0.5, look.blush, 0.28), (1, look.blush, 0)),
        radial("shine", 0.5, 0.5, 0.5, (0, look.skin_light, 0.9), (1, look.skin_light, 0)),
        radial("tip", 0.42, 0.4, 0.58, (0, look.skin_light, 0.9), (0.6, look.skin, 0.5), (1, look.skin, 0)),
        linear("noseside", (0, look.skin_shade, 0), (0.4, look.skin_shade, 0.5), (1, look.skin_shade, 0.9)),
        radial("underlip", 0.5, 0.5, 0.5, (0, look.skin_shade, 0.9), clear),
        linear("white", (0, "#d9d6e0", 1), (0.35, "#fbfafc", 1), (1, "#f1edf0", 1)),
        radial("iris", 0.5, 0.85, 0.9, (0, look.iris, 1), (0.5, look.iris, 1), (1, look.iris_dark, 1)),
        linear("brow", (0, look.brow_colour, 0.95), (1, look.brow_colour, 0.95)),
        linear("lipup", (0, look.lip, 1), (1, look.lip_dark, 1)),
        linear("lipdown", (0, look.lip, 1), (0.6, look.lip, 1), (1, look.lip_dark, 1)),
        linear("throat", (0, "#2a060c", 1), (1, "#6b1c28", 1)),
        linear("teeth", (0, "#e4dcd6", 1), (0.5, "#fffdf8", 1), (1, "#f4ede6", 1)),
        linear("tongue", (0, "#c25560", 1), (1, "#8a2f3e", 1)),
        linear("hair", (0, look.hair_light, 1), (0.35, look.hair_colour, 1), (1, look.hair_dark, 1)),
        linear("hairback", (0, look.hair_colour, 1), (1, look.hair_dark, 1)),
        radial("curl", 0.4, 0.3, 0.72, (0, lock, 1), (0.5, look.hair_colour, 1), (1, look.hair_dark, 1)),
        linear("cloth", (0, look.cloth_light, 1), (0.4, look.cloth, 1), (1, look.cloth_dark, 1)),
        linear("hood", (0, look.cloth_light, 1), (1, look.cloth, 1)),
    )) + "</defs>"
