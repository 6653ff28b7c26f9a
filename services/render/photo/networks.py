"""Runs the small networks that find faces and eyes, by OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bus.errors import EngineError


def network_input(pixels: NDArray[np.floating]) -> NDArray[np.float32]:
    """Pixels [height, width, 3] as a batch of one, [1, 3, height, width]."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)


def forward(network: cv2.dnn.Net, outputs: tuple[str, ...]) -> tuple[NDArray[np.float32], ...]:
    """The outputs of a network whose input is set.

    Raises:
        EngineError: OpenCV cannot run it.
    """
    try:
        return tuple(np.asarray(output, np.float32) for output in network.forward(outputs))
    except cv2.error as error:
        raise EngineError(f"a network that finds faces failed: {error}") from error
