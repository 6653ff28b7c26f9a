"""CONTRIBUTING.md is one page, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
TEXT = PAGE.read_text()
WITH_ENGINES = ("stt", "dialogue", "tts", "render")
_PATH = re.compile(r"^\.?[\w.-]+(/[\w.-]*)+$|^[\w.-]+\.(toml|txt|md)$")


def paths(text: str) -> list[str]:
    """The paths that a page names in backticks, from the root of the repository."""
    return [quoted for quoted in re.findall(r"`([^`\n]+)`", text) if _PATH.match(quoted)]


def missing(text: str) -> list[str]:
    return [path for path in paths(text) if not (ROOT / path).exists()]


def test_every_path_named_is_there() -> None:
    assert len(paths(TEXT)) >= 30
    assert missing(TEXT) == [], "CONTRIBUTING.md names files that have moved: put their new paths there"


def test_a_path_that_is_gone_is_noticed() -> None:
    text = (
        "`bus/events.py`, `bus/gone.py`, `bus/`, `nowhere/`, `pyproject.toml`, `gone.toml`, `kill -STOP 1`, `/healthz`"
    )
    assert missing(text) == ["bus/gone.py", "nowhere/", "gone.toml"]


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
