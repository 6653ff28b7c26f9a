"""The rules of imports in pyproject.toml name every module that they are about, also one that is new."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bus.log.assets import Assets
from bus.log.event_log import EventLog
from bus.log.log_store import LogStore

ROOT = Path(__file__).parents[1]
NOT_FOLDS = {
    "__init__", "__main__", "access_reader", "finding", "moment", "people_reader", "read_model", "read_model_builder",
    "read_model_queries", "read_model_tables", "readable", "rebuilding", "recording_reader", "states",
    "stream_reader",
}  # fmt: skip
WITHOUT_SIDE_EFFECTS = ("projections", "services/gateway/replaying", "visavis/replay")
"""Folds and replays: what only looks at the log."""

PURE_PACKAGES = {
    "projections.replay",
    *(f"projections.analytics.{name}" for name in ("conversation_rows", "delivery_rows", "tables", "turn_rows")),
}


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
    making = {
        "crop", "decoding", "eye_finder", "eye_layers", "face_detector", "key_poses", "networks", "photo_warnings",
        "portrait", "portrait_maker",
    }  # fmt: skip
    modules = {path.stem for path in (ROOT / "services/render/photo").glob("*.py")} - {"__init__"}
    photo = "services.render.photo."
    forbidden = {name.removeprefix(photo) for name in contract["forbidden_modules"] if name.startswith(photo)}
    assert forbidden == modules - making


def test_nothing_that_folds_or_replays_the_log_publishes() -> None:
    methods = {name for kind in (EventLog, LogStore, Assets) for name, one in vars(kind).items() if callable(one)}
    writing = {
        "append", "append_fenced", "append_copy", "append_character", "append_link", "append_delivery", "append_inbox",
        "queue_delivery", "publish", "publish_core", "publish_media", "publish_live", "publish_dead_letter", "requeue",
        "append_copied_bytes", "append_access", "claim", "delete_message", "put", "remove",
    }  # fmt: skip
    beginnings = ("append", "publish", "queue_", "delete", "put", "remove")
    assert {name for name in methods if name.startswith(beginnings)} <= writing
    found = []
    for folder in WITHOUT_SIDE_EFFECTS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                of = ast.unparse(node.func.value).rpartition(".")[2].lstrip("_")
                if of in ("event_log", "log_store", "assets", "js", "nc") and node.func.attr in writing:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node.func)}")
    assert found == []
