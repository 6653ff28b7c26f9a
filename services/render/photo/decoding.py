"""Photos as arrays; they are decoded in a process of their own (`services.pictures`)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.pictures.decoding import decode_picture

Pixels: TypeAlias = NDArray[np.uint8]
"""[height, width, 3], red green blue."""


def decode_photo(data: bytes) -> Pixels:
    """The picture, upright, without transparency, its longer side at most 1280; raises what `decode_picture` does."""
    picture = decode_picture(data, "rgb")
    return np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.width, 3)
