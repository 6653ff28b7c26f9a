"""Recordings to clone a voice from, and a cache of the latents that a model computes from them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from bus.errors import InvalidInput

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".webm")
MIN_SECONDS = 6.0
"""Shortest usable recording."""
MAX_SECONDS = 30.0
"""Only the beginning of a longer recording is used; more does not improve the voice."""


def find_sample(folder: Path, name: str) -> Path | None:
    """The recording of a name, with or without its suffix; None if there is none or the name contains a folder."""
    if not name or Path(name).name != name:
        return None
    paths = [folder / name, *(folder / f"{name}{suffix}" for suffix in SUFFIXES)]
    return next((path for path in paths if path.suffix.lower() in SUFFIXES and path.is_file()), None)


def read_sample(path: Path, rate: int) -> npt.NDArray[np.float32]:
    """The first 30 s of a recording, mono, -1 to 1.

    Raises:
        InvalidInput: the file is no recording, or shorter than 6 s.
    """
    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler("flt", "mono", rate)
            blocks: list[npt.NDArray[np.float32]] = []
            for frame in container.decode(audio=0):
                blocks += [_floats(resampled) for resampled in resampler.resample(frame)]
                if sum(map(len, blocks)) >= MAX_SECONDS * rate:
                    break
            blocks += [_floats(resampled) for resampled in resampler.resample(None)]
    except (av.FFmpegError, IndexError, OSError) as error:
        raise InvalidInput(f"{path.name} is no recording that can be read: {error}") from error
    sound = np.concatenate(blocks)[: round(MAX_SECONDS * rate)] if blocks else np.zeros(0, np.float32)
    if (seconds := len(sound) / rate) < MIN_SECONDS:
        raise InvalidInput(f"{path.name}: expected at least {MIN_SECONDS:g} s of a voice, got {seconds:.1f} s")
    return sound


def _floats(frame: av.AudioFrame) -> npt.NDArray[np.float32]:
    return frame.to_ndarray().reshape(-1).astype(np.float32)


class LatentsCache:
    """Arrays on disk, by a hash of their source. A damaged file counts as missing.

    Args:
        folder: created by the first `put`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def key(*parts: bytes) -> str:
        digest = hashlib.sha256()
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def get(self, key: str) -> dict[str, npt.NDArray[np.float32]] | None:
        try:
            with np.load(self._path(key), allow_pickle=False) as found:
                return {name: found[name] for name in found.files}
        except (OSError, ValueError, EOFError):
            return None

    def put(self, key: str, arrays: dict[str, npt.NDArray[np.float32]]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # its stubs mistake the names for its own options
        Path(name).replace(self._path(key))

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.npz"
