"""Lids and gaze of a portrait: closes, opens and squints the eyes, and turns them."""

from __future__ import annotations

import cv2
import numpy as np

from services.render.easing import clamp
from services.render.photo.decoding import Pixels
from services.render.photo.displacement import eye_distance
from services.render.photo.eye_layers import Contours, EyeLayers, Plane, blurred_line, eye_outline, is_covered
from services.render.photo.face_detector import DetectedFace
from services.render.pose import Pose

_IRIS_SHIFT_X, _IRIS_SHIFT_Y = 0.075, 0.035
"""Shift of the iris at a gaze of 1, in distances between the eyes."""
_WIDEST = 0.2
"""How far the upper lid rises at a lid of 1.4, in heights of the eye."""
_LOWER_RISE, _SQUINT_RISE = 0.14, 0.18
"""How far the lower lid rises in a blink and in a squint, in heights of the eye."""
_LID_FOLLOWS = 0.5
"""Share of the vertical movement of the iris that the upper lid follows."""
_APPEARS = 0.03
"""How far the lid has fallen when it hides what is behind it, in distances between the eyes."""
_LASHES_HANG = 0.4
"""How far the lashes of a shut eye hang over the lower lid, as a share of their height."""
_STRETCHED = 0.10
"""Height of the skin above the lashes that a lid is stretched from, in distances between the eyes."""
_CORNER = 0.09
"""Width over which the eyeball is held at the corners of the eye, in distances between the eyes."""
_TAPER = 0.2
"""Width over which a falling lid fades at the corners of the eye, in distances between the eyes."""
_LID_SHADE, _SHADE_WIDTH = 0.28, 0.035
"""Shadow of the lid on the eyeball: how dark, and twice that where the eye is nearly shut; how far down, in distances
between the eyes."""
_MAX_SOCKET_SHADE = 0.3
"""How much darker than the skin below the eye the upper end of a lid may be, as a share."""
_RIM_SHADE, _RIM_WIDTH = 0.22, 0.025
"""Shade along the edge of the lid: how dark, and its width in distances between the eyes."""
_EDGE_WIDTH = 1.5
"""Pixels over which the edge of a lid is antialiased."""


class Eye:
    """One eye of one portrait."""

    def __init__(self, pixels: Pixels, face: DetectedFace, contours: Contours) -> None:
        self._is_covered = is_covered(pixels, face, contours)
        self._unit = unit = eye_distance(face)
        self._outline = outline = eye_outline(pixels, face, contours, unit)
        self._layers = layers = EyeLayers(pixels, outline, unit)
        self.region = layers.region
        """Rows and columns of the portrait that the eye occupies."""
        self._height = outline.height
        self._opening = float(self._height.max())
        left, right = float(face.mesh[contours[0][0], 0]), float(face.mesh[contours[0][-1], 0])
        to_corner = np.minimum(outline.x - left, right - outline.x)
        self._from_corners = np.clip(to_corner / (_CORNER * unit), 0.0, 1.0)
        """1 where the eyeball moves freely, 0 at the corners of the eye, in each column."""
        lashes = outline.upper - layers.lash_height
        self._anchor = np.minimum(np.maximum(lashes - _STRETCHED * unit, outline.brow + 0.02 * unit), lashes - 1.5)
        self._to_lashes = lashes - self._anchor
        self._socket_shade = clamp(1.0 - layers.socket, 0.0, _MAX_SOCKET_SHADE)
        self._taper = max(round(_TAPER * unit), 1)
        self._to_brow = np.maximum(outline.upper - outline.brow, 0.1 * unit)
        self._columns = np.broadcast_to(
            np.arange(len(outline.x), dtype=np.float32), (len(layers.y), len(outline.x))
        ).copy()
        self._rows = np.broadcast_to(layers.y - layers.y[0], self._columns.shape).copy()

    def draw(self, pixels: Pixels, lid: float, pose: Pose) -> None:
        """Draw this eye into the portrait's pixels, in place.

        Args:
            lid: of this eye; 0 closed, 1 as in the portrait, 1.4 wide.
        """
        if self._is_covered:
            return
        shut = clamp(1.0 - lid, -0.4, 1.0)
        squint = clamp(pose.squint, 0.0, 1.2)
        shift_x = clamp(pose.gaze_x, -1.5, 1.5) * _IRIS_SHIFT_X * self._unit
        shift_y = clamp(pose.gaze_y, -1.5, 1.5) * _IRIS_SHIFT_Y * self._unit
        if max(abs(shut), abs(shift_x), abs(shift_y), squint) < 0.01:
            return
        outline, height = self._outline, self._height
        raised = max(-shut, 0.0) / 0.4 * _WIDEST
        lower = outline.lower - height * min(_LOWER_RISE * max(shut, 0.0) + _SQUINT_RISE * squint, 0.4)
        follow = _LID_FOLLOWS * shift_y * np.minimum(height / max(self._opening, 1.0), 1.0)
        upper = outline.upper - raised * height + max(shut, 0.0) * (lower - outline.upper)
        upper = np.minimum(upper + follow * (1.0 - max(shut, 0.0)), lower)
        part = self._skin_moved(pixels, upper, lower)
        moved = min(max(abs(shift_x), abs(shift_y), raised * self._opening, squint * self._opening), 1.0)
        part += (self._turned(shift_x, shift_y) - part) * (moved * self._opened(upper, lower))[..., None]
        self._close(part, pixels, upper, lower, max(shut, 0.0))
        pixels[self.region] = np.clip(part + 0.5, 0.0, 255.0).astype(np.uint8)

    def _skin_moved(self, pixels: Pixels, upper: Plane, lower: Plane) -> Plane:
        """The region with the skin above moved along with a lid that rises, and that below with the lower lid."""
        outline, y = self._outline, self._layers.y
        rise, lift = np.maximum(outline.upper - upper, 0.0), outline.lower - lower
        if max(float(rise.max()), float(lift.max())) < 0.05:
            return pixels[self.region].astype(np.float32)
        above = np.clip(1.0 - (upper - y) / self._to_brow, 0.0, 1.0) * (y <= upper + 1.0)
        below = np.clip(1.0 - (y - lower) / (0.25 * self._unit), 0.0, 1.0) * (y >= lower)
        source = self._rows + rise * above**1.5 + lift * below**2
        part = np.ascontiguousarray(pixels[self.region])
        moved = cv2.remap(part, self._columns, source.astype(np.float32), cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32)

    def _opened(self, upper: Plane, lower: Plane) -> Plane:
        """1 between the lids, 0 beyond them."""
        y = self._layers.y
        return np.asarray(
            np.clip((y - upper) / _EDGE_WIDTH, 0.0, 1.0) * np.clip((lower - y) / _EDGE_WIDTH, 0.0, 1.0), np.float32
        )

    def _turned(self, shift_x: float, shift_y: float) -> Plane:
        """The eyeball with its iris moved; the white gives way towards the corners."""
        if max(abs(shift_x), abs(shift_y)) < 0.05:
            return self._layers.eyeball
        cx, cy, radius = self._outline.iris
        x, y = self._columns + self.region[1].start, self._rows + self.region[0].start
        # Full within the iris where it will be, fading to the corners of the eye.
        distance = np.hypot(x - cx - shift_x, (y - cy - shift_y)) - 1.15 * radius
        share = np.clip(1.0 - distance / (2.2 * radius), 0.0, 1.0)
        share *= share * (3.0 - 2.0 * share) * self._from_corners
        source_x, source_y = self._columns - shift_x * share, self._rows - shift_y * share
        return np.asarray(
            cv2.remap(
                self._layers.eyeball, source_x.astype(np.float32), source_y.astype(np.float32), cv2.INTER_LINEAR,
                None, cv2.BORDER_REPLICATE,
            )
        )  # fmt: skip

    def _close(self, part: Plane, pixels: Pixels, upper: Plane, lower: Plane, shut: float) -> None:
        """Draw the upper lid down to its edge: its lashes moved, the skin above them stretched, in its own colour."""
        unit, y, layers = self._unit, self._layers.y, self._layers
        fallen = np.maximum(upper - self._outline.upper, 0.0)
        if float(fallen.max()) < 0.05:
            return
        # The skin beyond the corners follows a little.
        fallen = np.maximum(fallen, blurred_line(blurred_line(fallen, self._taper), self._taper))
        upper = self._outline.upper + fallen
        present = np.minimum(fallen / (_APPEARS * unit), 1.0)
        # Lashes straddle the lower lid's edge where the eye is shut.
        edge = upper + _LASHES_HANG * layers.lash_height * present * shut**2
        lashes = edge - layers.lash_height
        anchor = self._anchor
        stretch = np.maximum(lashes - anchor, 1.0) / self._to_lashes
        source = np.where(y < lashes, anchor + (y - anchor) / stretch, y - (edge - self._outline.upper))
        source = np.where(y < anchor, y, source) - layers.y[0]
        photo = np.ascontiguousarray(pixels[self.region])
        lid = cv2.remap(
            photo, self._columns, source.astype(np.float32), cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        ).astype(np.float32)
        down = np.clip((y - anchor) / np.maximum(lashes - anchor, 1.0), 0.0, 1.0)
        bulge = 1.0 + 0.05 * np.sin(np.pi * down) - 0.10 * down**4
        bulge *= 1.0 - self._socket_shade * (1.0 - down)
        smooth = np.minimum(2.5 * down, 1.0) * np.clip((lashes - y) / (0.4 * layers.lash_height) + 0.5, 0.0, 1.0)
        smooth *= np.clip(2.0 * (stretch - 1.0), 0.0, 1.0)
        bare = layers.skin * bulge[..., None]
        lid += (bare - lid) * smooth[..., None]
        # No highlight of an eye among the lashes.
        lid += (np.minimum(lid, bare) - lid) * np.minimum(2.5 * down, 1.0)[..., None]
        covered = np.clip((edge - y) / _EDGE_WIDTH + 0.5, 0.0, 1.0) * present * (1.0 - layers.brow)
        below = np.maximum(y - edge, 0.0)
        under = present * (y > edge)
        shade = _LID_SHADE * (1.0 + shut) * under * (y < lower + 1.0) * np.exp(-below / (_SHADE_WIDTH * unit))
        part *= (1.0 - shade)[..., None]
        # Nothing of the white shines out below a lid that is shut.
        remnant = shut**4 * under * np.clip(2.0 - below / (_RIM_WIDTH * unit), 0.0, 1.0)
        part += (np.minimum(part, layers.skin) - part) * remnant[..., None]
        part += (lid - part) * covered[..., None]
        rim = 1.0 - _RIM_SHADE * present * np.exp(-(((y - edge) / (_RIM_WIDTH * unit)) ** 2))
        part *= rim[..., None]
