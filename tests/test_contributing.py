"""CONTRIBUTING.md is one page, and what it says of services and import rules is so."""

from __future__ import annotations

import importlib
import re
from operator import attrgetter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
TEXT = PAGE.read_text()
WITH_ENGINES = ("stt", "dialogue", "tts", "render")


def test_the_files_that_every_service_is_said_to_have_are_there() -> None:
    for name in ("service.py", "engine.py", "__main__.py"):
        assert f"`{name}`" in TEXT
        assert [one for one in WITH_ENGINES if not (ROOT / "services" / one / name).is_file()] == []


@pytest.mark.parametrize(
    ("module", "names"),
    [
        *((f"services.{one}.__main__", ["ENGINES"]) for one in WITH_ENGINES),
        ("services.channels.accounts", ["CHANNELS"]),
        ("projections.read_model", ["VERSION"]),
        ("bus.work.service", ["Reader.facts"]),
    ],
)
def test_the_symbols_that_it_names_are_there(module: str, names: list[str]) -> None:
    for name in names:
        assert f"`{name}`" in TEXT
        attrgetter(name)(importlib.import_module(module))


def test_the_import_rules_it_names_are_in_force() -> None:
    rules = re.findall(r'import rule\s+"([^"]+)"', TEXT)
    assert len(rules) == 2
    configured = (ROOT / "pyproject.toml").read_text()
    assert [rule for rule in rules if f'name = "{" ".join(rule.split())}"' not in configured] == []


def test_it_is_one_page() -> None:
    assert len(TEXT.splitlines()) <= 100
