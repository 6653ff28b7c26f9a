"""Draws vector graphics fast on the CPU: a small binding to ThorVG.

The library is part of the wheel `thorvg-python`, whose Python classes create a new ctypes type for every call; this
binding declares the few functions of the C API that it needs once.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from thorvg_python.engine import THORVG_LIB

from bus.errors import EngineError

_ARGB8888 = 1
"""In memory blue, green, red, alpha."""

Pixels = NDArray[np.uint8]
"""[height, width, 4], blue green red alpha, premultiplied."""


def _load() -> Any:
    library = THORVG_LIB
    if library is None:
        raise EngineError("the wheel thorvg-python carries no ThorVG library for this machine")
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "tvg_engine_init": (ctypes.c_int, [number]),
        "tvg_swcanvas_create": (pointer, [ctypes.c_uint8]),
        "tvg_swcanvas_set_target": (ctypes.c_int, [pointer, pointer, number, number, number, ctypes.c_int]),
        "tvg_canvas_destroy": (ctypes.c_int, [pointer]),
        "tvg_canvas_add": (ctypes.c_int, [pointer, pointer]),
        "tvg_canvas_remove": (ctypes.c_int, [pointer, pointer]),
        "tvg_canvas_update": (ctypes.c_int, [pointer]),
        "tvg_canvas_draw": (ctypes.c_int, [pointer, ctypes.c_bool]),
        "tvg_canvas_sync": (ctypes.c_int, [pointer]),
        "tvg_picture_new": (pointer, []),
        "tvg_picture_load_data": (ctypes.c_int, [pointer, text, number, text, text, ctypes.c_bool]),
        "tvg_picture_set_size": (ctypes.c_int, [pointer, ctypes.c_float, ctypes.c_float]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    _check(library.tvg_engine_init(0), "start")
    return library


def _check(result: int, what: str) -> None:
    if result != 0:
        raise EngineError(f"ThorVG could not {what}: result {result}")


class Canvas:
    """Pixels that SVG documents are drawn on. Not thread-safe.

    Args:
        width, height: pixels; documents are stretched to them.
    """

    def __init__(self, width: int, height: int) -> None:
        self._library = _load()
        self.pixels: Pixels = np.zeros((height, width, 4), np.uint8)
        self._canvas = self._library.tvg_swcanvas_create(0)
        result = self._library.tvg_swcanvas_set_target(
            self._canvas, self.pixels.ctypes.data, width, width, height, _ARGB8888
        )
        _check(result, f"draw on {width} x {height} pixels")

    def draw(self, svg: str, *, background: Pixels | None = None) -> Pixels:
        """Draw a document over a background, or over transparency; the result is valid until the next call."""
        if background is not None:
            self.pixels[:] = background
        data = svg.encode()
        library, canvas = self._library, self._canvas
        picture = library.tvg_picture_new()
        _check(library.tvg_picture_load_data(picture, data, len(data), b"svg", None, True), "read the drawing")
        height, width = self.pixels.shape[:2]
        _check(library.tvg_picture_set_size(picture, width, height), "scale the drawing")
        _check(library.tvg_canvas_add(canvas, picture), "take the drawing")
        _check(library.tvg_canvas_update(canvas), "prepare the drawing")
        _check(library.tvg_canvas_draw(canvas, background is None), "draw")
        _check(library.tvg_canvas_sync(canvas), "finish the drawing")
        _check(library.tvg_canvas_remove(canvas, None), "clear the canvas")
        return self.pixels

    def __del__(self) -> None:
        canvas = getattr(self, "_canvas", None)
        if canvas:
            self._library.tvg_canvas_destroy(canvas)
