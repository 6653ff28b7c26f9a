"""A photo made ready to speak: its face cut out and measured, kept under the hash of what it was made from."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from bus.errors import ConfigurationError, NotFound
from services.render.photo import picture as pictures
from services.render.photo.crop import SIDE, cut, face_frame
from services.render.photo.face import Face, FaceFinder, Points
from services.render.photo.picture import Pixels

LOOK = "photo-"
"""What the look of a character from a photo begins with."""
_NAME = re.compile(LOOK + "[0-9a-f]{32}")


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


def look_of(photo: bytes) -> str:
    """The look that this photo makes: the same photo, the same look."""
    return LOOK + blake2b(photo, digest_size=16).hexdigest()


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
    return Portrait(look_of(photo), cut(pixels, matrix), Face(mesh))


class Portraits:
    """All portraits, in a folder that the render services share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, portrait: Portrait) -> None:
        """Keep it; one that is kept already stays.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        path = self._path(portrait.look)
        if path.exists():
            return
        part = path.with_suffix(".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(portrait.bytes())
            part.replace(path)
        except OSError as error:
            raise ConfigurationError(f"the portrait cannot be kept in {self.folder}: {error.strerror}") from error

    def get(self, look: str) -> Portrait:
        """The portrait of a look.

        Raises:
            NotFound: there is none here, or what is here cannot be read.
        """
        if not _NAME.fullmatch(look):
            raise NotFound(f"{look!r} is not the look of a photo")
        try:
            with self._path(look).open("rb") as opened, np.load(opened) as stored:
                mesh: Points = stored["mesh"]
                return Portrait(look, stored["pixels"], Face(mesh))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise NotFound(f"the portrait {look} is not in {self.folder} or damaged; add its photo again") from error

    def _path(self, look: str) -> Path:
        return self.folder / f"{look}.npz"
