"""The key poses of a portrait: which they are, and their pictures, drawn once by a better engine and then blended.

The pictures are stored beside the portrait, one file for each while they are drawn, and one for all when that is done.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

import cv2
import numpy as np

from bus.errors import ConfigurationError
from services.render.coarticulation import MOUTH_SHAPES
from services.render.emotions import EmotionBlend
from services.render.photo.crop import SIDE
from services.render.photo.decoding import Pixels
from services.render.pose import EMOTIONS, Pose

REST = "rest"
_QUALITY = 95
_OF_THE_HEAD = ("yaw", "pitch", "roll", "shoulders")
_PICTURES = re.compile(r"\.[0-9a-f]{8}\.(keys\.npz|[\w-]+\.jpg)")
_FORMAT = 1
"""Raise it whenever pictures that are stored could no longer be read, or would be used in another way."""


@cache
def key_poses() -> Mapping[str, Pose]:
    """The key poses by name: the face at rest, visemes, emotions, lids, glances and turns; each is one change of it."""
    emotions: dict[str, Pose] = {}
    for emotion in EMOTIONS[1:]:
        offsets = EmotionBlend(emotion, emotion, 1.0).offsets(0.0)
        emotions[emotion] = Pose().plus(**{name: one for name, one in offsets.items() if name not in _OF_THE_HEAD})
    return {
        REST: Pose(),
        **{f"viseme-{viseme}": Pose().plus(**shape) for viseme, shape in MOUTH_SHAPES.items() if shape},
        # Between visemes that are far apart, so that no two pictures are blended whose lips are in different places.
        "jaw-a-third": Pose(jaw=0.35),
        "jaw-two-thirds": Pose(jaw=0.65),
        "half-pressed": Pose(press=0.5),
        **emotions,
        "half-closed": Pose(lid_left=0.5, lid_right=0.5),
        "closed": Pose(lid_left=0.0, lid_right=0.0),
        "gaze-left": Pose(gaze_x=-1.0),
        "gaze-right": Pose(gaze_x=1.0),
        "gaze-up": Pose(gaze_y=-1.0),
        "gaze-down": Pose(gaze_y=1.0),
        "turned-left": Pose(yaw=-12.0),
        "turned-right": Pose(yaw=12.0),
        "head-up": Pose(pitch=-10.0),
        "head-down": Pose(pitch=10.0),
    }


def key_poses_version() -> str:
    """Changes whenever other pictures would be drawn."""
    return blake2b(f"{_FORMAT}{key_poses()}".encode(), digest_size=4).hexdigest()


class KeyPictureStore:
    """The pictures of key poses, in the folder of the portraits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_whole(self, look: str) -> bool:
        """Whether the file of all pictures of a look is there; it may still be damaged."""
        return self._path(look).exists()

    def drawn(self, look: str) -> set[str]:
        """Names of the pictures that are there one by one."""
        found = set()
        for path in self._folder.glob(f"{look}.{key_poses_version()}.*.jpg"):
            if _decoded(path.read_bytes()) is not None:  # else the machine went down while it was written
                found.add(path.name.split(".")[2])
        return found & set(key_poses())

    def add(self, look: str, name: str, picture: Pixels) -> None:
        """Store one picture.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        self._write(self._one(look, name), _encoded(picture))

    def join(self, look: str) -> None:
        """Make one file of all pictures of a look, and remove those that are there one by one.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        file = io.BytesIO()
        arrays = {name: np.frombuffer(self._one(look, name).read_bytes(), np.uint8) for name in key_poses()}
        np.savez(file, version=np.array(key_poses_version()), **arrays)  # type: ignore[arg-type]
        self.put(look, file.getvalue())

    def put(self, look: str, pictures: bytes) -> None:
        """Store what `read` gave on another machine.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        self._write(self._path(look), pictures)
        for path in self._folder.glob(f"{look}.????????.*"):  # one by one, or of an earlier version
            is_picture = _PICTURES.fullmatch(path.name.removeprefix(look))
            if is_picture and path != self._path(look):
                path.unlink(missing_ok=True)

    def read(self, look: str) -> bytes:
        """The file of all pictures of a look. Raises: OSError."""
        return self._path(look).read_bytes()

    def get(self, look: str) -> Mapping[str, Pixels] | None:
        """All pictures of a look by name, [512, 512, 3]; None: they are not there, or are damaged and deleted now."""
        try:
            return decoded_pictures(self.read(look))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            with suppress(OSError):
                self._path(look).unlink(missing_ok=True)
            return None

    def _path(self, look: str) -> Path:
        return self._folder / f"{look}.{key_poses_version()}.keys.npz"

    def _one(self, look: str, name: str) -> Path:
        return self._folder / f"{look}.{key_poses_version()}.{name}.jpg"

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def decoded_pictures(pictures: bytes) -> Mapping[str, Pixels]:
    """The pictures of a file by name.

    Raises:
        ValueError, KeyError, EOFError, BadZipFile: it is damaged, or of other key poses.
    """
    with np.load(io.BytesIO(pictures)) as stored:
        if str(stored["version"]) != key_poses_version():
            raise ValueError("pictures of other key poses")
        found = {}
        for name in key_poses():
            picture = _decoded(stored[name].tobytes())
            if picture is None:
                raise ValueError(f"the picture {name} is damaged")
            found[name] = picture
        return found


def _encoded(picture: Pixels) -> bytes:
    encoded, data = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    assert encoded
    return data.tobytes()


def _decoded(data: bytes) -> Pixels | None:
    if not data.endswith(b"\xff\xd9"):  # OpenCV fills up what is missing
        return None
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    return None if picture is None or picture.shape != (SIDE, SIDE, 3) else np.asarray(picture, np.uint8)
