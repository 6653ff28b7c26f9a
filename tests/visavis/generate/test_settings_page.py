"""The page of settings is what the program takes."""

from __future__ import annotations

import importlib
from pathlib import Path

import msgspec
import pytest

from bus.errors import ConfigurationError
from bus.process.engines import choose_engine
from bus.settings import Settings, read_settings
from visavis.generate import settings_page
from visavis.generate.settings_page import engines_of, main, page, variable_of


def row(name: str) -> list[str]:
    """The cells of the one row of the first table that is about this variable."""
    rows = [line for line in page().split("## Engines")[0].splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, name
    return [cell.strip() for cell in rows[0].strip("|").split("|")]


def test_the_page_is_current() -> None:
    assert main(["--check"]) == 0


@pytest.mark.parametrize("field", [field.name for field in msgspec.structs.fields(Settings)])
def test_every_setting_is_on_the_page_and_says_what_it_sets(field: str) -> None:
    assert row(variable_of(field))[3]


def test_defaults_and_ranges_are_told() -> None:
    assert row("VISAVIS_PORT")[1:3] == ["`8080`", "1 to 65535"]
    assert row("VISAVIS_VIDEO_SIZE")[1:3] == ["`512`", "128 to 1024, a multiple of 16"]
    assert row("VISAVIS_AUDIO_BYTES")[1:3] == ["`4294967296` (4 GiB)", "1048576 (1 MiB) or more"]
    assert row("VISAVIS_NATS_URL")[1:3] == ["empty", "text"]


def test_the_ranges_told_are_the_ranges_taken() -> None:
    assert read_settings({"VISAVIS_VIDEO_SIZE": "1024"}).video_size == 1024
    for wrong in ("112", "1040", "500"):
        with pytest.raises(ConfigurationError, match="VISAVIS_VIDEO_SIZE"):
            read_settings({"VISAVIS_VIDEO_SIZE": wrong})


@pytest.mark.parametrize("service", ["stt", "dialogue", "tts", "render"])
def test_engines_are_those_that_the_service_knows(service: str) -> None:
    table = importlib.import_module(f"services.{service}.__main__").ENGINES
    names = ", ".join(engines_of(service))
    with pytest.raises(ConfigurationError, match="must be auto or one of") as refused:
        choose_engine(table, "no such engine", Settings(), setting="X")
    assert names in refused.value.detail


def test_a_page_that_is_behind_is_told_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings_page, "TARGET", tmp_path / "settings.md")
    assert main(["--check"]) == 1
    assert "is not current" in capsys.readouterr().err
    assert (main([]), main(["--check"])) == (0, 0)
