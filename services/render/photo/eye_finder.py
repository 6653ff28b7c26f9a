"""Finds the edges of the lids and the irises of a face, which the mesh of the whole face gives only roughly.

The network is MediaPipe's for irises, which OpenCV runs on a crop around each eye.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from services.models.files import ModelFile
from services.models.verification import verify
from services.render.photo.decoding import Pixels
from services.render.photo.networks import forward, network_input

_SIDE = 64
"""Pixels on a side of the network's input."""
_MARGIN = 2.3
"""Side of the crop around an eye, in widths of the eye."""
_OUTPUTS = ("output_eyes_contours_and_brows", "output_iris")
_LEFT = (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173)
_RIGHT = (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398)
"""Points of the mesh that the network finds more exactly: lower lid from the outer corner to the inner, upper lid."""


class EyeFinder:
    """Finds lids and irises in a face whose mesh is known.

    Args:
        folder: of the model.
    Raises:
        ConfigurationError: the model is missing or damaged.
    """

    def __init__(self, file: ModelFile, folder: Path) -> None:
        # OpenCV's newer engine returns only one of several outputs.
        self._network = cv2.dnn.readNetFromTFLite(str(verify(file, folder)), cv2.dnn.ENGINE_CLASSIC)

    def refine(self, image: Pixels, mesh: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mesh with exact lids, and with a centre and four edges of the left and of the right iris, [478, 3].

        Args:
            mesh: [468, 3].
        """
        refined, irises = mesh.copy(), []
        for points, mirrored in ((_LEFT, False), (_RIGHT, True)):
            lids, iris = self._find(image, mesh[points[0], :2], mesh[points[8], :2], mirrored=mirrored)
            refined[list(points), :2] = lids
            depth = mesh[[points[0], points[8]], 2].mean()
            irises.append(np.column_stack((iris, np.full(len(iris), depth))))
        return np.concatenate((refined, *irises))

    def _find(
        self, image: Pixels, outer: NDArray[np.float64], inner: NDArray[np.float64], *, mirrored: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lids [16, 2] and iris [5, 2] of one eye; the network knows eyes whose outer corner is on the left."""
        left, right = (inner, outer) if mirrored else (outer, inner)
        across, centre = right - left, (left + right) / 2.0
        scale = _SIDE / (_MARGIN * max(float(np.abs(across).max()), 1.0))
        matrix = cv2.getRotationMatrix2D(
            (float(centre[0]), float(centre[1])), float(np.degrees(np.arctan2(across[1], across[0]))), scale
        )
        matrix[:, 2] += _SIDE / 2.0 - centre
        if mirrored:
            matrix[0] = -matrix[0]
            matrix[0, 2] += _SIDE
        crop = cv2.warpAffine(image, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE)
        self._network.setInput(network_input(crop / np.float32(255.0)))
        contours, iris = forward(self._network, _OUTPUTS)
        back = cv2.invertAffineTransform(matrix)
        lids, iris = contours.reshape(-1, 3)[: len(_LEFT), :2], iris.reshape(-1, 3)[:, :2]
        return lids @ back[:, :2].T + back[:, 2], iris @ back[:, :2].T + back[:, 2]
