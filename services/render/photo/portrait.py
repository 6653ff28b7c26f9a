"""Portraits: faces cut out of photos, with their meshes; made, and stored under the hash of the photo."""

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bus.errors import ConfigurationError, NotFound
from bus.ids import PHOTO_LOOK, look_of
from services.render.photo.crop import SIDE, crop_with_blurred_border, portrait_square
from services.render.photo.decoding import Pixels, decode_photo
from services.render.photo.face_detector import DetectedFace, FaceDetector, Points
from services.render.photo.photo_warnings import photo_warnings

GRACE = 60.0
"""Seconds for which a new portrait is kept: its character may not be on record yet."""
_DAMAGES = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
"""What reading a damaged portrait raises."""
_LOOK = re.compile(PHOTO_LOOK + "[0-9a-f]{32}")


@dataclass(frozen=True)
class Portrait:
    look: str
    pixels: Pixels
    """The face, upright, [512, 512, 3], red green blue."""
    face: DetectedFace
    """Its mesh in these pixels."""

    @property
    def warning(self) -> str:
        """What will look wrong about the face, in words for the person; empty if nothing was seen."""
        return "; ".join(photo_warnings(self.pixels, self.face))

    @classmethod
    def from_bytes(cls, look: str, data: bytes) -> Portrait:
        """A portrait in the form of `to_bytes`.

        Raises:
            NotFound: it is damaged.
        """
        try:
            return cls._read(look, io.BytesIO(data))
        except _DAMAGES as error:
            raise NotFound(f"the portrait {look} is damaged; add its photo again") from error

    @classmethod
    def _read(cls, look: str, file: BinaryIO) -> Portrait:
        with np.load(file) as stored:
            mesh: Points = stored["mesh"]
            return cls(look, stored["pixels"], DetectedFace(mesh))

    def to_bytes(self) -> bytes:
        """The portrait as a file, NumPy's `npz`."""
        file = io.BytesIO()
        np.savez_compressed(file, pixels=self.pixels, mesh=self.face.mesh)
        return file.getvalue()


def portrait_from_photo(photo: bytes, detector: FaceDetector) -> Portrait:
    """Detect the face in a photo and cut it out.

    Raises:
        InvalidInput: the bytes are no picture, or it shows no face that can be animated; the detail says why.
    """
    pixels = decode_photo(photo)
    face = detector.detect(pixels)
    matrix = portrait_square(face).matrix(SIDE)
    mesh = face.mesh.copy()
    mesh[:, :2] = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    mesh[:, 2] *= np.hypot(*matrix[0, :2])
    return Portrait(look_of(photo), crop_with_blurred_border(pixels, matrix), DetectedFace(mesh))


class PortraitStore:
    """This machine's copies of portraits, in a folder; all portraits are assets on the log.

    Args:
        grace: seconds for which `keep_only` leaves new files alone.
    """

    def __init__(self, folder: Path, *, grace: float = GRACE) -> None:
        self.folder = folder
        self._grace = grace

    def is_missing(self, look: str) -> bool:
        """Whether this is the look of a photo whose portrait is not in the store."""
        return bool(_LOOK.fullmatch(look)) and not self._path(look).exists()

    def put(self, look: str, portrait: bytes) -> None:
        """Store a portrait in the form of `Portrait.to_bytes`.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        path = self._path(look)
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(portrait)
            part.replace(path)
        except OSError as error:
            raise ConfigurationError(f"the portrait cannot be kept in {self.folder}: {error.strerror}") from error

    def keep_only(self, looks: Collection[str]) -> None:
        """Delete all files of other looks: the face of a removed character must not remain on any machine."""
        for path in self.folder.glob(f"{PHOTO_LOOK}*"):
            with suppress(FileNotFoundError):  # another worker may delete them as well
                if path.name.split(".")[0] not in looks and time.time() - path.stat().st_mtime > self._grace:
                    path.unlink()

    def get(self, look: str) -> Portrait:
        """The portrait of a look.

        Raises:
            NotFound: it is missing, or was damaged and is deleted now.
        """
        if not _LOOK.fullmatch(look):
            raise NotFound(f"{look!r} is not the look of a photo")
        try:
            with self._path(look).open("rb") as file:
                return Portrait._read(look, file)
        except FileNotFoundError as error:
            raise NotFound(f"there is no portrait {look}; add its photo again") from error
        except _DAMAGES as error:
            self._path(look).unlink(missing_ok=True)
            raise NotFound(f"the portrait {look} in {self.folder} is damaged") from error

    def _path(self, look: str) -> Path:
        return self.folder / f"{look}.npz"
