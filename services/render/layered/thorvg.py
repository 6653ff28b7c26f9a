"""Draws vector graphics fast on the CPU: a small binding to ThorVG.

The library is part of the wheel `thorvg-python`, whose Python classes create a new ctypes type for every call; this
binding declares the few functions of the C API that it needs once.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from thorvg_python.engine import THORVG_LIB

from bus.errors import EngineError

_ARGB8888 = 1
"""In memory blue, green, red, alpha."""

Pixels = NDArray[np.uint8]
"""[height, width, 4], blue green red alpha, premultiplied."""


class Affine(ctypes.Structure):
    """ThorVG's matrix, row by row."""

    _fields_ = [(name, ctypes.c_float) for name in ("a", "c", "x", "b", "d", "y", "e31", "e32", "e33")]


class ColourStop(ctypes.Structure):
    """A colour of a gradient."""

    _fields_ = [("offset", ctypes.c_float), *((name, ctypes.c_uint8) for name in "rgba")]


@cache
def library() -> Any:
    """ThorVG, started, with the signatures of what is used.

    Raises:
        EngineError: there is none for this machine.
    """
    loaded = THORVG_LIB
    if loaded is None:
        raise EngineError("the wheel thorvg-python carries no ThorVG library for this machine")
    pointer, number, real, byte = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_float, ctypes.c_uint8
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "tvg_engine_init": (ctypes.c_int, [number]),
        "tvg_swcanvas_create": (pointer, [byte]),
        "tvg_swcanvas_set_target": (ctypes.c_int, [pointer, pointer, number, number, number, ctypes.c_int]),
        "tvg_canvas_destroy": (ctypes.c_int, [pointer]),
        "tvg_canvas_add": (ctypes.c_int, [pointer, pointer]),
        "tvg_canvas_update": (ctypes.c_int, [pointer]),
        "tvg_canvas_draw": (ctypes.c_int, [pointer, ctypes.c_bool]),
        "tvg_canvas_sync": (ctypes.c_int, [pointer]),
        "tvg_scene_new": (pointer, []),
        "tvg_scene_add": (ctypes.c_int, [pointer, pointer]),
        "tvg_shape_new": (pointer, []),
        "tvg_shape_reset": (ctypes.c_int, [pointer]),
        "tvg_shape_append_path": (ctypes.c_int, [pointer, ctypes.c_char_p, number, pointer, number]),
        "tvg_shape_set_fill_color": (ctypes.c_int, [pointer, byte, byte, byte, byte]),
        "tvg_shape_set_gradient": (ctypes.c_int, [pointer, pointer]),
        "tvg_shape_set_stroke_width": (ctypes.c_int, [pointer, real]),
        "tvg_shape_set_stroke_color": (ctypes.c_int, [pointer, byte, byte, byte, byte]),
        "tvg_shape_set_stroke_cap": (ctypes.c_int, [pointer, ctypes.c_int]),
        "tvg_shape_set_stroke_join": (ctypes.c_int, [pointer, ctypes.c_int]),
        "tvg_linear_gradient_new": (pointer, []),
        "tvg_linear_gradient_set": (ctypes.c_int, [pointer, real, real, real, real]),
        "tvg_radial_gradient_new": (pointer, []),
        "tvg_radial_gradient_set": (ctypes.c_int, [pointer, real, real, real, real, real, real]),
        "tvg_gradient_set_color_stops": (ctypes.c_int, [pointer, pointer, number]),
        "tvg_gradient_set_transform": (ctypes.c_int, [pointer, pointer]),
        "tvg_paint_set_transform": (ctypes.c_int, [pointer, pointer]),
        "tvg_paint_set_opacity": (ctypes.c_int, [pointer, byte]),
        "tvg_paint_set_visible": (ctypes.c_int, [pointer, ctypes.c_bool]),
        "tvg_paint_set_clip": (ctypes.c_int, [pointer, pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    check(loaded.tvg_engine_init(0), "start")
    return loaded


def check(result: int, what: str) -> None:
    if result != 0:
        raise EngineError(f"ThorVG could not {what}: result {result}")


class Canvas:
    """Pixels that one scene is drawn on, as often as it changes. Not thread-safe.

    Args:
        pixels: drawn over; they must outlive the canvas.
        scene: belongs to the canvas from now on.
    """

    def __init__(self, pixels: Pixels, scene: int) -> None:
        self._library = library()
        self._pixels = pixels
        self._canvas = self._library.tvg_swcanvas_create(0)
        height, width = pixels.shape[:2]
        result = self._library.tvg_swcanvas_set_target(
            self._canvas, pixels.ctypes.data, width, width, height, _ARGB8888
        )
        check(result, f"draw on {width} x {height} pixels")
        check(self._library.tvg_canvas_add(self._canvas, scene), "take the scene")

    def draw(self) -> None:
        """Draw the scene over what the pixels show."""
        thorvg, canvas = self._library, self._canvas
        check(thorvg.tvg_canvas_update(canvas), "prepare the drawing")
        check(thorvg.tvg_canvas_draw(canvas, False), "draw")
        check(thorvg.tvg_canvas_sync(canvas), "finish the drawing")

    def __del__(self) -> None:
        canvas = getattr(self, "_canvas", None)
        if canvas:
            self._library.tvg_canvas_destroy(canvas)
