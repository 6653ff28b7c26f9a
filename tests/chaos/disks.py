"""The disk of the log: a small one that can be filled, and copies of what is on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

Image: TypeAlias = Path
_SMALL = "1500m"
_BALLAST = ".ballast"


def copy(store: Path) -> Image:
    """Copy a store, perhaps while it is being written."""
    image = Path(tempfile.mkdtemp(prefix=f"{store.name}-", dir=store.parent))
    for child in store.iterdir():
        if child.is_dir():
            shutil.copytree(child, image / child.name, copy_function=_copy_what_is_there)
    return image


def put_back(image: Image, store: Path) -> None:
    """Put what was copied in the place of what is in a store now. The copy is gone then."""
    for child in image.iterdir():
        shutil.rmtree(store / child.name, ignore_errors=True)
        shutil.copytree(child, store / child.name)
    shutil.rmtree(image)


def _copy_what_is_there(source: str, target: str) -> str:
    with suppress(FileNotFoundError):
        return shutil.copy2(source, target)
    return target


@contextmanager
def small(folder: Path) -> Iterator[bool]:
    """Make a folder a small disk of its own while the context lasts; gives whether that was allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL}", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(store: Path) -> Iterator[None]:
    """Fill the disk of a store to its last byte while the context lasts."""
    ballast = store / _BALLAST
    with ballast.open("wb") as file:
        with suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(store).free)
        with suppress(OSError):
            while True:
                os.write(file.fileno(), bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()
