"""The inside of a portrait's mouth: teeth that the photo shows or that are drawn, tongue and throat, in its colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.render.easing import clamp
from services.render.photo.decoding import Pixels
from services.render.photo.face_detector import LEFT_EYE, RIGHT_EYE, DetectedFace
from services.render.photo.lips import LUMA, Line, Lips, Plane, smooth
from services.render.pose import Pose

_CHEEKS = (50, 280, 205, 425)
_FLESH, _THROAT = np.array((1.2, 0.8, 0.85), np.float32), np.array((1.45, 0.62, 0.64), np.float32)
"""Colours of tongue and throat relative to the skin's."""
_TOOTH_EDGES = (0.135, 0.24, 0.335, 0.41, 0.47)
"""Where one upper tooth ends and the next begins, from the middle of the mouth, in distances between the eyes."""
_LOWER_EDGES = (0.085, 0.175, 0.265, 0.345, 0.42)
_BITE = 0.03
"""How far the upper teeth reach below the line where the lips touch, in distances between the eyes."""
_SIDES_UP = 0.05
"""How much higher the teeth end at the corners of the mouth than in its middle, in distances between the eyes."""
_SOFT = 1.5
"""Pixels over which edges are antialiased."""


@dataclass(frozen=True)
class Palette:
    """Colours of the inside, from those of the lips and of the skin: grey in a grey photo."""

    throat: NDArray[np.float32]
    flesh: NDArray[np.float32]
    tongue: NDArray[np.float32]
    tooth: NDArray[np.float32]
    light: Line
    """Light on each column, 1 on average."""

    @classmethod
    def of(cls, pixels: Pixels, face: DetectedFace, lips: Lips) -> Palette:
        image = pixels.astype(np.float32)
        patches = [_patch(image, face.mesh[point, :2], 0.06 * lips.unit) for point in _CHEEKS]
        skin = np.median(np.concatenate(patches), axis=0)
        lip = _lip_colour(image, lips)
        lit, red = float(skin @ LUMA), float(lip @ LUMA)
        # The lips of a portrait may be pale or painted: the flesh within has the skin's colours, redder.
        chroma = skin / max(lit, 1.0)
        coloured = clamp(4.0 * (1.0 - float(chroma.min() / chroma.max())))
        light = clamp(red, 0.5 * lit, 0.85 * lit)
        flesh = light * _in_luma(chroma * (1.0 + coloured * (_FLESH - 1.0)))
        throat = light * _in_luma(chroma * (1.0 + coloured * (_THROAT - 1.0)))
        # Teeth are lit as the whites of the eyes are, as far as those can be seen.
        whiteness = clamp(1.2 * _eye_white(image, face), 1.1 * lit, min(0.45 * lit + 115.0, 220.0))
        tint = 1.0 + 0.35 * (chroma - 1.0)
        return cls(
            throat=np.asarray(0.14 * throat, np.float32), flesh=np.asarray(0.5 * throat, np.float32),
            tongue=np.asarray(0.95 * flesh, np.float32), tooth=np.asarray(whiteness * tint, np.float32),
            light=_light(image, lips),
        )


def _blur(pixels: Pixels, face: DetectedFace) -> float:
    """Sigma of the blur that makes what is drawn as soft as the photo, pixels."""
    (x0, y0), (x1, y1) = (f(face.mesh[:, :2], axis=0).clip(0, pixels.shape[0]).astype(int) for f in (np.min, np.max))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[y0:y1, x0:x1].astype(np.float32)
    if not grey.size:
        return 0.0
    fine, coarse = (float(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), sigma)).mean()) for sigma in (1.0, 3.0))
    blur = 1.3 * clamp((0.34 - fine / max(coarse, 1e-3)) / 0.12)
    return blur if blur > 0.3 else 0.0


def _in_luma(colour: NDArray[np.floating]) -> NDArray[np.float32]:
    """The colour at a luma of 1."""
    return np.asarray(colour / max(float(colour @ LUMA), 1e-3), np.float32)


def _patch(image: NDArray[np.float32], place: NDArray[np.float32], reach: float) -> NDArray[np.float32]:
    x, y = place
    part = image[max(int(y - reach), 0) : int(y + reach) + 1, max(int(x - reach), 0) : int(x + reach) + 1]
    return part.reshape(-1, 3) if part.size else np.full((1, 3), 150.0, np.float32)


def _eye_white(image: NDArray[np.float32], face: DetectedFace) -> float:
    """The luma of the whites of the eyes."""
    found = []
    for eye in (LEFT_EYE, RIGHT_EYE):
        (x0, y0), (x1, y1) = (f(face.mesh[list(eye), :2], axis=0).astype(int) for f in (np.min, np.max))
        part = image[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] @ LUMA
        found.append(float(np.percentile(part, 85)) if part.size else 0.0)
    return max(found)


def _lip_colour(image: NDArray[np.float32], lips: Lips) -> NDArray[np.float32]:
    """The median colour of the lower lip, which no moustache covers."""
    height = lips.outer_lower - lips.lower
    columns = np.flatnonzero((np.abs(lips.offset) < 0.6) & (height > 2.0))
    if not len(columns):
        return np.array((150.0, 100.0, 100.0), np.float32)
    rows = lips.lower[columns] + height[columns] * np.linspace(0.25, 0.75, 5, dtype=np.float32)[:, None]
    y, x = np.clip(rows.astype(int), 0, image.shape[0] - 1), np.broadcast_to(lips.x[columns].astype(int), rows.shape)
    return np.asarray(np.median(image[y, x].reshape(-1, 3), axis=0), np.float32)


def _light(image: NDArray[np.float32], lips: Lips) -> Line:
    """The light on each column, from the skin below and above the lips."""
    soft = cv2.GaussianBlur(image @ LUMA, (0, 0), 0.12 * lips.unit)
    rows = [lips.outer_lower + 0.15 * lips.unit, lips.outer_upper - 0.1 * lips.unit]
    columns = lips.x.astype(int)
    found = np.mean([soft[np.clip(row.astype(int), 0, image.shape[0] - 1), columns] for row in rows], axis=0)
    near = np.abs(lips.offset) < 0.9
    relative = found / max(float(found[near].mean()) if near.any() else 1.0, 1.0)
    return np.asarray(np.clip(1.0 + 0.7 * (relative - 1.0), 0.5, 1.3), np.float32)


@dataclass(frozen=True)
class Opening:
    """An open mouth: lines of the lips, and what stays with the skull and what goes with the jaw."""

    y: Plane
    """Rows to be painted, [rows, 1]."""
    top: Line
    bottom: Line
    x: Line
    """Where the displacement fields will move each column: what stays with the skull is found there."""
    sink: Line
    """How far they will move its rows down."""


class MouthInside:
    """What is seen between the lips of one portrait."""

    def __init__(self, pixels: Pixels, face: DetectedFace, lips: Lips) -> None:
        self._pixels, self._lips = pixels, lips
        self._palette = Palette.of(pixels, face, lips)
        self._middle = float(np.interp(0.0, lips.offset, lips.x))
        self._half = max(float(np.interp(1.0, lips.offset, lips.x)) - self._middle, 1.0)
        self._blur = _blur(pixels, face)
        self._tooth = self._palette.tooth
        self.bite, self.own_teeth = self._upper_teeth()
        """The edge of the upper teeth, and 1 where the photo shows them, 0 where they are drawn."""
        unit = lips.unit
        shown = (lips.lower - self.bite) / unit
        if not self.own_teeth:
            shown = np.full_like(shown, float(shown.max()))
        self._own_below = np.asarray(lips.parted * smooth((shown - 0.03) / 0.05), np.float32)
        """Where the photo shows what is below the upper teeth."""

    def _upper_teeth(self) -> tuple[Line, float]:
        """Measured in the photo, if it shows them."""
        lips = self._lips
        across = np.minimum(np.abs(lips.offset), 1.0)
        drawn = np.asarray((lips.upper + lips.lower) / 2.0 + lips.unit * (_BITE - _SIDES_UP * across**2), np.float32)
        shares = np.linspace(0.0, 1.0, 25, dtype=np.float32)[:, None]
        rows = lips.upper + shares * lips.gap
        found = cv2.remap(
            self._pixels, np.broadcast_to(lips.x, rows.shape).astype(np.float32), rows.astype(np.float32),
            cv2.INTER_LINEAR,
        ).astype(np.float32)  # fmt: skip
        luma = found @ LUMA
        inside = (np.abs(lips.offset) < 0.6) & (lips.gap > 0.02 * lips.unit)
        if lips.parted == 0.0 or not inside.any():
            return drawn, 0.0
        white = float(self._palette.tooth @ LUMA)
        bright = max(0.62 * white, 0.7 * float(np.percentile(luma[:, inside], 92)))
        colourless = (found.max(axis=2) - found.min(axis=2)) / np.maximum(found.max(axis=2), 1.0)
        skin = float((self._palette.tongue.max() - self._palette.tongue.min()) / max(self._palette.tongue.max(), 1.0))
        lip = float(_lip_colour(self._pixels.astype(np.float32), lips) @ LUMA)
        teeth = (luma > max(bright, 1.12 * lip)) & (colourless < max(0.85 * skin, 0.12))
        first = np.where(teeth.any(axis=0), teeth.argmax(axis=0), len(shares)) / (len(shares) - 1)
        has = inside & (first < 0.45)
        if has.sum() < 0.35 * inside.sum():
            # Blurred teeth are at least not dark; else the mouth is open and shows none.
            own_teeth = lips.parted if float(np.median(luma[8:17, inside])) > 0.7 * lip else 0.0
            edge = lips.lower if own_teeth else lips.upper
            return np.asarray(edge + (drawn - edge) * (1.0 - lips.parted), np.float32), own_teeth
        self._tooth = 0.9 * np.asarray(np.median(found[teeth & has], axis=0), np.float32)
        # Up to the first dark below them: there may be lower teeth further down.
        ended = ~teeth & ~np.roll(teeth, -1, axis=0) & (np.cumsum(teeth, axis=0) > 0)
        last = np.where(ended.any(axis=0), ended.argmax(axis=0), len(shares)) / (len(shares) - 1)
        reach = np.where(has, last, np.nan)
        known = np.flatnonzero(has)
        reach = np.interp(np.arange(len(reach)), known, reach[known])
        reach = cv2.GaussianBlur(cv2.medianBlur(reach.astype(np.float32)[None], 5), (0, 0), 4.0)[0]
        reach = reach + (1.0 - reach) * smooth((reach - 0.7) / 0.2)
        reach = reach + (1.0 - reach) * smooth((np.abs(lips.offset) - 0.45) / 0.2)
        own = lips.upper + reach * lips.gap
        return np.asarray(drawn + (own - drawn) * lips.parted, np.float32), lips.parted

    def _at(self, opening: Opening, line: Line) -> Line:
        return np.asarray(np.interp(opening.x, self._lips.x, line), np.float32)

    def paint(self, pose: Pose, opening: Opening) -> Plane:
        """The inside in a pose, [rows, columns, 3]."""
        unit, y = self._lips.unit, opening.y
        gap = np.maximum(opening.bottom - opening.top, 0.5)
        high = max(float(gap.max()), 1.0)
        deep = np.clip((y - opening.top) / gap, 0.0, 1.0)
        across = (opening.x - self._middle) / self._half
        light = self._palette.light[None, :, None]
        bite = self._at(opening, self.bite) - opening.sink
        # Throat: dark, and redder towards the lower lip and the cheeks.
        red = (0.15 + 0.85 * smooth(1.25 * deep - 0.25)) * np.minimum(gap / (0.16 * unit), 1.0)
        painted = self._palette.throat + (self._palette.flesh - self._palette.throat) * (0.55 * red)[..., None]
        painted = painted * light
        painted = self._with_tongue(painted, pose, opening, bite, across, high)
        near = np.minimum(y - opening.top, 1.6 * (opening.bottom - y)) / (0.05 * unit)
        painted = painted * (0.5 + 0.5 * smooth(near))[..., None]
        painted = self._with_lower_teeth(painted, pose, opening, bite, across, high)
        if self._own_below.any():
            painted = self._with_own_below(painted, opening, bite)
        if self.own_teeth and self._blur:
            painted = np.asarray(cv2.GaussianBlur(painted, (0, 0), self._blur), np.float32)
        painted = self._with_upper_teeth(painted, pose, opening, bite, across)
        # Little light falls between lips that have almost closed.
        own_gap = self._at(opening, self._lips.gap)
        wide = np.minimum(0.1 * unit, 0.6 * own_gap) if self._lips.parted == 1.0 else 0.03 * unit
        lit = 0.3 + 0.7 * smooth((opening.bottom - opening.top) / np.maximum(wide, 0.5))
        shadow = 1.6 * self._palette.throat
        painted = np.asarray(shadow + (painted - shadow) * lit[None, :, None], np.float32)
        if self.own_teeth or not self._blur:
            return painted
        return np.asarray(cv2.GaussianBlur(painted, (0, 0), self._blur), np.float32)

    def _with_tongue(
        self, painted: Plane, pose: Pose, opening: Opening, bite: Line, across: Line, high: float
    ) -> Plane:
        unit, raised = self._lips.unit, clamp(pose.tongue)
        dome = np.sqrt(np.maximum(1.0 - (across / 0.8) ** 2, 0.0))
        low = opening.bottom - (0.34 - 0.2 * clamp(pose.pucker)) * high * dome
        tip = np.minimum(np.maximum(bite, opening.top) - (0.035 * max(raised - 0.6, 0.0) / 0.4 - 0.012) * unit, low)
        top = low + (tip - low) * smooth(np.asarray(raised / 0.6)) * np.clip(1.4 * dome - 0.2, 0.0, 1.0)
        into = (opening.y - top) / unit
        shape = smooth(into / 0.03) * np.minimum(dome * 4.0, 1.0) * max(raised, clamp(high / unit / 0.09 - 0.4))
        shade = 0.5 + 0.38 * smooth(into / 0.1) + 0.22 * raised * np.exp(-(((into - 0.04) / 0.03) ** 2))
        groove = 1.0 - 0.1 * np.exp(-((across / 0.07) ** 2))
        colour = self._palette.tongue * (shade * groove * (0.7 + 0.3 * dome))[..., None] * self._palette.light[:, None]
        return np.asarray(painted + (colour - painted) * shape[..., None], np.float32)

    def _with_lower_teeth(
        self, painted: Plane, pose: Pose, opening: Opening, bite: Line, across: Line, high: float
    ) -> Plane:
        unit = self._lips.unit
        lens = np.clip((opening.bottom - opening.top) / high, 0.0, 1.0)
        shown = unit * (0.012 + 0.04 * clamp(pose.teeth)) * (1.0 - 0.8 * clamp(pose.pucker)) * lens
        shown = shown * (1.0 - 0.6 * self.own_teeth)
        room = smooth((opening.bottom - np.maximum(bite, opening.top)) / unit / 0.05 - 0.2)
        shown = np.minimum(shown, 0.4 * (opening.bottom - opening.top)) * (1.0 - self._own_below) * room
        gaps, between = _separations(opening.x - self._middle, _LOWER_EDGES, unit)
        edge = opening.bottom - shown + 0.005 * unit * gaps
        teeth = np.clip((opening.y - edge) / _SOFT + 0.5, 0.0, 1.0) * smooth((shown - 1.0) / 2.0)
        teeth = teeth * (1.0 - clamp(2.0 * pose.tongue - 1.0)) * smooth((0.75 - np.abs(across)) / 0.3)
        shade = 0.8 - 0.25 * smooth((opening.y - edge) / (0.05 * unit))
        colour = self._tooth * (shade * (1.0 - 0.13 * between))[..., None] * self._palette.light[:, None]
        return np.asarray(painted + (colour - painted) * teeth[..., None], np.float32)

    def _with_upper_teeth(self, painted: Plane, pose: Pose, opening: Opening, bite: Line, across: Line) -> Plane:
        lips, unit, y = self._lips, self._lips.unit, opening.y
        # Lips that are pushed forward shade the teeth.
        pushed = clamp(pose.pucker) ** 2 * (1.0 - 0.4 * clamp(pose.teeth))
        bite = bite - 0.02 * unit * pushed * (1.0 - self.own_teeth)
        own = None
        if self.own_teeth:
            # Higher than the photo shows them the teeth continue as they are stretched.
            upper = self._at(opening, lips.upper + np.minimum(0.012 * unit, 0.2 * lips.gap)) - opening.sink
            start = np.minimum(upper, bite - 1.0)
            first = np.minimum(opening.top, start)
            rows = np.where(y < bite, bite - (bite - y) * (bite - start) / np.maximum(bite - first, 1.0), bite)
            own = cv2.remap(
                self._pixels, np.broadcast_to(opening.x, rows.shape).astype(np.float32),
                (rows + opening.sink).astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
            ).astype(np.float32)  # fmt: skip
            shade = np.clip((opening.top - upper) / (0.04 * unit), 0.0, 1.0)
            own *= (1.0 - 0.3 * shade * (1.0 - smooth((y - opening.top) / (0.06 * unit))))[..., None]
        if self.own_teeth == 1.0 and own is not None:
            own += (self._palette.flesh - own) * 0.6 * pushed
            cover = np.clip((bite - y) / _SOFT + 0.5, 0.0, 1.0)
            return np.asarray(painted + (own - painted) * cover[..., None], np.float32)
        gaps, between = _separations(opening.x - self._middle, _TOOTH_EDGES, unit)
        edge = bite - 0.007 * unit * gaps
        cover = np.clip((edge - y) / _SOFT + 0.5, 0.0, 1.0) * smooth((1.02 - np.abs(across)) / 0.15)
        if not self.own_teeth:
            cover = cover * (1.0 - self._own_below.max())
        up = np.clip((edge - y) / (0.12 * unit), 0.0, 1.0)
        shade = (0.9 + 0.1 * smooth(up / 0.25)) * (1.0 - 0.16 * up) * (1.0 - 0.2 * between * (1.0 - 0.4 * up))
        shade = shade * (1.0 - 0.66 * smooth((np.abs(across) - 0.3) / 0.65))
        shade = shade * (0.74 + 0.26 * smooth((y - opening.top) / (0.04 * unit)))
        colour = self._tooth * shade[..., None] * self._palette.light[:, None]
        if own is not None:
            colour = colour + (own - colour) * self.own_teeth
        colour = colour + (self._palette.flesh - colour) * 0.6 * pushed
        return np.asarray(painted + (colour - painted) * cover[..., None], np.float32)

    def _with_own_below(self, painted: Plane, opening: Opening, bite: Line) -> Plane:
        """What the photo shows below the upper teeth, stretched to the lower lip."""
        lips = self._lips
        start = np.maximum(bite, opening.top) if self.own_teeth else opening.top
        # Without teeth all of it goes with the lips.
        x = opening.x if self.own_teeth else lips.x
        own_bite, own_end = np.interp(x, lips.x, self.bite), np.interp(x, lips.x, lips.lower)
        height, own_height = np.maximum(opening.bottom - start, 1.0), own_end - own_bite
        rows = own_bite + np.clip((opening.y - start) / height, 0.0, 1.0) * own_height
        own = cv2.remap(
            self._pixels, np.broadcast_to(x, rows.shape).astype(np.float32), rows.astype(np.float32),
            cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)  # fmt: skip
        share = self._own_below * (1.0 - smooth((height / np.maximum(own_height, 1.0) - 2.0) / 2.0))
        return np.asarray(painted + (own - painted) * share[None, :, None], np.float32)


def _separations(x: Line, edges: tuple[float, ...], unit: float) -> tuple[Line, Line]:
    """For columns from the middle of the mouth: how rounded a tooth's edge is there, and how much between two teeth."""
    distance = np.abs(x) / unit
    nearest = np.min([np.abs(distance - edge) for edge in (0.0, *edges)], axis=0)
    rounded = np.exp(-((nearest / 0.016) ** 2))
    return np.asarray(rounded, np.float32), np.asarray(np.exp(-((nearest / 0.009) ** 2)), np.float32)
