"""A photo made ready to speak: its face cut out and measured, kept under the hash of what it was made from."""

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

import numpy as np

from bus.errors import ConfigurationError, NotFound
from bus.ids import PHOTO_LOOK, look_of
from services.render.photo import picture as pictures
from services.render.photo.crop import SIDE, face_frame, surrounded
from services.render.photo.face import Face, FaceFinder, Points
from services.render.photo.picture import Pixels

_YOUNG = 60.0
"""Seconds for which what is new stays: its character may just be in the making."""
_NAME = re.compile(PHOTO_LOOK + "[0-9a-f]{32}")


@dataclass(frozen=True)
class Portrait:
    look: str
    pixels: Pixels
    """The face, upright, [512, 512, 3], red green blue."""
    face: Face
    """Its mesh in these pixels."""

    def bytes(self) -> bytes:
        """The form it is kept in."""
        stored = io.BytesIO()
        np.savez_compressed(stored, pixels=self.pixels, mesh=self.face.mesh)
        return stored.getvalue()


def prepare(photo: bytes, finder: FaceFinder) -> Portrait:
    """Find the face in the bytes of a photo and cut it out.

    Raises:
        InvalidInput: it is no picture, or shows no face that can be made to speak; says why.
    """
    pixels = pictures.read(photo)
    face = finder.find(pixels)
    matrix = face_frame(face).matrix(SIDE)
    mesh = face.mesh.copy()
    mesh[:, :2] = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    mesh[:, 2] *= np.hypot(*matrix[0, :2])
    return Portrait(look_of(photo), surrounded(pixels, matrix), Face(mesh))


class Portraits:
    """The portraits that are at hand here, in a folder; all of them are assets on the log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lacks(self, look: str) -> bool:
        """Whether it is the look of a photo whose portrait is not at hand."""
        return bool(_NAME.fullmatch(look)) and not self._path(look).exists()

    def keep(self, look: str, portrait: bytes) -> None:
        """Have a portrait at hand, in the form that `Portrait.bytes` gave it.

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

    def forget_others(self, looks: Collection[str]) -> None:
        """Delete what is at hand of all other looks: nobody is to be seen any more whose face was removed."""
        for path in self.folder.glob(f"{PHOTO_LOOK}*"):
            with suppress(FileNotFoundError):  # others may tidy up as well
                if path.name.split(".")[0] not in looks and time.time() - path.stat().st_mtime > _YOUNG:
                    path.unlink()

    def get(self, look: str) -> Portrait:
        """The portrait of a look.

        Raises:
            NotFound: there is none here, or it was damaged, and is gone now.
        """
        if not _NAME.fullmatch(look):
            raise NotFound(f"{look!r} is not the look of a photo")
        try:
            with self._path(look).open("rb") as opened, np.load(opened) as stored:
                mesh: Points = stored["mesh"]
                return Portrait(look, stored["pixels"], Face(mesh))
        except FileNotFoundError as error:
            raise NotFound(f"there is no portrait {look}; add its photo again") from error
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            self._path(look).unlink(missing_ok=True)
            raise NotFound(f"the portrait {look} in {self.folder} is damaged") from error

    def _path(self, look: str) -> Path:
        return self.folder / f"{look}.npz"
