"""Keeps a picture's shapes in ThorVG from frame to frame, and tells it only what has changed."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence

from services.render.layered.picture import Group, Linear, Matrix, Node, Outline, Paint, Path, Shape
from services.render.layered.thorvg import Affine, Canvas, ColourStop, Pixels, check, library

_ROUND = 1
"""ThorVG's number for round caps and joins of lines."""


class _KeptShape:
    """A shape in ThorVG, and what it was last told."""

    __slots__ = ("gradient", "handle", "opacity", "paint", "points", "width")

    def __init__(self, shape: Shape) -> None:
        thorvg = library()
        self.handle: int = thorvg.tvg_shape_new()
        self.paint: Paint = ""
        self.gradient = 0
        self.width = 0.0
        self.opacity = 255
        self.points: list[float] = []
        if shape.width:
            thorvg.tvg_shape_set_stroke_cap(self.handle, _ROUND)
            thorvg.tvg_shape_set_stroke_join(self.handle, _ROUND)


class _KeptGroup:
    """A scene in ThorVG, the outline that clips it, and what is in it."""

    __slots__ = ("clip", "handle", "matrix", "nodes", "visible")

    def __init__(self, nodes: list[_KeptShape | _KeptGroup], clip: int | None) -> None:
        thorvg = library()
        self.handle: int = thorvg.tvg_scene_new()
        self.nodes, self.clip = nodes, clip
        self.matrix: Matrix | None = None
        self.visible = True
        for node in nodes:
            check(thorvg.tvg_scene_add(self.handle, node.handle), "take a shape")
        if clip is not None:
            check(thorvg.tvg_paint_set_clip(self.handle, clip), "clip a scene")


class Stage:
    """A picture whose shapes are kept: only their paths, transforms and opacities change. Not thread-safe.

    Args:
        pixels: drawn on.
        matrix: from the picture to the pixels.
        nodes: the picture in some pose; every later one has the same structure.
    """

    def __init__(self, pixels: Pixels, matrix: Matrix, nodes: Sequence[Node]) -> None:
        self._kept = [_kept(node) for node in nodes]
        scene = _KeptGroup(self._kept, None)
        _place(scene, matrix)
        self._canvas = Canvas(pixels, scene.handle)

    def draw(self, nodes: Sequence[Node]) -> None:
        """Draw a picture over what the pixels show."""
        _update_all(self._kept, nodes)
        self._canvas.draw()


def _kept(node: Node) -> _KeptShape | _KeptGroup:
    if isinstance(node, Shape):
        return _KeptShape(node)
    clip = None if node.clip is None else library().tvg_shape_new()
    if clip is not None:
        library().tvg_shape_set_fill_color(clip, 255, 255, 255, 255)
    return _KeptGroup([_kept(one) for one in node.nodes], clip)


def _update_all(kept: Sequence[_KeptShape | _KeptGroup], nodes: Sequence[Node]) -> None:
    for old, new in zip(kept, nodes, strict=True):
        if isinstance(new, Shape):
            assert isinstance(old, _KeptShape)
            _update_shape(old, new)
        else:
            assert isinstance(old, _KeptGroup)
            _update_group(old, new)


def _update_shape(old: _KeptShape, new: Shape) -> None:
    path, paint, width, opacity = new
    alpha = min(int(255.0 * opacity + 0.5), 255) if opacity > 0.01 else 0
    if alpha != old.opacity:
        thorvg = library()
        if (alpha == 0) != (old.opacity == 0):
            thorvg.tvg_paint_set_visible(old.handle, alpha != 0)
        if alpha:
            thorvg.tvg_paint_set_opacity(old.handle, alpha)
        old.opacity = alpha
    if not alpha:
        return
    if paint is not old.paint and paint != old.paint:
        old.gradient = _set_paint(old.handle, paint, line=width > 0.0)
        old.paint = paint
    if width != old.width:
        library().tvg_shape_set_stroke_width(old.handle, width)
        old.width = width
    if isinstance(path, Outline):
        _set_path(old.handle, path)
    elif path.points is not old.points and path.points != old.points:
        _set_path(old.handle, path)
        old.points = path.points
    if old.gradient:
        # ThorVG moves a gradient along with its shape only where it is told the gradient again.
        library().tvg_shape_set_gradient(old.handle, old.gradient)


def _update_group(old: _KeptGroup, new: Group) -> None:
    if new.visible != old.visible:
        library().tvg_paint_set_visible(old.handle, new.visible)
        old.visible = new.visible
    if not new.visible:
        return
    if new.matrix is not None and new.matrix != old.matrix:
        _place(old, new.matrix)
    if new.clip is not None:
        assert old.clip is not None
        _set_path(old.clip, new.clip)
    _update_all(old.nodes, new.nodes)


def _place(old: _KeptGroup, matrix: Matrix) -> None:
    a, b, c, d, x, y = matrix
    library().tvg_paint_set_transform(old.handle, ctypes.byref(Affine(a, c, x, b, d, y, 0.0, 0.0, 1.0)))
    old.matrix = matrix


def _set_path(handle: int, path: Path | Outline) -> None:
    thorvg, commands = library(), path.commands
    thorvg.tvg_shape_reset(handle)
    if isinstance(path, Outline):
        result = thorvg.tvg_shape_append_path(handle, commands, len(commands), path.address, path.count)
    else:
        points = array("f", path.points)  # alive until the call returns
        address, count = points.buffer_info()
        result = thorvg.tvg_shape_append_path(handle, commands, len(commands), address, count // 2)
    check(result, "read a path")


def _set_paint(handle: int, paint: Paint, *, line: bool) -> int:
    """Give a shape its colour or its gradient, which is returned."""
    thorvg = library()
    if isinstance(paint, str):
        set_colour = thorvg.tvg_shape_set_stroke_color if line else thorvg.tvg_shape_set_fill_color
        set_colour(handle, *_rgb(paint), 255)
        return 0
    if isinstance(paint, Linear):
        gradient: int = thorvg.tvg_linear_gradient_new()
        thorvg.tvg_linear_gradient_set(gradient, paint.x1, paint.y1, paint.x2, paint.y2)
    else:
        gradient = thorvg.tvg_radial_gradient_new()
        thorvg.tvg_radial_gradient_set(gradient, paint.x, paint.y, paint.r, paint.x, paint.y, 0.0)
        tall = Affine(1.0, 0.0, 0.0, 0.0, paint.tall, paint.y * (1.0 - paint.tall), 0.0, 0.0, 1.0)
        thorvg.tvg_gradient_set_transform(gradient, ctypes.byref(tall))
    stops = [ColourStop(at, *_rgb(colour), round(255 * alpha)) for at, colour, alpha in paint.stops]
    thorvg.tvg_gradient_set_color_stops(gradient, (ColourStop * len(stops))(*stops), len(stops))
    check(thorvg.tvg_shape_set_gradient(handle, gradient), "take a gradient")
    return gradient


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
