"""CONTRIBUTING.md is one page, and what it says of services and import rules is so."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
TEXT = PAGE.read_text()
WITH_ENGINES = ("stt", "dialogue", "tts", "render")


def test_the_files_that_every_service_is_said_to_have_are_there() -> None:
    for name in ("service.py", "engine.py", "__main__.py"):
        assert f"`{name}`" in TEXT
        assert [one for one in WITH_ENGINES if not (ROOT / "services" / one / name).is_file()] == []


def test_the_import_rules_it_names_are_in_force() -> None:
    rules = re.findall(r'import rule\s+"([^"]+)"', TEXT)
    assert len(rules) == 2
    configured = (ROOT / "pyproject.toml").read_text()
    assert [rule for rule in rules if f'name = "{" ".join(rule.split())}"' not in configured] == []


def test_it_is_one_page() -> None:
    assert len(TEXT.splitlines()) <= 100
