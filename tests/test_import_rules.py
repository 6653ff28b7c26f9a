"""The rules of imports in pyproject.toml name every module that they are about, also one that is new."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOT_FOLDS = {"__init__", "__main__", "people_reader", "read_model", "recording_reader"}

PURE_PACKAGES = {"projections.replay"}


@pytest.fixture(scope="module")
def contracts() -> dict[str, dict[str, Any]]:
    """The contracts of import-linter by name."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {one["name"]: one for one in configuration["tool"]["importlinter"]["contracts"]}


def test_every_service_is_independent_of_the_others(contracts: dict[str, dict[str, Any]]) -> None:
    services = {f"services.{path.parent.name}" for path in (ROOT / "services").glob("*/__main__.py")}
    assert set(contracts["no service imports another"]["modules"]) == services


def test_every_fold_does_no_input_or_output(contracts: dict[str, dict[str, Any]]) -> None:
    folds = {f"projections.{path.stem}" for path in (ROOT / "projections").glob("*.py") if path.stem not in NOT_FOLDS}
    assert set(contracts["folds do no input or output"]["source_modules"]) == folds | PURE_PACKAGES


def test_the_render_service_may_import_of_photos_only_how_portraits_are_made(
    contracts: dict[str, dict[str, Any]],
) -> None:
    contract = contracts["the logic of a service imports no engine"]
    making = {"crop", "decoding", "face_detector", "portrait", "portrait_maker"}
    modules = {path.stem for path in (ROOT / "services/render/photo").glob("*.py")} - {"__init__"}
    photo = "services.render.photo."
    forbidden = {name.removeprefix(photo) for name in contract["forbidden_modules"] if name.startswith(photo)}
    assert forbidden == modules - making
