"""docs/architecture.md names the engines that there are, in their order of preference."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
ROW = re.compile(r"^\| (\w+) \| `([^`]+)` \|", re.MULTILINE)


@pytest.mark.parametrize("service", ["stt", "dialogue", "tts", "render"])
def test_the_table_of_engines_is_that_of_the_service(service: str) -> None:
    options = importlib.import_module(f"services.{service}.__main__").ENGINES
    listed = [engine for name, engine in ROW.findall(PAGE.read_text()) if name == service]
    assert listed == [option.name for option in options]
