"""`visavis models`: lists the models of the catalogue, fetches, verifies and removes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

from msgspec.structs import replace

from bus.errors import InvalidInput, VisavisError
from bus.settings import Settings
from services.dialogue.local_model import files as local_model
from services.models.catalogue import CATALOGUE, MIND
from services.models.fetching import Fetcher, fetcher_of, folder_of
from services.models.files import Model
from services.models.loading import why_not_allowed
from services.models.progress import PrintProgress
from services.models.verification import missing_files, verify

GROUPS = ("set-up", "background", "all")
"""What `fetch` takes beside names: what `make up` fetches before the start, what services fetch by themselves, all."""

ASK_ABOVE = 4e9
"""Bytes above which `fetch` wants to be told so."""


def chosen(names: Sequence[str]) -> list[Model]:
    """The models that the names and groups stand for, each once, in the catalogue's order.

    Raises:
        InvalidInput: a name that is in no row of the catalogue.
    """
    known = {model.name for model in CATALOGUE} | set(GROUPS)
    for name in names:
        if name not in known:
            raise InvalidInput(f"there is no model {name!r}; there are {', '.join(model.name for model in CATALOGUE)}")
    return [one for one in CATALOGUE if one.name in names or one.fetching in names or "all" in names]


def show_list(settings: Settings, *, as_json: bool) -> int:
    """Print the catalogue: what each model is for, its size, its licence, and whether it is here."""
    rows = [_row(model, settings) for model in CATALOGUE]
    if as_json:
        print(json.dumps(rows, indent=2))
        return 0
    width = max(len(model.name) for model in CATALOGUE)
    print(f"{'NAME':{width}} {'PURPOSE':18} {'LANGUAGES':22} {'SIZE':>8}  {'STATE':8} LICENCE")
    for model, row in zip(CATALOGUE, rows, strict=True):
        languages = ", ".join(row["languages"]).replace("*", "many") or "any"
        licence = row["licence"] if row["allows"] == "any use" else f"{row['licence']}: {row['allows']}"
        size = size_of(model)
        print(f"{row['name']:{width}} {row['purpose']:18} {languages:22} {size:>8}  {row['state']:8} {licence}")
    return 0


def size_of(model: Model) -> str:
    """The size of a model for people; "~" before an approximate one."""
    return f"{'' if model.bytes else '~'}{megabytes(model.expected_bytes)}"


def megabytes(count: int) -> str:
    """A size for people; "?" where it is not known beforehand."""
    return f"{count / 1e6:.0f} MB" if count else "?"


class Row(TypedDict):
    """A model as `visavis models list --json` shows it."""

    name: str
    purpose: str
    languages: list[str]
    bytes: int
    state: str
    fetching: str
    licence: str
    allows: str
    publisher: str
    folder: str


def _row(model: Model, settings: Settings) -> Row:
    return {
        "name": model.name,
        "purpose": model.purpose,
        "languages": list(model.languages),
        "bytes": model.bytes,
        "state": state(model, settings),
        "fetching": model.fetching,
        "licence": model.licence.name,
        "allows": model.licence.allows,
        "publisher": model.publisher,
        "folder": str(folder_of(model, settings)),
    }


def state(model: Model, settings: Settings) -> str:
    """ "here", "missing", or "partly" where some of a model's files are there."""
    missing = missing_files(model.files, folder_of(model, settings))
    return "here" if not missing else "missing" if len(missing) == len(model.files) else "partly"


def fetch(settings: Settings, names: Sequence[str], *, yes: bool = False) -> int:
    """Fetch the models that are missing; returns 1 where one cannot be had, after the others.

    A group leaves out models whose terms nobody has accepted; by its name such a model is refused.

    Args:
        yes: fetch also more than `ASK_ABOVE` bytes in all; without it their size is said and nothing is fetched.
    """
    wanted = chosen(names)
    allowed = [model for model in wanted if why_not_allowed(model, settings) is None]
    missing = [model for model in allowed if state(model, settings) != "here"]
    total = sum(model.expected_bytes for model in missing)
    if total > ASK_ABOVE and not yes and settings.model_downloads == "on":
        for model in missing:
            _say(f"{model.name}: {size_of(model)}")
        count = f"{len(missing)} model{'s' * (len(missing) > 1)}"
        print(f"error: that is {total / 1e9:.1f} GB, {count}; add --yes to fetch them", file=sys.stderr)
        return 1
    failures = 0
    with fetcher_of(settings, report=_say) as fetcher:
        for model in wanted:
            reason = why_not_allowed(model, settings)
            if reason is None:
                failures += not _fetched(fetcher, model, settings)
            elif model.name in names:
                print(f"error: {reason}", file=sys.stderr)
                failures += 1
            else:
                _say(f"left out: {reason}")
    return min(failures, 1)


def _fetched(fetcher: Fetcher, model: Model, settings: Settings) -> bool:
    try:
        if missing_files(model.files, folder_of(model, settings)):
            _say(f"fetching {model.name} ({model.purpose}, {model.licence.name}, {size_of(model)})")
        fetcher.fetch(model, folder_of(model, settings), PrintProgress())
        if model is MIND and (obstacle := local_model.why_unavailable(replace(settings, llm_file=""))):
            _say(f"{model.name} is here, but {obstacle}")
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return False
    return True


def verify_files(settings: Settings, names: Sequence[str]) -> int:
    """Compare the files with their SHA-256; returns 1 where one differs or, asked for by name, is missing.

    Of a model that nobody asked for by name, the files that are here are compared.
    """
    failures = 0
    for model in chosen(names or ["all"]):
        folder = folder_of(model, settings)
        files = [one for one in model.files if model.name in names or (folder / one.path).exists()]
        if not files:
            continue
        try:
            for file in files:
                verify(file, folder)
            count, all_of_them = len(files), len(model.files)
            missing = f"; {all_of_them - count} of {all_of_them} missing" if count < all_of_them else ""
            print(f"{model.name}: {count} file{'s' * (count > 1)}, as published{missing}")
        except VisavisError as error:
            print(f"error: {model.name}: {error.detail}", file=sys.stderr)
            failures += 1
    return min(failures, 1)


def remove(settings: Settings, names: Sequence[str]) -> int:
    """Delete the files of models; other files in their folders stay."""
    for model in chosen(names):
        folder = folder_of(model, settings)
        freed = sum(_unlink(folder / path) for path in _paths(model))
        if folder != settings.models_folder and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        _say(f"{model.name}: {freed / 1e6:.0f} MB removed" if freed else f"{model.name} was not here")
    return 0


def _paths(model: Model) -> Iterable[str]:
    yield ".lock"
    for file in model.files:
        yield from (file.path, f"{file.path}.part", f"{file.path}.sha256")


def _unlink(path: Path) -> int:
    """Delete a file; returns its size, 0 where there is none."""
    if not path.exists():
        return 0
    size = path.stat().st_size
    path.unlink()
    return size


def _say(line: str) -> None:
    print(f"— {line}", file=sys.stderr, flush=True)
